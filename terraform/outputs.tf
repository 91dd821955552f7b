# The only door between the stack and the tools that load, validate and operate it: they read nothing else. Some outputs are
# for people alone.

################################################################################
# Stack
################################################################################

output "aws_region" {
  description = "AWS region of the stack."
  value       = var.aws_region
}

################################################################################
# Encryption
################################################################################

output "kms_key_arns" {
  description = "ARNs of the KMS keys by purpose (data, logs, alarms); null where AWS's own key is used."
  value       = module.encryption.key_arns
}

output "kms_key_policy_statements" {
  description = "By purpose, the statements (JSON) that a key in existing_kms_keys needs in its policy; `delivery` where the data key is of another account."
  value       = merge(module.encryption.policy_statements, { delivery = module.delivery.kms_key_policy_statements })
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

output "kafka_producer_policy" {
  description = "IAM policy (JSON) for the role of a producer outside of the stack: attach it there."
  value       = module.kafka.producer_policy
}

output "kafka_consumer_policy" {
  description = "IAM policy (JSON) for the role of a further reader of the topic, in consumer groups named <name>-<environment>-…."
  value       = module.kafka.consumer_policy
}

output "kafka_firehose_policy" {
  description = "The cluster policy (JSON) that lets Firehose connect: for the owner of an existing cluster to put."
  value       = module.kafka.firehose_policy
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

output "glue_views" {
  description = "Views over the table: `typed`, and `distinct` without the copies that delivery may leave."
  value       = module.lake.views
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

output "bucket_policy_statements" {
  description = "Statements (JSON) that existing_bucket needs in its policy, where another account owns it."
  value       = module.delivery.bucket_policy_statements
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
