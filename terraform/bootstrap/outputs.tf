################################################################################
# Bootstrap
################################################################################

output "bucket" {
  description = "Name of the state's bucket."
  value       = module.bootstrap.bucket
}

output "kms_key_arn" {
  description = "KMS key of the state; null where S3 encrypts with its own keys."
  value       = module.bootstrap.kms_key_arn
}

output "identity_provider_arn" {
  description = "GitHub's identity provider, for the next environment in the same account."
  value       = module.bootstrap.identity_provider_arn
}

output "workflow_environment" {
  description = "This environment in the workflow's variable TERRAFORM_ENVIRONMENTS, a list of such objects; null without GitHub."
  value = var.github == null ? null : jsonencode({
    name       = var.environment
    region     = local.region
    plan_role  = module.bootstrap.plan_role_arn
    apply_role = module.bootstrap.apply_role_arn
  })
}
