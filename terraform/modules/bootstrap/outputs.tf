################################################################################
# Key
################################################################################

output "kms_key_arn" {
  description = "KMS key of the state; null where S3 encrypts with its own keys."
  value       = local.key_arn
}

################################################################################
# State
################################################################################

# Whoever moves a state in waits for the bucket's own rules.
output "bucket" {
  description = "Name of the state's bucket."
  value       = aws_s3_bucket.state.bucket
  depends_on = [
    aws_s3_bucket_ownership_controls.state,
    aws_s3_bucket_public_access_block.state,
    aws_s3_bucket_server_side_encryption_configuration.state,
    aws_s3_bucket_versioning.state,
    aws_s3_bucket_policy.state,
  ]
}

################################################################################
# Identity provider
################################################################################

output "identity_provider_arn" {
  description = "GitHub's identity provider, for the next environment in the same account; null without GitHub."
  value       = local.provider_arn
}

################################################################################
# Plan role
################################################################################

output "plan_role_arn" {
  description = "Role with which the workflow plans; null without GitHub."
  value       = one(aws_iam_role.plan[*].arn)
}

################################################################################
# Apply role
################################################################################

output "apply_role_arn" {
  description = "Role with which the workflow applies; null without GitHub."
  value       = one(aws_iam_role.apply[*].arn)
}
