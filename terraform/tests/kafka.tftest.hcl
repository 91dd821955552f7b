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
    condition     = aws_msk_cluster.this[0].client_authentication[0].sasl[0].iam && !aws_msk_cluster.this[0].client_authentication[0].unauthenticated
    error_message = "IAM is not the one way of authentication."
  }

  assert {
    condition     = aws_msk_cluster.this[0].broker_node_group_info[0].connectivity_info[0].vpc_connectivity[0].client_authentication[0].sasl[0].iam
    error_message = "Private connectivity for IAM is off; Firehose could not connect."
  }

  assert {
    condition     = aws_msk_cluster.this[0].encryption_info[0].encryption_in_transit[0].client_broker == "TLS"
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

run "opens_the_listeners_to_named_clients_alone" {
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
    condition     = aws_vpc_security_group_ingress_rule.private_connectivity[0].from_port == 14001 && aws_vpc_security_group_ingress_rule.private_connectivity[0].to_port == 14100
    error_message = "The listeners of private connectivity are not open."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.open_monitoring) == 0 && length(aws_msk_cluster.this[0].open_monitoring) == 0
    error_message = "Exporters are open although nobody asked."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.vpc[0].cidr_ipv4 == "10.64.0.0/20"
    error_message = "Brokers reach beyond the VPC."
  }
}

run "states_every_setting_of_the_topic" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_retention_hours = 48
    topic_retention_bytes = 107374182400
  }

  # Its input is known at plan only once the cluster's ARN is.
  override_resource {
    target          = aws_msk_cluster.this
    override_during = plan
    values          = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/user-events-test/11111111-2222-3333-4444-555555555555-1" }
  }

  assert {
    condition = jsondecode(aws_lambda_invocation.topic[0].input).configs == {
      "cleanup.policy"                 = "delete"
      "compression.type"               = "producer"
      "max.message.bytes"              = "1048576"
      "message.timestamp.type"         = "LogAppendTime"
      "min.insync.replicas"            = "2"
      "retention.bytes"                = "107374182400"
      "retention.ms"                   = "172800000"
      "segment.bytes"                  = "536870912"
      "segment.ms"                     = "21600000"
      "unclean.leader.election.enable" = "false"
    }
    error_message = "The topic's settings are not what was asked for."
  }
}

run "gives_express_brokers_neither_a_disk_nor_settings_that_they_refuse" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type               = "express.m7g.large"
    topic_min_insync_replicas = 2
  }

  assert {
    condition     = length(aws_msk_cluster.this[0].broker_node_group_info[0].storage_info) == 0
    error_message = "A disk is asked for that express brokers do not take."
  }

  assert {
    condition     = aws_msk_configuration.this[0].server_properties == "auto.create.topics.enable=false\n"
    error_message = "Express brokers are told what they refuse to be told."
  }

  assert {
    condition     = keys(local.topic_configs) == ["cleanup.policy", "compression.type", "max.message.bytes", "message.timestamp.type", "retention.bytes", "retention.ms"]
    error_message = "The topic has settings that express brokers protect."
  }
}

