# The monitoring module by itself, as someone with a stream of their own would use it: nothing here but what it is told of.

variable "slack_function" {
  type = string
}

variable "probe_function" {
  type = string
}

variable "lambda_runtime" {
  type = string
}

variable "lambda_architecture" {
  type = string
}

resource "aws_s3_bucket" "lake" {
  bucket        = "watched-lake"
  force_destroy = true
}

resource "aws_cloudwatch_log_group" "delivery" {
  name = "/aws/kinesisfirehose/watched"
}

resource "aws_cloudwatch_log_stream" "delivery" {
  name           = "DestinationDelivery"
  log_group_name = aws_cloudwatch_log_group.delivery.name
}

module "monitoring" {
  source = "../terraform/modules/monitoring"

  name                = "watched"
  emails              = { urgent = ["on-call@example.org"], notice = ["team@example.org"] }
  slack               = { secret_recovery_days = 0 }
  packages            = { probe = var.probe_function, slack = var.slack_function }
  lambda_runtime      = var.lambda_runtime
  lambda_architecture = var.lambda_architecture
  log_retention_days  = 1

  bucket             = aws_s3_bucket.lake.bucket
  error_prefix       = "errors/"
  delivery_log_group = aws_cloudwatch_log_group.delivery.name

  stream_name                       = "watched"
  transform_function_name           = "watched-transform"
  transform_timeout_seconds         = 60
  buffer_interval_seconds           = 60
  transform_buffer_interval_seconds = 10
  cluster_name                      = "watched"
  broker_count                      = 3
  topic_name                        = "watched"
  topic_retention_hours             = 24

  thresholds = {
    freshness_seconds          = 120
    anomaly_band               = 3
    rejected_percent_by_reason = { bad_timestamp = 1 }
  }
}

output "slack_secret_arn" {
  value = module.monitoring.slack_secret_arn
}

output "slack_function_name" {
  value = module.monitoring.slack_function_name
}

output "probe_function_name" {
  value = module.monitoring.probe_function_name
}

output "topic_arns" {
  value = module.monitoring.topic_arns
}

output "alarm_names" {
  value = module.monitoring.alarm_names
}

output "undelivered_queue_url" {
  value = module.monitoring.undelivered_queue_url
}
