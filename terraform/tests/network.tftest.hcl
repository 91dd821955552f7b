# The network module: what is created, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name = "user-events-test"
}

override_data {
  target = data.aws_subnet.existing[1]
  values = { vpc_id = "vpc-1", cidr_block = "10.1.1.0/24", availability_zone = "us-east-1b", map_public_ip_on_launch = false }
}

override_data {
  target = data.aws_subnet.existing[2]
  values = { vpc_id = "vpc-1", cidr_block = "10.1.2.0/24", availability_zone = "us-east-1c", map_public_ip_on_launch = false }
}

run "creates_three_private_subnets_without_a_way_out" {
  command = plan

  module {
    source = "./modules/network"
  }

  assert {
    condition     = aws_subnet.private[*].cidr_block == ["10.64.0.0/24", "10.64.1.0/24", "10.64.2.0/24"]
    error_message = "The subnets do not divide the VPC as documented."
  }

  assert {
    condition     = length(distinct(aws_subnet.private[*].availability_zone)) == 3 && !anytrue(aws_subnet.private[*].map_public_ip_on_launch)
    error_message = "Two subnets share an availability zone, or one gives public addresses."
  }

  assert {
    condition     = length(aws_default_security_group.this[0].ingress) == 0 && length(aws_default_security_group.this[0].egress) == 0
    error_message = "The default security group lets something through."
  }

  assert {
    condition     = aws_vpc_endpoint.s3[0].service_name == "com.amazonaws.us-east-1.s3" && length(aws_vpc_endpoint.interface) == 0
    error_message = "The endpoints are not S3's alone."
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.s3[0].policy).Statement[0].Condition.StringEquals["aws:ResourceAccount"] == ["123456789012"]
    error_message = "Through S3's endpoint buckets of other accounts are reached."
  }
}

run "logs_every_flow_to_a_group_of_its_own" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    log_retention_days = 90
    log_kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/1"
  }

  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL" && aws_flow_log.this[0].max_aggregation_interval == 600
    error_message = "Not every flow is logged by default."
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow[0].retention_in_days == 90 && aws_cloudwatch_log_group.flow[0].kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/1"
    error_message = "The flow logs are not kept as asked for, or not with the key."
  }

  assert {
    condition = jsondecode(aws_iam_role.flow[0].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*" }
    }
    error_message = "The flow log service may write here for another account."
  }
}

run "goes_without_flow_logs_where_it_is_told_to" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    flow_logs = null
  }

  assert {
    condition     = length(aws_flow_log.this) + length(aws_iam_role.flow) + length(aws_cloudwatch_log_group.flow) == 0 && output.flow_log_group == null
    error_message = "Something of the flow logs is made all the same."
  }
}

run "uses_the_zones_that_are_named" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    availability_zones      = ["us-east-1b", "us-east-1d"]
    availability_zone_count = 3
  }

  assert {
    condition     = aws_subnet.private[*].availability_zone == ["us-east-1b", "us-east-1d"] && output.subnet_count == 2
    error_message = "The subnets are not in the zones that were named."
  }
}

run "creates_nothing_in_an_existing_network" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    existing_network = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2", "subnet-3"] }
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_vpc_endpoint.s3) + length(aws_flow_log.this) == 0
    error_message = "Something is created in a network that is there already."
  }

  assert {
    condition     = output.vpc_cidr == "10.1.0.0/16" && output.subnet_count == 3
    error_message = "The existing network is not passed on."
  }
}

run "creates_nothing_at_all_where_no_network_is_wanted" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    create = false
  }

  assert {
    condition     = length(aws_vpc.this) + length(data.aws_vpc.existing) + length(aws_flow_log.this) == 0 && output.vpc_id == null && output.subnet_count == 0
    error_message = "There is a network although none is wanted."
  }
}

run "opens_endpoints_that_are_asked_for_to_the_vpc" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    interface_endpoints  = ["sts", "logs"]
    s3_endpoint_accounts = ["210987654321"]
  }

  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["logs", "sts"] && aws_vpc_security_group_ingress_rule.endpoints_https[0].cidr_ipv4 == "10.64.0.0/20"
    error_message = "The interface endpoints are not there, or not for the VPC."
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.s3[0].policy).Statement[0].Condition.StringEquals["aws:ResourceAccount"] == ["123456789012", "210987654321"]
    error_message = "S3's endpoint does not lead to the account that was named."
  }
}

run "rejects_a_region_with_too_few_zones" {
  command = plan

  module {
    source = "./modules/network"
  }

  override_data {
    target = data.aws_availability_zones.available[0]
    values = { names = ["us-west-1a", "us-west-1c"] }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_subnets_without_room_for_the_brokers" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    vpc_cidr             = "10.64.0.0/24"
    addresses_per_subnet = 12
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_existing_subnets_without_room_for_the_brokers" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    existing_network     = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2", "subnet-3"] }
    addresses_per_subnet = 252
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_subnets_of_another_vpc" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    existing_network = { vpc_id = "vpc-2", subnet_ids = ["subnet-1", "subnet-2", "subnet-3"] }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_two_subnets_of_one_zone" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    existing_network = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2", "subnet-3"] }
  }

  override_data {
    target = data.aws_subnet.existing[2]
    values = { vpc_id = "vpc-1", cidr_block = "10.1.2.0/24", availability_zone = "us-east-1b", map_public_ip_on_launch = false }
  }

  expect_failures = [terraform_data.rules]
}

run "warns_of_public_subnets" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    existing_network = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"] }
  }

  override_data {
    target = data.aws_subnet.existing[1]
    values = { vpc_id = "vpc-1", cidr_block = "10.1.1.0/24", availability_zone = "us-east-1b", map_public_ip_on_launch = true }
  }

  expect_failures = [check.existing_subnets_are_private]
}

run "rejects_a_range_too_small_for_subnets" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    vpc_cidr = "10.64.0.0/25"
  }

  expect_failures = [var.vpc_cidr]
}

run "rejects_four_zones" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    availability_zones = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]
  }

  expect_failures = [var.availability_zones]
}

run "rejects_an_aggregation_that_ec2_does_not_offer" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    flow_logs = { aggregation_seconds = 300 }
  }

  expect_failures = [var.flow_logs]
}

run "rejects_what_a_vpc_or_msk_would_refuse" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    vpc_cidr                = "10.64.0.0"
    existing_network        = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-1"] }
    availability_zone_count = 1
    availability_zones      = ["us-east-1a", "us-east-1a"]
    addresses_per_subnet    = 0.5
    interface_endpoints     = ["https://sts"]
    s3_endpoint_accounts    = ["my-account"]
    flow_logs               = { traffic_type = "EVERYTHING" }
  }

  expect_failures = [
    var.vpc_cidr,
    var.existing_network,
    var.availability_zone_count,
    var.availability_zones,
    var.addresses_per_subnet,
    var.interface_endpoints,
    var.s3_endpoint_accounts,
    var.flow_logs,
  ]
}
