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

run "lets_clients_in_with_iam_alone" {
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
}

run "opens_the_listeners_to_the_vpc_and_named_clients" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    client_cidrs = ["10.9.0.0/16"]
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.iam_clients) == ["10.64.0.0/20", "10.9.0.0/16"]
    error_message = "Other clients than those of the VPC and those named get in."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.private_connectivity.from_port == 14001 && aws_vpc_security_group_ingress_rule.private_connectivity.to_port == 14100
    error_message = "The listeners of private connectivity are not open."
  }
}

run "names_cluster_and_topic_in_the_function_rights" {
  command = plan

  module {
    source = "./modules/kafka"
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

run "gives_express_brokers_no_disk" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type = "express.m7g.large"
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

run "rejects_a_broker_type_that_is_none" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type = "m7g.large"
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

run "accepts_a_kafka_of_the_next_line" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    kafka_version = "4.0.x.kraft"
  }
}

run "rejects_a_single_broker" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_count = 1
  }

  expect_failures = [var.broker_count]
}

run "rejects_a_disk_beyond_what_msk_has" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_volume_gib = 16385
  }

  expect_failures = [var.broker_volume_gib]
}

run "rejects_an_unknown_monitoring_level" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    monitoring_level = "FULL"
  }

  expect_failures = [var.monitoring_level]
}

run "rejects_the_whole_internet_as_clients" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    client_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.client_cidrs]
}

run "rejects_a_topic_name_with_a_blank" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_name = "user events"
  }

  expect_failures = [var.topic_name]
}

run "rejects_half_a_partition" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_partitions = 1.5
  }

  expect_failures = [var.topic_partitions]
}

run "rejects_records_that_lambda_cannot_take" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_max_message_bytes = 4194305
  }

  expect_failures = [var.topic_max_message_bytes]
}

run "rejects_a_zip_that_is_not_there" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_package = "tests/absent.zip"
  }

  expect_failures = [var.topic_package]
}

run "rejects_half_copies_and_half_hours" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    name                      = "user_events"
    topic_replication_factor  = 2.5
    topic_min_insync_replicas = 0
    topic_retention_hours     = 0.5
  }

  expect_failures = [var.name, var.topic_replication_factor, var.topic_min_insync_replicas, var.topic_retention_hours]
}
