# The monitoring module: what each alarm watches, who is told, what the functions may do, and each rule. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                              = "user-events-test"
  emails                            = { urgent = ["on-call@example.org"], notice = ["team@example.org"] }
  packages                          = { probe = "tests/empty.zip", slack = "tests/empty.zip" }
  lambda_runtime                    = "python3.13"
  lambda_architecture               = "arm64"
  log_retention_days                = 30
  bucket                            = "user-events-test"
  error_prefix                      = "errors/"
  delivery_log_group                = "/aws/kinesisfirehose/user-events-test"
  stream_name                       = "user-events-test"
  transform_function_name           = "user-events-test-transform"
  transform_timeout_seconds         = 60
  buffer_interval_seconds           = 300
  transform_buffer_interval_seconds = 60
  cluster_name                      = "user-events-test"
  broker_count                      = 3
  topic_name                        = "user-events"
  topic_retention_hours             = 72
}

run "each_alarm_on_one_metric_watches_what_aws_documents" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.this : key => join(" ", [
        alarm.namespace, alarm.metric_name, coalesce(alarm.statistic, alarm.extended_statistic), jsonencode(alarm.dimensions), alarm.comparison_operator, alarm.threshold,
      ]) if alarm.metric_name != null && !can(regex("-[23]$", key))
      } == {
      data-freshness      = "AWS/Firehose DeliveryToS3.DataFreshness Maximum {\"DeliveryStreamName\":\"user-events-test\"} GreaterThanThreshold 900"
      source-lag          = "AWS/Firehose KafkaOffsetLag Maximum {\"DeliveryStreamName\":\"user-events-test\"} GreaterThanThreshold 10000000"
      source-backpressure = "AWS/Firehose DataReadFromSource.Backpressured Maximum {\"DeliveryStreamName\":\"user-events-test\"} GreaterThanOrEqualToThreshold 1"
      failed-conversions  = "AWS/Firehose FailedConversion.Records Sum {\"DeliveryStreamName\":\"user-events-test\"} GreaterThanOrEqualToThreshold 1"
      delivery-success    = "AWS/Firehose DeliveryToS3.Success Average {\"DeliveryStreamName\":\"user-events-test\"} LessThanThreshold 0.99"
      partition-limit     = "AWS/Firehose PartitionCountExceeded Maximum {\"DeliveryStreamName\":\"user-events-test\"} GreaterThanOrEqualToThreshold 1"
      partition-count     = "AWS/Firehose PartitionCount Maximum {\"DeliveryStreamName\":\"user-events-test\"} GreaterThanOrEqualToThreshold 400"
      transform-calls     = "AWS/Firehose ExecuteProcessing.Success Average {\"DeliveryStreamName\":\"user-events-test\"} LessThanThreshold 0.99"
      transform-errors    = "AWS/Lambda Errors Sum {\"FunctionName\":\"user-events-test-transform\"} GreaterThanOrEqualToThreshold 1"
      transform-throttles = "AWS/Lambda Throttles Sum {\"FunctionName\":\"user-events-test-transform\"} GreaterThanOrEqualToThreshold 1"
      transform-duration  = "AWS/Lambda Duration p99 {\"FunctionName\":\"user-events-test-transform\"} GreaterThanOrEqualToThreshold 48000"
      access-errors       = "UserEvents/Monitoring AccessErrors-user-events-test Sum {} GreaterThanOrEqualToThreshold 1"
      delivery-errors     = "UserEvents/Monitoring DeliveryErrors-user-events-test Sum {} GreaterThanOrEqualToThreshold 10"
      stream-state        = "UserEvents/Monitoring StreamActive Minimum {\"DeliveryStreamName\":\"user-events-test\"} LessThanThreshold 1"
      no-data             = "AWS/Firehose DataReadFromSource.Records Sum {\"DeliveryStreamName\":\"user-events-test\"} LessThanThreshold 1"
      active-controller   = "AWS/Kafka ActiveControllerCount Maximum {\"Cluster Name\":\"user-events-test\"} LessThanThreshold 1"
      offline-partitions  = "AWS/Kafka OfflinePartitionsCount Maximum {\"Cluster Name\":\"user-events-test\"} GreaterThanOrEqualToThreshold 1"
      broker-disk-1       = "AWS/Kafka KafkaDataLogsDiskUsed Maximum {\"Broker ID\":\"1\",\"Cluster Name\":\"user-events-test\"} GreaterThanOrEqualToThreshold 80"
      under-replicated-1  = "AWS/Kafka UnderReplicatedPartitions Maximum {\"Broker ID\":\"1\",\"Cluster Name\":\"user-events-test\"} GreaterThanOrEqualToThreshold 1"
      under-min-isr-1     = "AWS/Kafka UnderMinIsrPartitionCount Maximum {\"Broker ID\":\"1\",\"Cluster Name\":\"user-events-test\"} GreaterThanOrEqualToThreshold 1"
    }
    error_message = "An alarm watches another metric, dimension, statistic or threshold."
  }

  assert {
    condition     = length([for key, _ in aws_cloudwatch_metric_alarm.this : key if startswith(key, "broker-") || startswith(key, "under-")]) == 12
    error_message = "Not every broker has its four alarms."
  }

  assert {
    condition     = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.this : contains(["ignore", "notBreaching", "breaching", "missing"], alarm.treat_missing_data)])
    error_message = "An alarm leaves open what missing data means."
  }

  assert {
    condition     = toset([for key, alarm in aws_cloudwatch_metric_alarm.this : key if alarm.treat_missing_data == "breaching"]) == toset(["stream-state", "no-data"])
    error_message = "Silence is bad where the metric always comes: the probe's and the dead man's, and nowhere else."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["no-data"].period == 900 && aws_cloudwatch_metric_alarm.this["stream-state"].evaluation_periods == 3 && aws_cloudwatch_metric_alarm.this["stream-state"].datapoints_to_alarm == 2
    error_message = "The times of silence are not as asked for."
  }
}

