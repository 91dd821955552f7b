################################################################################
# Schema
################################################################################

output "partition_keys" {
  description = "Keys that the function names for each record (`metadata.partitionKeys`)."
  value       = local.partition_keys
}

################################################################################
# Logs
################################################################################

output "log_group" {
  description = "Log group of the function."
  value       = aws_cloudwatch_log_group.this.name
}

################################################################################
# Function
################################################################################

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "accepted_window" {
  description = "UTC event dates that the function accepts, as its environment has them."
  value       = var.accepted_window
}

################################################################################
# Alias
################################################################################

output "invoke_arn" {
  description = "ARN that Firehose calls, alias included."
  value       = aws_lambda_alias.live.arn
}
