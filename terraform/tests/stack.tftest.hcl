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
    existing_network   = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-1", "subnet-2", "subnet-3"] }
  }

  assert {
    condition     = output.kafka_topic == "user-events"
    error_message = "The stack does not plan into a network that exists."
  }
}

run "warns_of_more_dates_than_firehose_keeps_open" {
  command = plan

  variables {
    max_event_age_days  = null
    earliest_event_date = "2020-01-01"
  }

  expect_failures = [check.accepted_dates_fit_the_active_partitions]
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
    kms_key_arn            = "alias/user-events"
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
    var.kms_key_arn,
    var.log_retention_days,
    var.earliest_event_date,
    var.active_partition_limit,
    var.lambda_packages,
    var.lambda_runtime,
    var.lambda_architecture,
  ]
}