run "each_alarm_on_an_expression_computes_over_documented_metrics" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { rejected_percent_by_reason = { bad_timestamp = 0.5 } }
  }

  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.this : key => { for query in alarm.metric_query : query.id => (
        query.expression != null ? query.expression :
        join(" ", [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].stat, tostring(query.metric[0].period), jsonencode(query.metric[0].dimensions)])
      ) } if alarm.metric_name == null && !can(regex("-[23]$", key))
      } == {
      records-unaccounted = {
        result      = "IF(read > 0, 100 * (read - FILL(delivered, 0) - FILL(unconverted, 0) - FILL(rejected, 0)) / read, 0)"
        read        = "AWS/Firehose DataReadFromSource.Records Sum 3600 {\"DeliveryStreamName\":\"user-events-test\"}"
        delivered   = "AWS/Firehose DeliveryToS3.Records Sum 3600 {\"DeliveryStreamName\":\"user-events-test\"}"
        unconverted = "AWS/Firehose FailedConversion.Records Sum 3600 {\"DeliveryStreamName\":\"user-events-test\"}"
        rejected    = "UserEvents/Transform RecordsRejected Sum 3600 {\"FunctionName\":\"user-events-test-transform\"}"
      }
      rejected-share = {
        result   = "IF(received > 0, 100 * FILL(rejected, 0) / received, 0)"
        received = "UserEvents/Transform RecordsReceived Sum 300 {\"FunctionName\":\"user-events-test-transform\"}"
        rejected = "UserEvents/Transform RecordsRejected Sum 300 {\"FunctionName\":\"user-events-test-transform\"}"
      }
      rejected-bad-timestamp = {
        result   = "IF(received > 0, 100 * FILL(rejected, 0) / received, 0)"
        received = "UserEvents/Transform RecordsReceived Sum 300 {\"FunctionName\":\"user-events-test-transform\"}"
        rejected = "UserEvents/Transform Rejected.bad_timestamp Sum 300 {\"FunctionName\":\"user-events-test-transform\"}"
      }
      error-objects = {
        result  = "all - refused"
        all     = "UserEvents/Monitoring ErrorObjects Maximum 300 {\"DeliveryStreamName\":\"user-events-test\"}"
        refused = "UserEvents/Monitoring ProcessingFailedObjects Maximum 300 {\"DeliveryStreamName\":\"user-events-test\"}"
      }
      broker-cpu-1 = {
        result = "user + system"
        user   = "AWS/Kafka CpuUser Average 300 {\"Broker ID\":\"1\",\"Cluster Name\":\"user-events-test\"}"
        system = "AWS/Kafka CpuSystem Average 300 {\"Broker ID\":\"1\",\"Cluster Name\":\"user-events-test\"}"
      }
    }
    error_message = "An expression, or a metric that it rests on, is another."
  }

  assert {
    condition     = alltrue([for _, alarm in aws_cloudwatch_metric_alarm.this : length([for query in alarm.metric_query : query if query.return_data]) == 1 if alarm.metric_name == null])
    error_message = "CloudWatch takes one query of an alarm, and only one, that returns data."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["rejected-bad-timestamp"].threshold == 0.5 && endswith(aws_cloudwatch_metric_alarm.this["rejected-bad-timestamp"].alarm_description, " Runbook: docs/runbooks/rejected-share.md")
    error_message = "A reason's own alarm has another threshold or runbook."
  }
}

