# The transform module: what the function becomes, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name               = "user-events-test-transform"
  schema_file        = "../schema/user_events.json"
  log_retention_days = 30
  package            = "tests/empty.zip"
  runtime            = "python3.13"
  architecture       = "arm64"
  accepted_window    = { max_event_age_days = 30 }
}

run "gives_the_function_its_window_and_publishes_it" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    timeout_seconds = 300
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ MAX_EVENT_AGE_DAYS = "30", MAX_FUTURE_SKEW_HOURS = "24" })
    error_message = "The function's environment is not the accepted window."
  }

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_function.this.handler == "transform.handler.handler"
    error_message = "The function is not published, or has another handler."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/user-events-test-transform" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group is not the one that Lambda writes to."
  }
}

run "rejects_a_window_without_a_beginning" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    accepted_window = {}
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_an_age_of_half_days" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    accepted_window = { max_event_age_days = 1.5 }
  }

  expect_failures = [var.accepted_window]
}

run "rejects_a_negative_future_skew" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    accepted_window = { max_event_age_days = 30, max_future_skew_hours = -1 }
  }

  expect_failures = [var.accepted_window]
}

run "rejects_what_lambda_or_firehose_would_refuse" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    name                 = "user.events"
    package              = "tests/absent.zip"
    memory_mib           = 127
    timeout_seconds      = 301
    reserved_concurrency = 0
    accepted_window      = { earliest_event_date = "2023-02-30" }
  }

  expect_failures = [
    var.name,
    var.package,
    var.memory_mib,
    var.timeout_seconds,
    var.reserved_concurrency,
    var.accepted_window,
  ]
}

run "names_the_schemas_partition_key_and_leaves_defaults_out" {
  command = plan

  module {
    source = "./modules/transform"
  }

  assert {
    condition     = output.partition_keys == tolist(["event_date"]) || jsonencode(output.partition_keys) == jsonencode(["event_date"])
    error_message = "The function does not name the schema's partition key."
  }

  assert {
    condition     = length(aws_lambda_function.this.tracing_config) == 0 && length(aws_lambda_function.this.logging_config) == 0
    error_message = "A default that is stated may differ in every plan."
  }

  assert {
    condition     = one(aws_lambda_function.this.architectures) == "arm64"
    error_message = "The function is not built for the architecture of its zip."
  }
}

run "traces_logs_and_encrypts_as_asked" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    tracing         = true
    log_format      = "JSON"
    kms_key_arn     = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    log_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active" && aws_lambda_function.this.logging_config[0].log_format == "JSON"
    error_message = "Calls are not traced, or logged as JSON."
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.log_kms_key_arn
    error_message = "The keys are not used."
  }
}

run "bears_a_peak_of_three_times_500_gib_a_day" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    memory_mib           = 1024
    reserved_concurrency = 100
    expected_load        = { peak_bytes_per_second = 18641352, batch_mib = 2 }
  }

  assert {
    condition     = local.calls_at_a_time == 5 && format("%.1f %.2f", local.calls_per_second, local.batch_seconds) == "8.9 0.52"
    error_message = "The load is not reckoned as the comment says."
  }
}

run "warns_of_a_concurrency_below_the_peak" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    memory_mib           = 1024
    reserved_concurrency = 4
    expected_load        = { peak_bytes_per_second = 18641352, batch_mib = 2 }
  }

  expect_failures = [check.reserved_concurrency_bears_the_peak]
}

run "warns_of_a_timeout_without_room" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    memory_mib      = 128
    timeout_seconds = 15
    expected_load   = { peak_bytes_per_second = 1000000, batch_mib = 3 }
  }

  expect_failures = [check.timeout_leaves_room_for_a_slow_batch]
}

run "rejects_a_load_of_nothing" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    expected_load = { peak_bytes_per_second = 0, batch_mib = 1 }
  }

  expect_failures = [var.expected_load]
}

run "rejects_another_format_of_logs" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    log_format = "json"
  }

  expect_failures = [var.log_format]
}

run "rejects_an_unknown_architecture_or_runtime" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    architecture = "x86"
    runtime      = "nodejs22.x"
  }

  expect_failures = [var.architecture, var.runtime]
}

run "rejects_a_schema_that_is_not_there" {
  command = plan

  module {
    source = "./modules/transform"
  }

  variables {
    schema_file = "../schema/absent.json"
  }

  expect_failures = [var.schema_file]
}
