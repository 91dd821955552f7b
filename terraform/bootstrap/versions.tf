terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6"
    }
  }

  # The bucket that this makes, once it is there; README.md tells how the state gets in.
  backend "s3" {}
}

provider "aws" {
  region = local.region

  default_tags {
    tags = merge({
      Application = var.name
      Environment = var.environment
      ManagedBy   = "terraform"
    }, var.tags)
  }
}
