# What AWS would answer, for tests without a network.

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "123456789012"
  }
}

mock_data "aws_partition" {
  defaults = {
    partition  = "aws"
    dns_suffix = "amazonaws.com"
  }
}

mock_data "aws_region" {
  defaults = {
    name = "us-east-1"
  }
}

mock_data "aws_availability_zones" {
  defaults = {
    names = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]
  }
}

mock_data "aws_vpc" {
  defaults = {
    cidr_block = "10.1.0.0/16"
  }
}

# One subnet of a network that exists; tests say which zone the others are in.
mock_data "aws_subnet" {
  defaults = {
    vpc_id                  = "vpc-1"
    cidr_block              = "10.1.0.0/24"
    availability_zone       = "us-east-1a"
    map_public_ip_on_launch = false
  }
}

# A cluster that is ready for Firehose.
mock_data "aws_msk_cluster" {
  defaults = {
    arn                    = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1"
    number_of_broker_nodes = 3
    broker_node_group_info = [{
      az_distribution = "DEFAULT"
      client_subnets  = ["subnet-1", "subnet-2", "subnet-3"]
      instance_type   = "kafka.m7g.large"
      security_groups = ["sg-1"]
      storage_info    = []
      connectivity_info = [{
        public_access    = []
        vpc_connectivity = [{ client_authentication = [{ tls = false, sasl = [{ iam = true, scram = false }] }] }]
      }]
    }]
  }
}

mock_data "aws_msk_bootstrap_brokers" {
  defaults = {
    bootstrap_brokers_sasl_iam = "b-1.shared:9098,b-2.shared:9098,b-3.shared:9098"
  }
}
