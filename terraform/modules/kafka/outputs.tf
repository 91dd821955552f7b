################################################################################
# Names
################################################################################

output "cluster_name" {
  description = "Name of the cluster; known before it exists."
  value       = local.cluster_name
}

################################################################################
# Access to the brokers
################################################################################

output "security_group_id" {
  description = "Security group of the brokers; null with existing_cluster."
  value       = one(aws_security_group.brokers[*].id)
}

################################################################################
# Cluster
################################################################################

# A delivery stream that is created too early ends in CREATING_FAILED and blocks its name.
output "cluster_arn" {
  description = "The cluster, ready for Firehose: connectivity is on, the cluster policy is put, the topic is there."
  value       = local.cluster_arn
  depends_on  = [aws_msk_cluster_policy.firehose, aws_lambda_invocation.topic]
}

output "bootstrap_brokers" {
  description = "Comma-separated host:port pairs for clients with IAM authentication."
  value       = one(concat(aws_msk_cluster.this[*].bootstrap_brokers_sasl_iam, data.aws_msk_bootstrap_brokers.existing[*].bootstrap_brokers_sasl_iam))
}

output "authentication" {
  description = "How clients authenticate: SASL_SSL with IAM."
  value       = "iam"
}

output "broker_count" {
  description = "Brokers of the cluster; their ids in metrics are 1 to this number."
  value       = local.broker_count
}

output "monitoring_level" {
  description = "MSK's enhanced monitoring; null with existing_cluster, where it is the owner's."
  value       = local.create ? var.monitoring_level : null
}

################################################################################
# Cluster policy
################################################################################

output "firehose_policy" {
  description = "The cluster policy (JSON) that lets Firehose connect; for the owner of an existing cluster to put."
  value       = local.firehose_policy
}

################################################################################
# Clients
################################################################################

output "producer_policy" {
  description = "IAM policy (JSON) for a role outside of the stack that writes to the topic."
  value       = local.producer_policy
}

output "consumer_policy" {
  description = "IAM policy (JSON) for a role outside of the stack that reads the topic, in consumer groups whose names begin with the stack's."
  value       = local.consumer_policy
}

################################################################################
# Topic
################################################################################

output "topic_name" {
  description = "The topic; known before it exists, so that policies can name it early."
  value       = var.topic_name
}
