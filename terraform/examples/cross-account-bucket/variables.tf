################################################################################
# Stack
################################################################################

variable "aws_region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "name" {
  description = "Prefix of every name."
  type        = string
  default     = "user-events-example"
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps logs."
  type        = number
  default     = 30
}

################################################################################
# Lake
################################################################################

variable "bucket_name" {
  description = "The bucket, in this stack's region."
  type        = string
}

variable "bucket_account_id" {
  description = "The account that owns the bucket."
  type        = string
}

variable "bucket_kms_key_arn" {
  description = "The KMS key that the bucket's owner encrypts it with; null where S3 encrypts with its own keys."
  type        = string
  default     = null
}

################################################################################
# Transform
################################################################################

variable "lambda_packages" {
  description = "Paths of the Lambda zips that `make package` builds: `transform` and `topic`."
  type = object({
    transform = string
    topic     = string
  })
}

variable "lambda_runtime" {
  description = "Lambda runtime that the zips were built for, e.g. python3.13."
  type        = string
}

variable "lambda_architecture" {
  description = "Lambda architecture that the zips were built for: arm64 or x86_64."
  type        = string
}
