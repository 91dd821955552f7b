# Where the brokers live: three private subnets without a way to the internet, or a network that exists already.
# Firehose comes in through MSK's own PrivateLink, and the Lambda functions run outside of the VPC, so the brokers
# need no NAT and no endpoint. Endpoints are for Kafka clients that run in the VPC.

data "aws_region" "current" {}

################################################################################
# VPC
################################################################################

locals {
  create = var.existing_network == null
}

resource "aws_vpc" "this" {
  count = local.create ? 1 : 0

  cidr_block         = var.vpc_cidr
  enable_dns_support = true

  # Needed by the private names of interface endpoints alone.
  enable_dns_hostnames = length(var.interface_endpoints) > 0

  tags = { Name = var.name }
}

# Without rules: nothing gets a way in or out by forgetting to name a security group.
resource "aws_default_security_group" "this" {
  count = local.create ? 1 : 0

  vpc_id  = aws_vpc.this[0].id
  ingress = []
  egress  = []

  tags = { Name = "${var.name}-default-closed" }
}

data "aws_vpc" "existing" {
  count = local.create ? 0 : 1

  id = var.existing_network.vpc_id
}

################################################################################
# Subnets
################################################################################

data "aws_availability_zones" "available" {
  count = local.create ? 1 : 0

  state = "available"

  # Local zones carry no MSK brokers.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = local.create ? slice(data.aws_availability_zones.available[0].names, 0, var.availability_zone_count) : []
}

resource "aws_subnet" "private" {
  count = local.create ? var.availability_zone_count : 0

  vpc_id            = aws_vpc.this[0].id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, count.index)

  tags = { Name = "${var.name}-private-${local.zones[count.index]}" }
}

resource "aws_route_table" "private" {
  count = local.create ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count = local.create ? var.availability_zone_count : 0

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[0].id
}

################################################################################
# Endpoints
################################################################################

resource "aws_vpc_endpoint" "s3" {
  count = local.create ? 1 : 0

  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${data.aws_region.current.name}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private[0].id]

  tags = { Name = "${var.name}-s3" }
}

resource "aws_security_group" "endpoints" {
  count = local.create && length(var.interface_endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "AWS APIs for clients in the VPC of ${var.name}"
  vpc_id      = aws_vpc.this[0].id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_https" {
  count = length(aws_security_group.endpoints)

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.create ? var.interface_endpoints : []

  vpc_id              = aws_vpc.this[0].id
  service_name        = "com.amazonaws.${data.aws_region.current.name}.${each.value}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = aws_security_group.endpoints[*].id
  private_dns_enabled = true

  tags = { Name = "${var.name}-${each.value}" }
}