run "gives_the_brokers_what_a_production_owner_asks_for" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type                = "kafka.m7g.4xlarge"
    broker_volume_gib          = 2600
    provisioned_throughput_mib = 500
    storage_autoscaling        = { maximum_gib = 5200 }
    storage_mode               = "TIERED"
    broker_logs_s3             = { bucket = "company-logs" }
    open_monitoring            = { scraper_cidrs = ["10.64.0.0/20"] }
    server_properties          = { "num.replica.fetchers" = "4" }
    kms_key_arn                = "arn:aws:kms:us-east-1:123456789012:key/1"
    log_kms_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/2"
  }

  assert {
    condition     = aws_appautoscaling_target.storage[0].max_capacity == 5200 && aws_appautoscaling_target.storage[0].min_capacity == 1
    error_message = "The disks do not grow as asked for."
  }

  assert {
    condition     = aws_appautoscaling_policy.storage[0].target_tracking_scaling_policy_configuration[0].target_value == 60 && aws_appautoscaling_policy.storage[0].target_tracking_scaling_policy_configuration[0].disable_scale_in
    error_message = "The disks do not grow at 60 %, or are asked to shrink."
  }

  assert {
    condition     = aws_msk_cluster.this[0].broker_node_group_info[0].storage_info[0].ebs_storage_info[0].provisioned_throughput[0].volume_throughput == 500
    error_message = "The disks have not the throughput that was asked for."
  }

  assert {
    condition     = aws_msk_cluster.this[0].storage_mode == "TIERED" && local.topic_configs["remote.storage.enable"] == "true" && local.topic_configs["local.retention.ms"] == "43200000"
    error_message = "The topic is not tiered."
  }

  assert {
    condition     = aws_msk_cluster.this[0].logging_info[0].broker_logs[0].s3[0].bucket == "company-logs" && aws_msk_cluster.this[0].logging_info[0].broker_logs[0].cloudwatch_logs[0].enabled
    error_message = "The brokers' logs do not go to both places."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.open_monitoring["10.64.0.0/20"].from_port == 11001 && aws_msk_cluster.this[0].open_monitoring[0].prometheus[0].jmx_exporter[0].enabled_in_broker
    error_message = "Prometheus finds no exporter, or no way in."
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this[0].server_properties, "num.replica.fetchers=4\n") && strcontains(aws_msk_configuration.this[0].server_properties, "unclean.leader.election.enable=false\n")
    error_message = "The brokers' properties are not the module's and the owner's together."
  }

  assert {
    condition     = aws_msk_cluster.this[0].encryption_info[0].encryption_at_rest_kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/1" && aws_cloudwatch_log_group.brokers[0].kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/2" && aws_cloudwatch_log_group.topic[0].kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/2"
    error_message = "Disks or logs are not encrypted with the keys."
  }
}

run "lets_in_the_firehose_of_one_stream_where_asked" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    cluster_policy_source = "stream"
    delivery_stream_name  = "user-events-test"
    existing_cluster      = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1", manage_policy = true }
  }

  assert {
    condition = jsondecode(aws_msk_cluster_policy.firehose[0].policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:firehose:us-east-1:123456789012:deliverystream/user-events-test" }
    }
    error_message = "The cluster policy lets in another stream than the one that was named."
  }

  assert {
    condition     = jsondecode(aws_msk_cluster_policy.firehose[0].policy).Statement[0].Principal.Service == "firehose.amazonaws.com" && contains(jsondecode(aws_msk_cluster_policy.firehose[0].policy).Statement[0].Action, "kafka:CreateVpcConnection")
    error_message = "Firehose may not connect."
  }
}

run "uses_a_cluster_that_is_made_elsewhere" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    vpc_id           = null
    vpc_cidr         = null
    subnet_ids       = []
    subnet_count     = 0
    existing_cluster = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1" }
  }

  assert {
    condition     = length(aws_msk_cluster.this) + length(aws_security_group.brokers) + length(aws_msk_configuration.this) + length(aws_cloudwatch_log_group.brokers) + length(aws_msk_cluster_policy.firehose) == 0
    error_message = "Something of a cluster is made although it is there already."
  }

  assert {
    condition     = output.cluster_name == "shared" && output.cluster_arn == "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1" && output.bootstrap_brokers == "b-1.shared:9098,b-2.shared:9098,b-3.shared:9098"
    error_message = "The existing cluster is not passed on."
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.topic[0].input).cluster_arn == output.cluster_arn && local.any_topic_arn == "arn:aws:kafka:us-east-1:123456789012:topic/shared/*/user-events"
    error_message = "The topic is not made in the existing cluster."
  }

  assert {
    condition     = jsondecode(output.firehose_policy).Statement[0].Resource == output.cluster_arn && jsondecode(output.firehose_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "The policy for the cluster's owner is not about this cluster and this account."
  }
}

