################################################################################
# Notifications
################################################################################

output "topic_arns" {
  description = "ARNs of the topics that alarms go to: urgent and notice. Subscribe whatever else should know."
  value       = { for severity, topic in aws_sns_topic.alarms : severity => topic.arn }
}

################################################################################
# Slack
################################################################################

output "slack_secret_arn" {
  description = "ARN of the secret whose value must be the webhook's URL; null without Slack."
  value       = one(values(local.secret_arns))
}

output "slack_function_name" {
  description = "Name of the function that writes to Slack; null without it."
  value       = one(values(aws_lambda_function.slack)[*].function_name)
}

output "undelivered_queue_url" {
  description = "Queue of alarms that could not be written to Slack; null without it."
  value       = one(values(aws_sqs_queue.undelivered)[*].url)
}

################################################################################
# Probe
################################################################################

output "probe_function_name" {
  description = "Name of the function that looks at the stream and the error area."
  value       = aws_lambda_function.probe.function_name
}

################################################################################
# Alarms
################################################################################

output "alarm_names" {
  description = "Names of all alarms."
  value       = local.alarm_names
}

output "runbooks" {
  description = "Names of the runbooks that the alarms link."
  value       = local.runbooks
}

################################################################################
# Dashboard
################################################################################

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
