# What tells people that data is late, lost or about to be: alarms, where they are sent, a runbook for each, a dashboard.
#
# What each alarm watches stands in alarms.tf, as a table; the dashboard's drawing in dashboard.tf. Two things have no
# metric of AWS: the state of the stream, and objects in the error area. A small function, the probe, looks at both on a
# schedule. KMS and role trouble has none either: metric filters find it in the delivery log.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

################################################################################
# Names
################################################################################

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
  arn_suffix = "${local.region}:${local.account}"

  # Metrics that this module makes; the transform's own are in UserEvents/Transform (transform/report.py).
  namespace = "UserEvents/Monitoring"

  # A name and not a reference: a function's policy is put before the topics exist.
  alarm_arn_pattern = "arn:${local.partition}:cloudwatch:${local.arn_suffix}:alarm:${var.name}-*"
  bucket_arn        = "arn:${local.partition}:s3:::${var.bucket}"

  slack = var.slack == null ? {} : { slack = var.slack }

  assume_as_lambda = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  }
}

################################################################################
# Notifications
################################################################################

locals {
  severities = {
    urgent = "Data is late, lost or about to be"
    notice = "Something to look at in working hours"
  }

  emails = merge(
    { for address in var.emails.urgent : "urgent ${address}" => { severity = "urgent", address = address } },
    { for address in var.emails.notice : "notice ${address}" => { severity = "notice", address = address } },
  )
}

resource "aws_sns_topic" "alarms" {
  for_each = local.severities

  name              = "${var.name}-${each.key}"
  display_name      = "${each.value} (${var.name})"
  kms_master_key_id = var.kms_key_arn
}

# CloudWatch user guide, "Notifying users on alarm changes": who publishes is the service, on behalf of this account's
# alarms. The owner's own rights come from IAM.
resource "aws_sns_topic_policy" "alarms" {
  for_each = aws_sns_topic.alarms

  arn = each.value.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = each.value.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = local.alarm_arn_pattern }
        }
      },
      {
        Sid       = "TlsAlone"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.emails

  topic_arn = aws_sns_topic.alarms[each.value.severity].arn
  protocol  = "email"
  endpoint  = each.value.address
}

################################################################################
# Slack
################################################################################

# No aws_secretsmanager_secret_version: its value would be in the state as text. A prefix, because a destroyed secret
# keeps its name until its recovery days are over.
resource "aws_secretsmanager_secret" "webhook" {
  for_each = { for key, slack in local.slack : key => slack if slack.secret_arn == null }

  name_prefix             = "${var.name}-slack-webhook-"
  description             = "URL of the Slack webhook that ${var.name}'s alarms are written to; its value is put by hand"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = each.value.secret_recovery_days
}

# What could not be delivered to Slack, kept for two weeks: SNS puts here what it cannot hand to the function, Lambda
# what the function could not send after its retries.
resource "aws_sqs_queue" "undelivered" {
  for_each = local.slack

  name                      = "${var.name}-alarms-undelivered"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.kms_key_arn
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null

  # Here and not in a resource of its own, for whose existence the provider waits half a minute more.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TopicsLeaveWhatTheyCannotDeliver"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:${local.partition}:sqs:${local.arn_suffix}:${var.name}-alarms-undelivered"
      Condition = { ArnEquals = { "aws:SourceArn" = [for topic in aws_sns_topic.alarms : topic.arn] } }
    }]
  })
}

resource "aws_cloudwatch_log_group" "slack" {
  for_each = local.slack

  name              = "/aws/lambda/${var.name}-slack"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_iam_role" "slack" {
  for_each = local.slack

  name               = "${var.name}-slack"
  description        = "Writes alarms of ${var.name} to Slack"
  assume_role_policy = jsonencode(local.assume_as_lambda)
}

locals {
  secret_arns = { for key, slack in local.slack : key => slack.secret_arn == null ? aws_secretsmanager_secret.webhook[key].arn : slack.secret_arn }
  secret_keys = { for key, slack in local.slack : key => slack.secret_arn == null ? var.kms_key_arn : slack.secret_kms_key_arn }
}

resource "aws_iam_role_policy" "slack" {
  for_each = local.slack

  name = "read-webhook"
  role = aws_iam_role.slack[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "ReadWebhook"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = local.secret_arns[each.key]
      },
      {
        Sid      = "KeepWhatCouldNotBeSent"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = aws_sqs_queue.undelivered[each.key].arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.slack[each.key].arn}:*"
      },
      ], local.secret_keys[each.key] == null ? [] : [{
        Sid       = "DecryptWebhook"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = local.secret_keys[each.key]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
        }], var.kms_key_arn == null ? [] : [{
        Sid       = "EncryptWhatCouldNotBeSent"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.kms_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.amazonaws.com" } }
    }])
  })
}