run "leaves_a_topic_alone_that_is_made_elsewhere" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    vpc_id           = null
    vpc_cidr         = null
    subnet_ids       = []
    subnet_count     = 0
    existing_cluster = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1", manage_topic = false }
  }

  assert {
    condition     = length(aws_lambda_invocation.topic) + length(aws_lambda_function.topic) + length(aws_iam_role.topic) + length(aws_cloudwatch_log_group.topic) == 0
    error_message = "The topic, or its function, is made although it is there already."
  }

  assert {
    condition = jsondecode(output.producer_policy).Statement == [
      {
        Sid      = "Connect"
        Effect   = "Allow"
        Action   = ["kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"]
        Resource = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1"
      },
      {
        Sid      = "WriteTheTopic"
        Effect   = "Allow"
        Action   = ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"]
        Resource = "arn:aws:kafka:us-east-1:123456789012:topic/shared/11111111-2222-3333-4444-555555555555-1/user-events"
      },
    ]
    error_message = "A producer is not given cluster/NAME/UUID and topic/NAME/UUID/TOPIC, or not the right actions on them."
  }

  assert {
    condition = [for statement in jsondecode(output.consumer_policy).Statement : statement.Resource] == [
      "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1",
      "arn:aws:kafka:us-east-1:123456789012:topic/shared/11111111-2222-3333-4444-555555555555-1/user-events",
      "arn:aws:kafka:us-east-1:123456789012:group/shared/11111111-2222-3333-4444-555555555555-1/user-events-test-*",
    ]
    error_message = "A reader is not given cluster/NAME/UUID, topic/NAME/UUID/TOPIC and group/NAME/UUID/GROUP."
  }
}

run "carries_500_gib_a_day_at_three_times_its_average" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type         = "kafka.m7g.xlarge"
    broker_volume_gib   = 2510
    storage_autoscaling = { maximum_gib = 5200 }
    load                = { mb_per_second = 6.21, peak_mb_per_second = 18.64 }
  }

  assert {
    condition     = local.disk_gib == 1506
    error_message = "The disks are not counted as retention, rate, copies and open files make it."
  }

  assert {
    condition     = local.partitions_needed == 2 && local.partition_copies == 12
    error_message = "Partitions are not counted as Firehose's quota and copies make it."
  }
}

run "carries_the_same_on_express_brokers" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type = "express.m7g.large"
    load        = { mb_per_second = 6.21, peak_mb_per_second = 18.64 }
  }

  assert {
    condition     = local.sustained_ingress == 15.6 && local.brokers_of_zones == 2
    error_message = "Express brokers are not counted as MSK's quota makes it."
  }
}

run "takes_the_storage_limit_into_the_budget" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_retention_bytes = 53687091200
    load                  = { mb_per_second = 2, peak_mb_per_second = 6 }
    broker_volume_gib     = 800
    outage_budget_hours   = 48
  }

  assert {
    condition     = local.hours_of_bytes == 89 && local.kept_hours == 72
    error_message = "What a size keeps is not counted in hours of the average rate."
  }
}

run "rejects_brokers_without_a_network" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    vpc_id = null
  }

  expect_failures = [terraform_data.rules]
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

  expect_failures = [terraform_data.rules, check.topic_survives_a_broker]
}

run "warns_of_a_retention_below_a_day" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_retention_hours = 23
    outage_budget_hours   = 12
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

run "rejects_a_cluster_of_another_account" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    existing_cluster = { arn = "arn:aws:kafka:us-east-1:210987654321:cluster/shared/11111111-2222-3333-4444-555555555555-1" }
  }

  expect_failures = [data.aws_msk_cluster.existing]
}

run "rejects_a_cluster_of_another_region" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    existing_cluster = { arn = "arn:aws:kafka:eu-west-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1" }
  }

  expect_failures = [data.aws_msk_cluster.existing]
}

run "rejects_a_cluster_that_was_made_again" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    existing_cluster = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/99999999-2222-3333-4444-555555555555-1" }
  }

  expect_failures = [data.aws_msk_cluster.existing]
}