run "each_description_says_what_it_means_and_links_its_runbook" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    runbook_base_url = "https://git.example.org/pipeline/docs/runbooks"
  }

  assert {
    condition = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.this :
      can(regex("^[A-Z].{30,}\\. Runbook: https://git.example.org/pipeline/docs/runbooks/[a-z-]+\\.md$", alarm.alarm_description)) && length(alarm.alarm_description) <= 1024
    ])
    error_message = "A description lacks its meaning or its runbook, or is longer than CloudWatch takes."
  }

  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.this["broker-cpu-2"].alarm_description, "/broker-cpu.md") && endswith(aws_cloudwatch_composite_alarm.late_or_lost.alarm_description, "/data-late-or-lost.md")
    error_message = "A broker's alarm or the composite one links another runbook."
  }
}

run "late_or_lost_is_one_urgent_alarm_over_four" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.late_or_lost.alarm_rule == "ALARM(\"user-events-test-data-freshness\") OR ALARM(\"user-events-test-source-lag\") OR ALARM(\"user-events-test-records-unaccounted\") OR ALARM(\"user-events-test-stream-state\")"
    error_message = "The composite alarm rests on others."
  }
}

run "learns_what_to_expect_where_asked_to" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { anomaly_band = 3, no_data_minutes = 0 }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.records_anomaly[0].threshold_metric_id == "band" && contains(aws_cloudwatch_metric_alarm.records_anomaly[0].metric_query[*].expression, "ANOMALY_DETECTION_BAND(read, 3)")
    error_message = "The anomaly alarm has another band."
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "no-data") && contains(output.runbooks, "records-anomaly")
    error_message = "0 minutes of silence do not take the alarm away."
  }
}

run "express_brokers_have_no_alarms_on_what_msk_keeps_itself" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    express_brokers = true
  }

  assert {
    condition     = toset([for key, alarm in aws_cloudwatch_metric_alarm.this : key if can(regex("^(broker|under|offline|active)-", key))]) == toset(["active-controller", "broker-cpu-1", "broker-cpu-2", "broker-cpu-3"])
    error_message = "An alarm rests on a metric that express brokers do not have."
  }
}

run "tells_by_email_and_goes_without_slack" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  assert {
    condition     = { for key, one in aws_sns_topic_subscription.email : key => "${one.protocol} ${one.endpoint}" } == { "urgent on-call@example.org" = "email on-call@example.org", "notice team@example.org" = "email team@example.org" }
    error_message = "The addresses are not subscribed."
  }

  assert {
    condition     = length(aws_lambda_function.slack) == 0 && length(aws_secretsmanager_secret.webhook) == 0 && length(aws_sqs_queue.undelivered) == 0 && output.slack_secret_arn == null
    error_message = "Without Slack something of it is made."
  }
}

