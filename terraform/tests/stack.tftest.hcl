# The stack as a whole: what an environment becomes, and the rules between modules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment         = "test"
  lambda_runtime      = "python3.13"
  lambda_architecture = "arm64"
  lambda_packages     = { transform = "tests/empty.zip", topic = "tests/empty.zip", probe = "tests/empty.zip", slack = "tests/empty.zip" }
  alarms_unattended   = true
  max_event_age_days  = 30
}

override_data {
  target = module.network.data.aws_subnet.existing[1]
  values = { vpc_id = "vpc-1", cidr_block = "10.1.1.0/24", availability_zone = "us-east-1b", map_public_ip_on_launch = false }
}

override_data {
  target = module.network.data.aws_subnet.existing[2]
  values = { vpc_id = "vpc-1", cidr_block = "10.1.2.0/24", availability_zone = "us-east-1c", map_public_ip_on_launch = false }
}

run "plans_with_nothing_but_what_has_no_default" {
  command = plan

  assert {
    condition     = output.kafka_auth == "iam" && output.data_prefix == "events/" && output.error_prefix == "errors/"
    error_message = "The outputs that the tools read have changed."
  }

  assert {
    condition     = output.glue_database == "user_events_test" && output.glue_table == "user_events"
    error_message = "Database and table are not named after the stack and the schema."
  }

  assert {
    condition     = output.delivery_stream_name == "user-events-test" && output.transform_function_name == "user-events-test-transform"
    error_message = "Names do not begin with name and environment."
  }

  assert {
    condition     = jsonencode(output.transform_accepted_window) == jsonencode({ earliest_event_date = null, max_event_age_days = 30, max_future_skew_hours = 24 })
    error_message = "The accepted window is not what was asked for."
  }
}

run "plans_into_an_existing_network_with_as_many_dates_as_firehose_keeps_open" {
  command = plan

  variables {
    max_event_age_days = 498
    existing_network   = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2", "subnet-3"] }
  }

  assert {
    condition     = output.kafka_topic == "user-events"
    error_message = "The stack does not plan into a network that exists."
  }
}

run "uses_a_kafka_cluster_that_is_made_elsewhere" {
  command = plan

  variables {
    existing_kafka_cluster = { arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1" }
  }

  assert {
    condition     = output.kafka_cluster_arn == var.existing_kafka_cluster.arn && module.network.vpc_id == null
    error_message = "A network or a cluster is made although the cluster is there already."
  }

  assert {
    condition     = jsondecode(output.kafka_producer_policy).Statement[1].Resource == "arn:aws:kafka:us-east-1:123456789012:topic/shared/11111111-2222-3333-4444-555555555555-1/user-events"
    error_message = "A producer is not given the topic of the existing cluster."
  }
}

run "rejects_a_load_without_a_rate" {
  command = plan

  variables {
    expected_gib_per_day = 0
    peak_factor          = 0.5
  }

  expect_failures = [var.expected_gib_per_day, var.peak_factor]
}

run "warns_of_more_dates_than_firehose_keeps_open" {
  command = plan

  variables {
    max_event_age_days  = null
    earliest_event_date = "2020-01-01"
  }

  expect_failures = [check.accepted_dates_fit_the_active_partitions]
}

run "accepts_more_dates_for_samples_without_a_warning" {
  command = plan

  variables {
    max_event_age_days  = null
    earliest_event_date = "2020-01-01"
    samples_only        = true
  }
}

run "rejects_a_prod_for_samples" {
  command = plan

  variables {
    environment  = "prod"
    samples_only = true
  }

  expect_failures = [terraform_data.rules]
}

run "accepts_recent_earliest_date_without_a_warning" {
  command = plan

  variables {
    max_event_age_days  = null
    earliest_event_date = "2999-01-01"
  }
}

run "rejects_more_dates_than_the_partition_limit" {
  command = plan

  variables {
    max_event_age_days = 499
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_events_that_no_query_would_see" {
  command = plan

  variables {
    max_event_age_days  = null
    earliest_event_date = "2019-12-31"
  }

  expect_failures = [terraform_data.rules, check.accepted_dates_fit_the_active_partitions]
}

run "rejects_a_prod_that_destroy_would_empty" {
  command = plan

  variables {
    environment          = "prod"
    bucket_force_destroy = true
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_prod_without_a_rolling_window" {
  command = plan

  variables {
    environment         = "prod"
    max_event_age_days  = null
    earliest_event_date = "2999-01-01"
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_what_aws_would_refuse" {
  command = plan

  variables {
    name                   = "UserEvents"
    environment            = "pre-prod"
    aws_region             = "virginia"
    account_id             = "1234-5678-9012"
    existing_kms_keys      = { data = "alias/user-events" }
    log_retention_days     = 31
    earliest_event_date    = "2023-02-30"
    active_partition_limit = 5001
    lambda_packages        = { transform = "tests/absent.zip", topic = "tests/absent.zip", probe = "tests/absent.zip", slack = "tests/absent.zip" }
    lambda_runtime         = "python3.9"
    lambda_architecture    = "aarch64"
  }

  expect_failures = [
    var.name,
    var.environment,
    var.aws_region,
    var.account_id,
    var.existing_kms_keys,
    var.log_retention_days,
    var.earliest_event_date,
    var.active_partition_limit,
    var.lambda_packages,
    var.lambda_runtime,
    var.lambda_architecture,
  ]
}

run "plans_with_partition_keys_by_query_and_a_bucket_of_another_account" {
  command = plan

  variables {
    partition_key_source = "query"
    existing_bucket      = { name = "shared-lake", account_id = "210987654321" }
  }

  assert {
    condition     = output.bucket == "shared-lake"
    error_message = "The stack does not plan over a bucket that exists."
  }
}

run "plans_with_the_keys_of_aws" {
  command = plan

  variables {
    create_kms_keys = false
  }

  assert {
    condition     = jsonencode(output.kms_key_arns) == jsonencode({ alarms = null, data = null, logs = null })
    error_message = "Keys are made although none are wanted."
  }
}

run "rejects_a_first_date_within_the_rolling_window" {
  command = plan

  variables {
    lake_first_event_date = "2999-01-01"
  }

  expect_failures = [terraform_data.rules]
}

run "warns_of_a_prod_without_keys_of_its_own" {
  command = plan

  variables {
    environment     = "prod"
    create_kms_keys = false
  }

  expect_failures = [check.prod_has_keys_of_its_own]
}

run "reckons_the_peak_from_the_declared_load" {
  command = plan

  variables {
    transform_buffer_size_mib = 2
  }

  assert {
    condition     = floor(local.expected_load.peak_bytes_per_second) == 18641351 && local.expected_load.batch_mib == 2
    error_message = "Three times 500 GiB a day is 18.6 MB a second."
  }
}
