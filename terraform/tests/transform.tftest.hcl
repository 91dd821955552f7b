# The transform module: what the function becomes, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name               = "user-events-test-transform"
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