run "rejects_a_policy_for_anybody_on_a_cluster_of_others" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    existing_cluster      = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1", manage_policy = true }
    cluster_policy_source = "none"
  }

  expect_failures = [terraform_data.rules, check.cluster_policy_names_its_source]
}

run "rejects_a_policy_for_a_stream_without_a_name" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    cluster_policy_source = "stream"
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_serverless_cluster" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    existing_cluster = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-s3" }
  }

  expect_failures = [var.existing_cluster]
}

run "rejects_an_outage_longer_than_retention" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_retention_hours = 47
    outage_budget_hours   = 48
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_an_outage_that_fills_the_topic" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type           = "kafka.m7g.xlarge"
    broker_volume_gib     = 2600
    storage_autoscaling   = { maximum_gib = 5200 }
    load                  = { mb_per_second = 6.21, peak_mb_per_second = 18.64 }
    topic_retention_bytes = 53687091200
    outage_budget_hours   = 30
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_express_brokers_in_two_zones" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type  = "express.m7g.large"
    subnet_ids   = ["subnet-1", "subnet-2"]
    subnet_count = 2
    broker_count = 4
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_two_copies_on_express_brokers" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type               = "express.m7g.large"
    topic_replication_factor  = 2
    topic_min_insync_replicas = 1
  }

  expect_failures = [terraform_data.rules, check.topic_survives_a_broker]
}

run "rejects_tiered_storage_on_express_brokers" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type  = "express.m7g.large"
    storage_mode = "TIERED"
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_growing_disks_on_express_brokers" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type         = "express.m7g.large"
    storage_autoscaling = { maximum_gib = 1000 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_disks_that_may_grow_to_less_than_they_are" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    storage_autoscaling = { maximum_gib = 100 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_provisioned_throughput_on_small_brokers" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    provisioned_throughput_mib = 300
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_more_throughput_than_a_broker_type_takes" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type                = "kafka.m7g.2xlarge"
    provisioned_throughput_mib = 313
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_provisioned_throughput_on_small_disks" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type                = "kafka.m7g.2xlarge"
    provisioned_throughput_mib = 300
    broker_volume_gib          = 9
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_disks_that_retention_fills" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type         = "kafka.m7g.xlarge"
    load                = { mb_per_second = 6.21, peak_mb_per_second = 18.64 }
    storage_autoscaling = null
    broker_volume_gib   = 1771
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_tiered_storage_for_less_than_three_days" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    storage_mode          = "TIERED"
    topic_retention_hours = 71
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_local_retention_as_long_as_all_of_it" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    storage_mode                = "TIERED"
    topic_local_retention_hours = 72
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_small_segments_in_tiered_storage" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    storage_mode      = "TIERED"
    topic_segment_mib = 47
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_too_few_partitions_for_the_peak" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type         = "kafka.m7g.xlarge"
    broker_volume_gib   = 2600
    storage_autoscaling = { maximum_gib = 5200 }
    load                = { mb_per_second = 6.21, peak_mb_per_second = 18.64 }
    topic_partitions    = 1
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_more_partitions_than_brokers_are_updated_with" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_partitions = 1501
  }

  expect_failures = [terraform_data.rules, check.brokers_carry_the_partitions]
}

run "rejects_a_peak_that_express_brokers_throttle" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type = "express.m7g.large"
    load        = { mb_per_second = 23, peak_mb_per_second = 70.3 }
  }

  expect_failures = [terraform_data.rules, check.brokers_carry_the_peak_without_a_zone]
}

run "rejects_alarms_on_metrics_that_are_not_sent" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    monitoring_level        = "PER_BROKER"
    needed_monitoring_level = "PER_TOPIC_PER_BROKER"
  }

  expect_failures = [terraform_data.rules]
}

run "warns_of_files_that_outlive_retention" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_segment_hours = 73
  }

  expect_failures = [check.topic_forgets_what_it_should]
}

