# The only door between the stack and the tools that load, validate and operate it: they read nothing else.

################################################################################
# Stack
################################################################################

output "aws_region" {
  description = "AWS region of the stack."
  value       = var.aws_region
}

################################################################################
# Kafka
################################################################################

output "kafka_cluster_arn" {
  description = "ARN of the MSK cluster."
  value       = module.kafka.cluster_arn
}

output "kafka_bootstrap_brokers" {
  description = "Comma-separated host:port pairs of the brokers."
  value       = module.kafka.bootstrap_brokers
}

output "kafka_auth" {
  description = "How Kafka clients authenticate."
  value       = module.kafka.authentication
}

output "kafka_topic" {
  description = "The topic that events are sent to."
  value       = module.kafka.topic_name
}

################################################################################
# Lake
################################################################################

output "bucket" {
  description = "Bucket of events and errors."
  value       = module.lake.bucket
}

output "data_prefix" {
  description = "Key prefix of the table, without the partition folder."
  value       = module.lake.data_prefix
}

output "error_prefix" {
  description = "Key prefix of error objects."
  value       = module.lake.error_prefix
}

output "glue_database" {
  description = "Glue database of the table."
  value       = module.lake.database
}

output "glue_table" {
  description = "Glue table of the events."
  value       = module.lake.table
}

output "athena_workgroup" {
  description = "Athena workgroup for queries."
  value       = module.lake.workgroup
}

################################################################################
# Transform
################################################################################

output "transform_function_name" {
  description = "Name of the transform's function."
  value       = module.transform.function_name
}

output "transform_accepted_window" {
  description = "UTC event dates that the transform accepts: earliest_event_date, max_event_age_days, max_future_skew_hours; null where not set."
  value       = module.transform.accepted_window
}

################################################################################
# Delivery
################################################################################

output "delivery_stream_name" {
  description = "Name of the Firehose stream."
  value       = module.delivery.stream_name
}

output "delivery_buffer_interval_seconds" {
  description = "Buffer interval of the stream (a hint)."
  value       = var.delivery_buffer_interval_seconds
}

output "transform_buffer_interval_seconds" {
  description = "Interval of the transform's batches (a hint)."
  value       = var.transform_buffer_interval_seconds
}

################################################################################
# Monitoring
################################################################################

output "alarm_topic_arns" {
  description = "Topics that alarms go to: urgent and notice."
  value       = module.monitoring.topic_arns
}

output "slack_secret_arn" {
  description = "Secret whose value must be the Slack webhook's URL; null without Slack."
  value       = module.monitoring.slack_secret_arn
}

output "probe_function_name" {
  description = "Name of the function that looks at the stream and the error area."
  value       = module.monitoring.probe_function_name
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.monitoring.dashboard_name
}