run "makes_a_secret_without_a_value_and_a_queue_for_what_slack_does_not_take" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    slack = {}
  }

  assert {
    condition     = length(aws_secretsmanager_secret.webhook) == 1 && length(aws_sns_topic_subscription.slack) == 2 && length(aws_lambda_permission.slack) == 2 && aws_sqs_queue.undelivered["slack"].message_retention_seconds == 1209600
    error_message = "Both topics must reach the function, and its failures the queue."
  }

  assert {
    condition     = aws_sqs_queue.undelivered["slack"].sqs_managed_sse_enabled && aws_lambda_function.slack["slack"].handler == "slack.handler.handler"
    error_message = "The queue is not encrypted, or the function has another handler."
  }
}

run "uses_a_secret_and_keys_of_yours" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    slack       = { secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-abc123" }
  }

  assert {
    condition     = length(aws_secretsmanager_secret.webhook) == 0 && aws_lambda_function.slack["slack"].environment[0].variables.WEBHOOK_SECRET_ARN == "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-abc123"
    error_message = "A second secret is made, or the function reads another."
  }

  assert {
    condition     = alltrue([for topic in aws_sns_topic.alarms : topic.kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"]) && aws_sqs_queue.undelivered["slack"].kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    error_message = "Topics or queue are not under the key."
  }
}

run "the_probe_may_look_and_measure_and_nothing_else" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  override_resource {
    target          = aws_cloudwatch_log_group.probe
    override_during = plan
    values          = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/user-events-test-probe" }
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.probe.policy).Statement : statement.Sid => [statement.Action, statement.Resource, try(statement.Condition, null)] } == {
      DescribeStream   = [["firehose:DescribeDeliveryStream"], "arn:aws:firehose:us-east-1:123456789012:deliverystream/user-events-test", null]
      ListErrorObjects = [["s3:ListBucket"], "arn:aws:s3:::user-events-test", { StringLike = { "s3:prefix" = "errors/*" } }]
      PutMetrics       = [["cloudwatch:PutMetricData"], "*", { StringEquals = { "cloudwatch:namespace" = "UserEvents/Monitoring" } }]
      WriteLogs        = [["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/user-events-test-probe:*", null]
    }
    error_message = "The probe's rights are others."
  }

  assert {
    condition     = aws_scheduler_schedule.probe.schedule_expression == "rate(5 minutes)" && aws_lambda_function.probe.environment[0].variables.WINDOW_MINUTES == "15"
    error_message = "The window does not span three looks."
  }
}

run "finds_trouble_with_keys_and_roles_in_the_delivery_log" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    probe_minutes = 1
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.delivery["AccessErrors"].pattern == "{ ($.errorCode = \"*AccessDenied*\") || ($.errorCode = \"S3.KMS.*\") || ($.errorCode = \"S3.NoSuchBucket\") || ($.errorCode = \"S3.MethodNotAllowed\") || ($.errorCode = \"S3.AccountProblem\") || ($.errorCode = \"S3.AllAccessDisabled\") || ($.errorCode = \"Lambda.ResourceNotFound\") }"
    error_message = "The filter looks for other codes."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.delivery["DeliveryErrors"].pattern == "{ $.errorCode = \"*\" }" && aws_cloudwatch_log_metric_filter.delivery["DeliveryErrors"].metric_transformation[0].name == "DeliveryErrors-user-events-test"
    error_message = "Not every error line is counted, or under another name than the alarm's."
  }

  assert {
    condition     = aws_scheduler_schedule.probe.schedule_expression == "rate(1 minute)"
    error_message = "Scheduler takes 1 minute in the singular alone."
  }
}

