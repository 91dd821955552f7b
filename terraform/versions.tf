terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6"
    }
  }

  # Bucket, key and region come from environments/<name>.backend.hcl.
  backend "s3" {}
}

provider "aws" {
  region              = var.aws_region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = merge({
      Application = var.name
      Environment = var.environment
      ManagedBy   = "terraform"
    }, var.tags)
  }
}