resource "aws_lambda_function" "slack" {
  for_each = local.slack

  function_name = "${var.name}-slack"
  description   = "Writes alarms of ${var.name} to Slack"
  role          = aws_iam_role.slack[each.key].arn

  filename         = var.packages.slack
  source_code_hash = filebase64sha256(var.packages.slack)
  handler          = "slack.handler.handler"
  runtime          = var.lambda_runtime
  architectures    = [var.lambda_architecture]
  memory_size      = 128
  timeout          = 30

  environment {
    variables = { WEBHOOK_SECRET_ARN = local.secret_arns[each.key] }
  }

  depends_on = [aws_cloudwatch_log_group.slack, aws_iam_role_policy.slack]
}

# SNS calls asynchronously. After Lambda's own two retries the event goes to the queue, with what went wrong.
resource "aws_lambda_function_event_invoke_config" "slack" {
  for_each = local.slack

  function_name                = aws_lambda_function.slack[each.key].function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.undelivered[each.key].arn
    }
  }
}

resource "aws_lambda_permission" "slack" {
  for_each = { for severity, topic in aws_sns_topic.alarms : severity => topic if var.slack != null }

  statement_id   = "${each.key}-alarms"
  function_name  = aws_lambda_function.slack["slack"].function_name
  action         = "lambda:InvokeFunction"
  principal      = "sns.amazonaws.com"
  source_arn     = each.value.arn
  source_account = local.account
}

resource "aws_sns_topic_subscription" "slack" {
  for_each = { for severity, topic in aws_sns_topic.alarms : severity => topic if var.slack != null }

  topic_arn      = each.value.arn
  protocol       = "lambda"
  endpoint       = aws_lambda_function.slack["slack"].arn
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.undelivered["slack"].arn })

  depends_on = [aws_lambda_permission.slack]
}

################################################################################
# Probe
################################################################################

resource "aws_cloudwatch_log_group" "probe" {
  name              = "/aws/lambda/${var.name}-probe"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_iam_role" "probe" {
  name               = "${var.name}-probe"
  description        = "Looks at the state of the stream ${var.stream_name} and at its error objects"
  assume_role_policy = jsonencode(local.assume_as_lambda)
}

resource "aws_iam_role_policy" "probe" {
  name = "look-and-measure"
  role = aws_iam_role.probe.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "DescribeStream"
        Effect   = "Allow"
        Action   = ["firehose:DescribeDeliveryStream"]
        Resource = "arn:${local.partition}:firehose:${local.arn_suffix}:deliverystream/${var.stream_name}"
      },
      {
        Sid       = "ListErrorObjects"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = local.bucket_arn
        Condition = { StringLike = { "s3:prefix" = "${var.error_prefix}*" } }
      },
      {
        # PutMetricData knows no resources; the namespace is what can be narrowed (Service Authorization Reference,
        # "Actions, resources, and condition keys for Amazon CloudWatch").
        Sid       = "PutMetrics"
        Effect    = "Allow"
        Action    = ["cloudwatch:PutMetricData"]
        Resource  = "*"
        Condition = { StringEquals = { "cloudwatch:namespace" = local.namespace } }
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.probe.arn}:*"
      },
    ]
  })
}

resource "aws_lambda_function" "probe" {
  function_name = "${var.name}-probe"
  description   = "Puts metrics of what has none: state of the stream, error objects"
  role          = aws_iam_role.probe.arn

  filename         = var.packages.probe
  source_code_hash = filebase64sha256(var.packages.probe)
  handler          = "probe.handler.handler"
  runtime          = var.lambda_runtime
  architectures    = [var.lambda_architecture]
  memory_size      = 128
  timeout          = 60

  environment {
    variables = {
      STREAM_NAME   = var.stream_name
      BUCKET        = var.bucket
      ERROR_PREFIX  = var.error_prefix
      LOOKBACK_DAYS = tostring(var.error_lookback_days)
      # Three times the schedule: one or two missed looks leave no gap, and looks that overlap count nothing twice,
      # because the alarm takes the highest of them.
      WINDOW_MINUTES = tostring(3 * var.probe_minutes)
      NAMESPACE      = local.namespace
    }
  }

  depends_on = [aws_cloudwatch_log_group.probe, aws_iam_role_policy.probe]
}

resource "aws_iam_role" "schedule" {
  name        = "${var.name}-schedule"
  description = "Calls the probe of ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Of a schedule Scheduler's user guide ("Confused deputy prevention") allows the group as source, not the schedule.
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account
          "aws:SourceArn"     = "arn:${local.partition}:scheduler:${local.arn_suffix}:schedule-group/default"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "call-probe"
  role = aws_iam_role.schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "CallProbe"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = aws_lambda_function.probe.arn
    }]
  })
}

# A look that was missed is not made up for: the next one sees as much. Hence no retries and no queue of failures; a
# probe that does not run is seen by the alarm on the stream's state, for which no data is bad data.
resource "aws_scheduler_schedule" "probe" {
  name                = "${var.name}-probe"
  description         = "Looks at the stream ${var.stream_name} and its error objects"
  schedule_expression = "rate(${var.probe_minutes} ${var.probe_minutes == 1 ? "minute" : "minutes"})"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.probe.arn
    role_arn = aws_iam_role.schedule.arn

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}

################################################################################
# Log metrics
################################################################################

