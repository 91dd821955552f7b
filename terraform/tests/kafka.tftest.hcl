# The kafka module: brokers, doors and topic, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                = "user-events-test"
  vpc_id              = "vpc-1"
  vpc_cidr            = "10.64.0.0/20"
  subnet_ids          = ["subnet-1", "subnet-2", "subnet-3"]
  subnet_count        = 3
  log_retention_days  = 30
  topic_package       = "tests/empty.zip"
  lambda_runtime      = "python3.13"
  lambda_architecture = "arm64"
}

run "lets_clients_in_with_iam_alone_and_the_function_to_its_topic" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  assert {
    condition     = aws_msk_cluster.this.client_authentication[0].sasl[0].iam && !aws_msk_cluster.this.client_authentication[0].unauthenticated
    error_message = "IAM is not the one way of authentication."
  }

  assert {
    condition     = aws_msk_cluster.this.broker_node_group_info[0].connectivity_info[0].vpc_connectivity[0].client_authentication[0].sasl[0].iam
    error_message = "Private connectivity for IAM is off; Firehose could not connect."
  }

  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].client_broker == "TLS"
    error_message = "Clients may talk without TLS."
  }

  assert {
    condition     = local.any_cluster_arn == "arn:aws:kafka:us-east-1:123456789012:cluster/user-events-test/*"
    error_message = "The cluster's ARN is not cluster/NAME/UUID."
  }

  assert {
    condition     = local.any_topic_arn == "arn:aws:kafka:us-east-1:123456789012:topic/user-events-test/*/user-events"
    error_message = "The topic's ARN is not topic/NAME/UUID/TOPIC."
  }
}

run "opens_the_listeners_to_named_clients_and_gives_express_brokers_no_disk" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    kafka_version = "4.0.x.kraft"
    broker_type   = "express.m7g.large"
    client_cidrs  = ["10.9.0.0/16"]
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.iam_clients) == ["10.64.0.0/20", "10.9.0.0/16"]
    error_message = "Other clients than those of the VPC and those named get in."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.private_connectivity.from_port == 14001 && aws_vpc_security_group_ingress_rule.private_connectivity.to_port == 14100
    error_message = "The listeners of private connectivity are not open."
  }

  assert {
    condition     = length(aws_msk_cluster.this.broker_node_group_info[0].storage_info) == 0
    error_message = "A disk is asked for that express brokers do not take."
  }
}

run "rejects_brokers_that_do_not_divide_over_the_subnets" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_count = 4
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_more_copies_than_brokers" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_replication_factor = 4
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_producers_that_stop_with_one_broker" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_min_insync_replicas = 3
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_more_insync_copies_than_copies" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_replication_factor  = 1
    topic_min_insync_replicas = 2
  }

  expect_failures = [terraform_data.rules]
}

run "warns_of_a_retention_below_a_day" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_retention_hours = 23
  }

  expect_failures = [check.topic_keeps_records_for_a_day]
}

run "rejects_brokers_without_private_connectivity" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type = "kafka.t3.small"
  }

  expect_failures = [var.broker_type]
}

run "rejects_a_kafka_without_topic_operations" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    kafka_version = "3.5.1"
  }

  expect_failures = [var.kafka_version]
}

run "rejects_what_msk_or_kafka_would_refuse" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    name                      = "user_events"
    broker_count              = 1
    broker_type               = "m7g.large"
    broker_volume_gib         = 16385
    monitoring_level          = "FULL"
    client_cidrs              = ["0.0.0.0/0"]
    topic_name                = "user events"
    topic_partitions          = 1.5
    topic_replication_factor  = 2.5
    topic_min_insync_replicas = 0
    topic_retention_hours     = 0.5
    topic_max_message_bytes   = 4194305
    topic_package             = "tests/absent.zip"
  }

  expect_failures = [
    var.name,
    var.broker_count,
    var.broker_type,
    var.broker_volume_gib,
    var.monitoring_level,
    var.client_cidrs,
    var.topic_name,
    var.topic_partitions,
    var.topic_replication_factor,
    var.topic_min_insync_replicas,
    var.topic_retention_hours,
    var.topic_max_message_bytes,
    var.topic_package,
  ]
}
