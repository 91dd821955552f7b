# One environment, as its tfvars file makes it: run with -test-directory=tests/environments and -var-file. A check that
# fails fails the run, so a passing run is a plan without a warning. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "plans" {
  command = plan

  assert {
    condition     = output.delivery_stream_name == "${var.name}-${var.environment}"
    error_message = "The environment is not planned under its own name."
  }
}