run "the_dashboard_reads_left_to_right" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [widget.x, split("\n", widget.properties.markdown)[0]] if widget.type == "text"] == [[0, "### 1. Kafka"], [4, "### 2. Source"], [8, "### 3. Transform"], [12, "### 4. Delivery"], [16, "### 5. Errors"], [20, "### 6. Alarms"]]
    error_message = "The columns are others, or in another order."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.x + widget.width <= 24 && length(widget.properties.metrics) > 0 if widget.type == "metric"])
    error_message = "A widget stands outside of the dashboard, or draws nothing."
  }

  assert {
    condition = (
      [for arn in one([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget if widget.type == "alarm"]).properties.alarms : split(":", arn)[6]]
      == concat([aws_cloudwatch_composite_alarm.late_or_lost.alarm_name], values(aws_cloudwatch_metric_alarm.this)[*].alarm_name)
    )
    error_message = "The last column does not show every alarm."
  }
}

################################################################################
# Rules
################################################################################

run "warns_where_alarms_reach_nobody" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    emails = { notice = ["team@example.org"] }
  }

  expect_failures = [check.someone_is_told]
}

run "rejects_a_freshness_that_a_healthy_stream_exceeds" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { freshness_seconds = 510 }
  }

  expect_failures = [terraform_data.rules]
}

run "accepts_a_freshness_just_above_a_healthy_delay" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { freshness_seconds = 511 }
  }
}

run "rejects_a_freshness_that_leaves_no_time" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    topic_retention_hours = 1
    thresholds            = { freshness_seconds = 1800 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_lag_that_the_topic_forgets_first" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    expected_records_per_second = 50
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_lag_of_less_than_a_minute" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    expected_records_per_second = 37000
    thresholds                  = { source_lag_records = 2000000 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_silence_shorter_than_the_metrics_are_late" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { no_data_minutes = 4 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_reason_that_the_transform_does_not_give" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { rejected_percent_by_reason = { bad_time = 1 } }
  }

  expect_failures = [var.thresholds]
}

run "rejects_a_percentage_of_a_reason_that_never_ends" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { rejected_percent_by_reason = { bad_timestamp = 0 } }
  }

  expect_failures = [var.thresholds]
}

run "rejects_a_percentage_of_a_hundred" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { broker_disk_percent = 100 }
  }

  expect_failures = [var.thresholds]
}

run "rejects_half_hours" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { unaccounted_hours = 1.5 }
  }

  expect_failures = [var.thresholds]
}

run "rejects_more_than_a_day_of_silence" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { no_data_minutes = 1441 }
  }

  expect_failures = [var.thresholds]
}

run "rejects_a_negative_band" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { anomaly_band = -1 }
  }

  expect_failures = [var.thresholds]
}

run "rejects_a_count_of_nothing" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    thresholds = { error_objects = 0 }
  }

  expect_failures = [var.thresholds]
}

run "rejects_a_webhook_where_a_secret_belongs" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    slack = { secret_arn = "https://hooks.slack.com/services/T0/B0/secret" }
  }

  expect_failures = [var.slack]
}

run "rejects_recovery_days_that_secrets_manager_refuses" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    slack = { secret_recovery_days = 3 }
  }

  expect_failures = [var.slack]
}

run "rejects_a_zip_of_the_slack_function_that_is_not_there" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    packages = { probe = "tests/empty.zip", slack = "tests/absent.zip" }
  }

  expect_failures = [var.packages]
}

run "rejects_what_aws_would_refuse" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    name                        = "user.events"
    kms_key_arn                 = "alias/aws/sns"
    emails                      = { urgent = ["on-call"] }
    runbook_base_url            = "docs/runbooks/"
    packages                    = { probe = "tests/absent.zip", slack = "tests/empty.zip" }
    error_prefix                = "/errors/"
    error_lookback_days         = 0
    probe_minutes               = 61
    expected_records_per_second = 0
  }

  expect_failures = [
    var.name,
    var.kms_key_arn,
    var.emails,
    var.runbook_base_url,
    var.packages,
    var.error_prefix,
    var.error_lookback_days,
    var.probe_minutes,
    var.expected_records_per_second,
  ]
}
