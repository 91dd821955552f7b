# Where the brokers live: three private subnets without a way to the internet, or a network that exists already.
# Firehose comes in through MSK's own PrivateLink, and the Lambda functions run outside of the VPC, so the brokers
# need no NAT and no endpoint. Endpoints are for Kafka clients that run in the VPC.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

################################################################################
# VPC
################################################################################

locals {
  create   = var.create && var.existing_network == null
  existing = var.create && var.existing_network != null
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
  count = local.existing ? 1 : 0

  id = var.existing_network.vpc_id
}

################################################################################
# Subnets
################################################################################

data "aws_availability_zones" "available" {
  count = local.create && var.availability_zones == null ? 1 : 0

  state = "available"

  # Local zones carry no MSK brokers.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  available_zones = flatten(data.aws_availability_zones.available[*].names)
  zones           = var.availability_zones != null ? var.availability_zones : slice(local.available_zones, 0, min(var.availability_zone_count, length(local.available_zones)))
  zone_count      = var.availability_zones != null ? length(var.availability_zones) : var.availability_zone_count
}

resource "aws_subnet" "private" {
  count = local.create ? local.zone_count : 0

  vpc_id = aws_vpc.this[0].id
  # A region with too few zones is named by a rule, not by an index out of range.
  availability_zone = try(local.zones[count.index], null)
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, count.index)

  # The default, stated: no interface in here ever gets a public address.
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-private-${try(local.zones[count.index], count.index)}" }
}

resource "aws_route_table" "private" {
  count = local.create ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count = local.create ? local.zone_count : 0

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[0].id
}

# By number, not by id: the subnets may be made in the same apply, and their ids be unknown yet.
data "aws_subnet" "existing" {
  count = local.existing ? length(var.existing_network.subnet_ids) : 0

  id = var.existing_network.subnet_ids[count.index]
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

  # Nothing leaves for buckets of accounts that are not named. Any action on any bucket is meant: what a client may do
  # is for its own role to say; this door only says whose buckets.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "BucketsOfNamedAccounts"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:ResourceAccount" = concat([data.aws_caller_identity.current.account_id], sort(var.s3_endpoint_accounts)) } }
    }]
  })

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

################################################################################
# Flow logs
################################################################################

# Of the VPC that is created; an existing network's are its owner's.

locals {
  flow_logs = local.create && var.flow_logs != null
}

resource "aws_cloudwatch_log_group" "flow" {
  count = local.flow_logs ? 1 : 0

  name              = "/aws/vpc/${var.name}/flow"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

# The conditions keep the service from writing here for another account's flow log
# (Amazon VPC user guide, "IAM role for publishing flow logs to CloudWatch Logs").
resource "aws_iam_role" "flow" {
  count = local.flow_logs ? 1 : 0

  name        = "${var.name}-flow-logs"
  description = "Writes the flow logs of ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
        ArnLike = {
          "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:ec2:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:vpc-flow-log/*"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "flow" {
  count = local.flow_logs ? 1 : 0

  name = "write-flow-logs"
  role = aws_iam_role.flow[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "WriteToTheGroup"
      Effect = "Allow"
      Action = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"]
      Resource = [
        aws_cloudwatch_log_group.flow[0].arn,
        "${aws_cloudwatch_log_group.flow[0].arn}:*",
      ]
    }]
  })
}

resource "aws_flow_log" "this" {
  count = local.flow_logs ? 1 : 0

  vpc_id                   = aws_vpc.this[0].id
  traffic_type             = var.flow_logs.traffic_type
  max_aggregation_interval = var.flow_logs.aggregation_seconds
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn             = aws_iam_role.flow[0].arn

  tags = { Name = var.name }

  depends_on = [aws_iam_role_policy.flow]
}
