# The network module: what is created, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name = "user-events-test"
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
    condition     = length(distinct(aws_subnet.private[*].availability_zone)) == 3
    error_message = "Two subnets share an availability zone."
  }

  assert {
    condition     = length(aws_default_security_group.this[0].ingress) == 0 && length(aws_default_security_group.this[0].egress) == 0
    error_message = "The default security group lets something through."
  }

  assert {
    condition     = aws_vpc_endpoint.s3[0].service_name == "com.amazonaws.us-east-1.s3" && length(aws_vpc_endpoint.interface) == 0
    error_message = "The endpoints are not S3's alone."
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
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_vpc_endpoint.s3) == 0
    error_message = "Something is created in a network that is there already."
  }

  assert {
    condition     = output.vpc_cidr == "10.1.0.0/16" && output.subnet_count == 3
    error_message = "The existing network is not passed on."
  }
}

run "opens_endpoints_that_are_asked_for_to_the_vpc" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    interface_endpoints = ["sts", "logs"]
  }

  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["logs", "sts"] && aws_vpc_security_group_ingress_rule.endpoints_https[0].cidr_ipv4 == "10.64.0.0/20"
    error_message = "The interface endpoints are not there, or not for the VPC."
  }
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

run "rejects_what_a_vpc_or_msk_would_refuse" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    vpc_cidr                = "10.64.0.0"
    existing_network        = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-1"] }
    availability_zone_count = 1
    interface_endpoints     = ["https://sts"]
  }

  expect_failures = [
    var.vpc_cidr,
    var.existing_network,
    var.availability_zone_count,
    var.interface_endpoints,
  ]
}