# Firehose developer guide, "Monitor Amazon Data Firehose Using CloudWatch Logs", lists the codes. It also says that the
# log is sampled when many deliveries fail: the filters tell that something is wrong, not how often.
locals {
  log_filters = {
    DeliveryErrors = "{ $.errorCode = \"*\" }"
    AccessErrors = format("{ %s }", join(" || ", [for code in [
      "*AccessDenied*",          # S3.AccessDenied, Lambda.AssumeRoleAccessDenied, Lambda.InvokeAccessDenied
      "S3.KMS.*",                # S3.KMS.NotFoundException, S3.KMS.RequestLimitExceeded
      "S3.NoSuchBucket",         #
      "S3.MethodNotAllowed",     # the bucket's policy
      "S3.AccountProblem",       #
      "S3.AllAccessDisabled",    #
      "Lambda.ResourceNotFound", #
    ] : "($.errorCode = \"${code}\")"]))
  }
}

resource "aws_cloudwatch_log_metric_filter" "delivery" {
  for_each = local.log_filters

  name           = "${var.name}-${each.key}"
  log_group_name = var.delivery_log_group
  pattern        = each.value

  metric_transformation {
    namespace = local.namespace
    # A filter's metric gets its dimensions from fields of the line, and the line has the stream's ARN alone. So the
    # stream is in the metric's name.
    name  = "${each.key}-${var.stream_name}"
    value = "1"
    # No default_value: lines without a match would be data points of 0, and a silent log is no news.
  }
}

################################################################################
# Alarms
################################################################################

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = "${each.value.says} Runbook: ${var.runbook_base_url}/${try(each.value.runbook, each.key)}.md"

  comparison_operator = try(each.value.compare, "GreaterThanOrEqualToThreshold")
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = try(each.value.datapoints, each.value.periods)
  treat_missing_data  = each.value.missing

  # One metric as it is, or an expression over several.
  namespace          = try(each.value.metric.namespace, null)
  metric_name        = try(each.value.metric.name, null)
  dimensions         = try(each.value.metric.dimensions, null)
  period             = try(each.value.metric.name, null) == null ? null : each.value.period
  statistic          = try(startswith(each.value.metric.stat, "p"), true) ? null : each.value.metric.stat
  extended_statistic = try(startswith(each.value.metric.stat, "p"), false) ? each.value.metric.stat : null

  dynamic "metric_query" {
    for_each = try({ result = each.value.expression }, {})

    content {
      id          = metric_query.key
      expression  = metric_query.value
      label       = each.key
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = try(each.value.metrics, {})

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.stat
        period      = each.value.period
      }
    }
  }

  alarm_actions = [aws_sns_topic.alarms[each.value.severity].arn]
  ok_actions    = [aws_sns_topic.alarms[each.value.severity].arn]

  depends_on = [aws_sns_topic_policy.alarms]
}

# What CloudWatch has learnt to expect at this hour of this weekday: catches half of the traffic, which no fixed number does.
resource "aws_cloudwatch_metric_alarm" "records_anomaly" {
  count = var.thresholds.anomaly_band > 0 ? 1 : 0

  alarm_name        = "${var.name}-records-anomaly"
  alarm_description = "Firehose reads unusually few or many records for this time of the week. Runbook: ${var.runbook_base_url}/records-anomaly.md"

  comparison_operator = "LessThanLowerOrGreaterThanUpperThreshold"
  threshold_metric_id = "band"
  evaluation_periods  = 6
  datapoints_to_alarm = 4
  # Silence is no-data's business, with its own time.
  treat_missing_data = "ignore"

  metric_query {
    id          = "band"
    expression  = "ANOMALY_DETECTION_BAND(read, ${var.thresholds.anomaly_band})"
    label       = "expected"
    return_data = true
  }

  metric_query {
    id          = "read"
    return_data = true

    metric {
      namespace   = "AWS/Firehose"
      metric_name = "DataReadFromSource.Records"
      dimensions  = local.stream
      stat        = "Sum"
      period      = 600
    }
  }

  alarm_actions = [aws_sns_topic.alarms["notice"].arn]
  ok_actions    = [aws_sns_topic.alarms["notice"].arn]

  depends_on = [aws_sns_topic_policy.alarms]
}

resource "aws_cloudwatch_composite_alarm" "late_or_lost" {
  alarm_name        = "${var.name}-data-late-or-lost"
  alarm_description = "Data is late or lost: the one alarm to be woken by; what it rests on tells which. Runbook: ${var.runbook_base_url}/data-late-or-lost.md"

  alarm_rule = join(" OR ", [for key in local.late_or_lost : "ALARM(\"${aws_cloudwatch_metric_alarm.this[key].alarm_name}\")"])

  alarm_actions = [aws_sns_topic.alarms["urgent"].arn]
  ok_actions    = [aws_sns_topic.alarms["urgent"].arn]

  depends_on = [aws_sns_topic_policy.alarms]
}

################################################################################
# Dashboard
################################################################################

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ start = "-PT6H", periodOverride = "inherit", widgets = local.widgets })
}
