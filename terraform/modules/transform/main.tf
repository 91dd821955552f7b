# The function that Firehose calls for each batch: checks and flattens an event, and names its partition.
#
# Firehose calls the alias `live`, which points to a published version: a deployment moves the alias, no call sees half of
# it, the stream stays as it is, and going back is one version number.

################################################################################
# Logs
################################################################################

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

################################################################################
# Role
################################################################################

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
    Statement = [{
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    }]
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

  environment {
    variables = merge(
      { MAX_FUTURE_SKEW_HOURS = tostring(var.accepted_window.max_future_skew_hours) },
      var.accepted_window.earliest_event_date == null ? {} : { EARLIEST_EVENT_DATE = var.accepted_window.earliest_event_date },
      var.accepted_window.max_event_age_days == null ? {} : { MAX_EVENT_AGE_DAYS = tostring(var.accepted_window.max_event_age_days) },
    )
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
