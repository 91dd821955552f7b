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

run "existing_network_and_cluster" {
  command = plan

  module {
    source = "./examples/existing-network-and-cluster"
  }

  variables {
    vpc_id      = "vpc-0123456789abcdef0"
    subnet_ids  = ["subnet-1", "subnet-2", "subnet-3"]
    cluster_arn = "arn:aws:kafka:us-east-1:123456789012:cluster/shared/11111111-2222-3333-4444-555555555555-1"
  }

  override_data {
    target = module.network.data.aws_subnet.existing[0]
    values = { vpc_id = "vpc-0123456789abcdef0", availability_zone = "us-east-1a" }
  }

  override_data {
    target = module.network.data.aws_subnet.existing[1]
    values = { vpc_id = "vpc-0123456789abcdef0", availability_zone = "us-east-1b" }
  }

  override_data {
    target = module.network.data.aws_subnet.existing[2]
    values = { vpc_id = "vpc-0123456789abcdef0", availability_zone = "us-east-1c" }
  }

  assert {
    condition     = strcontains(output.firehose_policy, "cluster/shared/") && output.kafka_topic == "user-events"
    error_message = "The example does not read from the cluster that it was given."
  }
}

run "cross_account_bucket" {
  command = plan

  module {
    source = "./examples/cross-account-bucket"
  }

  variables {
    bucket_name        = "events-of-the-platform"
    bucket_account_id  = "210987654321"
    bucket_kms_key_arn = "arn:aws:kms:us-east-1:210987654321:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = output.bucket == "events-of-the-platform"
    error_message = "The example does not write into the bucket that it was given."
  }
}
