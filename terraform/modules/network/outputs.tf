################################################################################
# VPC
################################################################################

output "vpc_id" {
  description = "The VPC."
  value       = local.create ? aws_vpc.this[0].id : data.aws_vpc.existing[0].id
}

output "vpc_cidr" {
  description = "IPv4 range of the VPC."
  value       = local.create ? aws_vpc.this[0].cidr_block : data.aws_vpc.existing[0].cidr_block
}

################################################################################
# Subnets
################################################################################

output "subnet_ids" {
  description = "Private subnets, one per availability zone."
  value       = local.create ? aws_subnet.private[*].id : var.existing_network.subnet_ids
}

output "subnet_count" {
  description = "How many subnets there are; known before they exist."
  value       = local.create ? var.availability_zone_count : length(var.existing_network.subnet_ids)
}