run "warns_of_two_copies" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_replication_factor  = 2
    topic_min_insync_replicas = 1
  }

  expect_failures = [check.topic_survives_a_broker]
}

run "warns_of_disks_that_must_grow_at_once" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_type         = "kafka.m7g.xlarge"
    storage_autoscaling = { maximum_gib = 5200 }
    load                = { mb_per_second = 6.21, peak_mb_per_second = 18.64 }
    broker_volume_gib   = 2509
  }

  expect_failures = [check.disks_have_the_size_they_need]
}

run "warns_of_a_peak_that_needs_every_zone" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_volume_gib   = 2600
    storage_autoscaling = { maximum_gib = 5200 }
    load                = { mb_per_second = 6.21, peak_mb_per_second = 18.64 }
    broker_type         = "kafka.m7g.large"
  }

  expect_failures = [check.brokers_carry_the_peak_without_a_zone]
}

run "warns_of_more_partitions_than_aws_advises" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    topic_partitions = 1001
  }

  expect_failures = [check.brokers_carry_the_partitions]
}

run "warns_of_more_brokers_than_the_quota" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    broker_count  = 33
    kafka_version = "3.9.x"
  }

  expect_failures = [check.brokers_are_within_the_quota]
}

run "warns_of_a_cluster_policy_for_anybody" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    cluster_policy_source = "none"
  }

  expect_failures = [check.cluster_policy_names_its_source]
}

run "rejects_kraft_before_msk_had_it" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    kafka_version = "3.6.0.kraft"
  }

  expect_failures = [var.kafka_version]
}

run "rejects_kafka_4_with_zookeeper" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    kafka_version = "4.0.x"
  }

  expect_failures = [var.kafka_version]
}

run "rejects_a_storage_target_beyond_what_msk_takes" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    storage_autoscaling = { maximum_gib = 1000, target_percent = 81 }
  }

  expect_failures = [var.storage_autoscaling]
}

run "rejects_a_cluster_that_firehose_cannot_reach" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    existing_cluster = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1" }
  }

  override_data {
    target = data.aws_msk_cluster.existing[0]
    values = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1", number_of_broker_nodes = 3, broker_node_group_info = [] }
  }

  expect_failures = [data.aws_msk_cluster.existing]
}

run "rejects_what_msk_or_kafka_would_refuse" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    name                        = "user_events"
    broker_count                = 1
    broker_type                 = "m7g.large"
    broker_volume_gib           = 16385
    monitoring_level            = "FULL"
    client_cidrs                = ["0.0.0.0/0"]
    topic_name                  = "user events"
    topic_partitions            = 1.5
    topic_replication_factor    = 2.5
    topic_min_insync_replicas   = 0
    topic_retention_hours       = 0.5
    topic_max_message_bytes     = 4194305
    topic_package               = "tests/absent.zip"
    existing_cluster            = { arn = "shared" }
    storage_mode                = "GLACIER"
    provisioned_throughput_mib  = 249
    server_properties           = { "auto.create.topics.enable" = "true" }
    needed_monitoring_level     = "ALL"
    open_monitoring             = { scraper_cidrs = ["0.0.0.0/0"] }
    load                        = { mb_per_second = 2, peak_mb_per_second = 1 }
    storage_autoscaling         = { maximum_gib = 16385 }
    cluster_policy_source       = "anyone"
    outage_budget_hours         = 0
    topic_retention_bytes       = 1000
    topic_local_retention_hours = 0
    topic_segment_mib           = 1025
    topic_segment_hours         = 0
    topic_compression_type      = "brotli"
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
    var.existing_cluster,
    var.storage_mode,
    var.provisioned_throughput_mib,
    var.server_properties,
    var.needed_monitoring_level,
    var.open_monitoring,
    var.load,
    var.storage_autoscaling,
    var.cluster_policy_source,
    var.outage_budget_hours,
    var.topic_retention_bytes,
    var.topic_local_retention_hours,
    var.topic_segment_mib,
    var.topic_segment_hours,
    var.topic_compression_type,
  ]
}
