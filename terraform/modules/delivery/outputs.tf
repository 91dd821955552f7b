################################################################################
# Logs
################################################################################

output "log_group" {
  description = "Log group of the stream's errors."
  value       = aws_cloudwatch_log_group.this.name
}

################################################################################
# Source
################################################################################

output "source_role_arn" {
  description = "Role that reads the topic; a cluster of another account must name it in its policy."
  value       = aws_iam_role.source.arn
}

################################################################################
# Destination
################################################################################

output "delivery_role_arn" {
  description = "Role that transforms and writes."
  value       = aws_iam_role.delivery.arn
}

output "bucket_policy_statements" {
  description = "Statements (JSON) that a bucket of another account needs in its policy for this stream."
  value = jsonencode([for statement in local.bucket_statements : {
    Sid       = statement.Sid
    Effect    = statement.Effect
    Principal = { AWS = aws_iam_role.delivery.arn }
    Action    = statement.Action
    Resource  = statement.Resource
  }])
}

# Any resource in a key's policy is that key (KMS developer guide, "Key policies").
output "kms_key_policy_statements" {
  description = "Statements (JSON) that a key of another account needs in its policy for this stream; resource * is the key itself."
  value = jsonencode([{
    Sid       = "EncryptObjects"
    Effect    = "Allow"
    Principal = { AWS = aws_iam_role.delivery.arn }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*" # in a key's policy: that key alone
    Condition = local.key_condition
  }])
}

################################################################################
# Partitioning
################################################################################

output "prefix" {
  description = "Prefix of the objects, with its expression."
  value       = local.data_prefix
}

################################################################################
# Stream
################################################################################

output "stream_name" {
  description = "Name of the stream."
  value       = aws_kinesis_firehose_delivery_stream.this.name
}

output "stream_arn" {
  description = "ARN of the stream."
  value       = aws_kinesis_firehose_delivery_stream.this.arn
}
