################################################################################
# Names
################################################################################

output "cluster_name" {
  description = "Name of the cluster; known before it exists."
  value       = var.name
}

################################################################################
# Access to the brokers
################################################################################

output "security_group_id" {
  description = "Security group of the brokers."
  value       = aws_security_group.brokers.id
}

################################################################################
# Cluster
################################################################################

# A delivery stream that is created too early ends in CREATING_FAILED and blocks its name.
output "cluster_arn" {
  description = "The cluster, ready for Firehose: connectivity is on, the cluster policy is put, the topic is there."
  value       = aws_msk_cluster.this.arn
  depends_on  = [aws_msk_cluster_policy.firehose, aws_lambda_invocation.topic]
}

output "bootstrap_brokers" {
  description = "Comma-separated host:port pairs for clients with IAM authentication."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_iam
}

output "authentication" {
  description = "How clients authenticate: SASL_SSL with IAM."
  value       = "iam"
}

################################################################################
# Topic
################################################################################

output "topic_name" {
  description = "The topic; known before it exists, so that policies can name it early."
  value       = var.topic_name
}
