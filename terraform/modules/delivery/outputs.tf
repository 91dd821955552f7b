################################################################################
# Logs
################################################################################

output "log_group" {
  description = "Log group of the stream's errors."
  value       = aws_cloudwatch_log_group.this.name
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
