################################################################################
# VPC
################################################################################

output "vpc_id" {
  description = "The VPC; null where there is no network."
  value       = one(concat(aws_vpc.this[*].id, data.aws_vpc.existing[*].id))
}

output "vpc_cidr" {
  description = "IPv4 range of the VPC; null where there is no network."
  value       = one(concat(aws_vpc.this[*].cidr_block, data.aws_vpc.existing[*].cidr_block))
}

################################################################################
# Subnets
################################################################################

output "subnet_ids" {
  description = "Private subnets, one per availability zone."
  value       = local.existing ? var.existing_network.subnet_ids : aws_subnet.private[*].id
}

output "subnet_count" {
  description = "How many subnets there are; known before they exist."
  value       = local.existing ? length(var.existing_network.subnet_ids) : local.create ? local.zone_count : 0
}

################################################################################
# Flow logs
################################################################################

output "flow_log_group" {
  description = "Log group of the flow logs; null without them."
  value       = one(aws_cloudwatch_log_group.flow[*].name)
}
