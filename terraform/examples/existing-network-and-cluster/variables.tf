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
# Network
################################################################################

variable "vpc_id" {
  description = "VPC of the brokers."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the VPC, one per availability zone: those of the brokers."
  type        = list(string)
}

################################################################################
# Kafka
################################################################################

variable "cluster_arn" {
  description = "The MSK cluster: provisioned, with IAM and multi-VPC private connectivity for IAM."
  type        = string
}

variable "manage_cluster_policy" {
  description = "Whether the cluster policy for Firehose is put, in place of the one that the cluster has; else its owner adds what the output `firehose_policy` says."
  type        = bool
  default     = false
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
