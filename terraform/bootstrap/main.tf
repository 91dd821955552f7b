# Applied once per environment, by its owner, before the stack: the bucket of its state, and the roles of its workflow.
# Bucket and region are read from the environment's backend file, which Terraform reads too: there is no second list.

################################################################################
# Bootstrap
################################################################################

locals {
  backend_file = coalesce(var.backend_file, "${path.module}/../environments/${var.environment}.backend.hcl")
  backend      = file(local.backend_file)
  bucket       = one(regex("(?m)^bucket\\s*=\\s*\"([^\"]+)\"", local.backend))
  region       = one(regex("(?m)^region\\s*=\\s*\"([^\"]+)\"", local.backend))
}

module "bootstrap" {
  source = "../modules/bootstrap"

  name            = var.name
  environment     = var.environment
  bucket_name     = local.bucket
  create_kms_key  = var.create_kms_key
  kms_key_arn     = var.kms_key_arn
  former_versions = var.former_versions
  force_destroy   = var.force_destroy
  github          = var.github
  bucket_names    = var.bucket_names
}
