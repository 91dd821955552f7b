################################################################################
# Kafka
################################################################################

output "kafka_bootstrap_brokers" {
  description = "Comma-separated host:port pairs for producers with IAM authentication."
  value       = module.kafka.bootstrap_brokers
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

output "athena_workgroup" {
  description = "Athena workgroup for queries."
  value       = module.lake.workgroup
}

################################################################################
# Delivery
################################################################################

output "delivery_stream_name" {
  description = "Name of the Firehose stream."
  value       = module.delivery.stream_name
}

output "bucket_policy_statements" {
  description = "Statements (JSON) for the policy of the bucket, which its owner adds."
  value       = module.delivery.bucket_policy_statements
}

output "kms_key_policy_statements" {
  description = "Statements (JSON) for the policy of the bucket's key, which its owner adds."
  value       = module.delivery.kms_key_policy_statements
}
