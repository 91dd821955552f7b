# The function that Firehose calls for each batch: checks and flattens an event, and names its partition.
#
# Firehose calls the alias `live`, which points to a published version: a deployment moves the alias, no call sees half of
# it, the stream stays as it is, and going back is one version number.

################################################################################
# Schema
################################################################################

locals {
  # What the function names for each record, spelled as in the schema that its zip carries.
  partition_keys = [for field in jsondecode(file(var.schema_file)).fields : field.output if try(field.partition_key, false)]
}

################################################################################
# Logs
################################################################################

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

################################################################################
# Role
################################################################################

# No aws:SourceAccount or aws:SourceArn here: no AWS page says that Lambda sends them when it assumes a function's role,
# and a function belongs to the account of its role in any case (iam:PassRole does not cross accounts). Nor
# lambda:SourceFunctionArn below: it is not there when Lambda itself writes the log (Lambda developer guide, "Working with
# Lambda execution environment credentials").
resource "aws_iam_role" "this" {
  name        = var.name
  description = "Runs the transform ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "write-logs"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this.arn}:*"
      }],
      # X-Ray knows no resources to name (Service Authorization Reference, "AWS X-Ray").
      [for mode in var.tracing ? ["Active"] : [] : {
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      }],
    )
  })
}

################################################################################
# Function
################################################################################

resource "aws_lambda_function" "this" {
  function_name = var.name
  description   = "Flattens user events and names their partition"
  role          = aws_iam_role.this.arn
  publish       = true

  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  handler                        = "transform.handler.handler"
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  memory_size                    = var.memory_mib
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = merge(
      { MAX_FUTURE_SKEW_HOURS = tostring(var.accepted_window.max_future_skew_hours) },
      var.accepted_window.earliest_event_date == null ? {} : { EARLIEST_EVENT_DATE = var.accepted_window.earliest_event_date },
      var.accepted_window.max_event_age_days == null ? {} : { MAX_EVENT_AGE_DAYS = tostring(var.accepted_window.max_event_age_days) },
    )
  }

  # Left out unless asked for: what is left out is Lambda's default, and stays out of every plan.
  dynamic "tracing_config" {
    for_each = var.tracing ? ["Active"] : []

    content {
      mode = tracing_config.value
    }
  }

  dynamic "logging_config" {
    for_each = var.log_format == "Text" ? [] : [var.log_format]

    content {
      log_format = logging_config.value
      log_group  = aws_cloudwatch_log_group.this.name
    }
  }

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}

################################################################################
# Alias
################################################################################

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What Firehose calls"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}
