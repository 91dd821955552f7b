# Each example as it would be planned by who copies it. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  lambda_runtime      = "python3.13"
  lambda_architecture = "arm64"
  lambda_packages     = { transform = "tests/empty.zip", topic = "tests/empty.zip" }
}

run "minimal" {
  command = plan

  module {
    source = "./examples/minimal"
  }

  assert {
    condition     = output.delivery_stream_name == "user-events-example" && output.bucket == "user-events-example-123456789012"
    error_message = "The example does not name its parts after itself."
  }
}
