# The delivery module: what the stream is told, what its roles may do, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name               = "user-events-test"
  log_retention_days = 30
  cluster_name       = "user-events-test"
  cluster_arn        = "arn:aws:kafka:us-east-1:123456789012:cluster/user-events-test/11111111-2222-3333-4444-555555555555-1"
  topic_name         = "user-events"
  bucket             = "user-events-test-123456789012"
  data_prefix        = "events/"
  error_prefix       = "errors/"
  partition_key      = "event_date"
  glue_database      = "user_events_test"
  glue_table         = "user_events"
  transform_arn      = "arn:aws:lambda:us-east-1:123456789012:function:user-events-test-transform:live"
}

run "reads_privately_partitions_by_key_and_allows_no_more_than_needed" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this.msk_source_configuration).read_from_timestamp == "1970-01-01T00:00:00Z"
    error_message = "A new stream would skip the records that are there already."
  }

  assert {
    condition     = one(one(aws_kinesis_firehose_delivery_stream.this.msk_source_configuration).authentication_configuration).connectivity == "PRIVATE"
    error_message = "The brokers would have to be public."
  }

  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).prefix == "events/event_date=!{partitionKeyFromLambda:event_date}/"
    error_message = "Firehose would not write where the table looks."
  }

  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).error_output_prefix == "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
    error_message = "Errors are not kept apart by kind and date."
  }

  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).compression_format == "UNCOMPRESSED"
    error_message = "Firehose refuses compression with conversion."
  }

  assert {
    condition     = length(local.transform_parameters) == 0
    error_message = "A parameter that the provider drops from its state would differ in every plan."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.source.policy).Statement[1].Resource == "arn:aws:kafka:us-east-1:123456789012:topic/user-events-test/*/user-events"
    error_message = "The source role may read other topics."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.bucket.policy).Statement[1].Resource == ["arn:aws:s3:::user-events-test-123456789012/events/*", "arn:aws:s3:::user-events-test-123456789012/errors/*"]
    error_message = "The delivery role may write elsewhere, or not to the error prefix."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.transform.policy).Statement[0].Resource == "arn:aws:lambda:us-east-1:123456789012:function:user-events-test-transform:live"
    error_message = "The delivery role may call another function or version."
  }

  assert {
    condition     = jsondecode(aws_iam_role.delivery.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Firehose could use the role for another account."
  }
}

run "takes_parameters_that_are_no_defaults_and_a_key_of_ones_own" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    kms_key_arn                       = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    transform_buffer_size_mib         = 0.2
    transform_buffer_interval_seconds = 0
    transform_retries                 = 5
  }

  assert {
    condition     = local.transform_parameters == { BufferIntervalInSeconds = "0", BufferSizeInMBs = "0.2", NumberOfRetries = "5" }
    error_message = "The transform's buffer is not what was asked for."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.bucket.policy).Statement[2].Condition.StringEquals["kms:ViaService"] == "s3.us-east-1.amazonaws.com"
    error_message = "The delivery role may use the key for more than S3, or not at all."
  }
}

run "rejects_buffer_below_64_mib_when_converting" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    buffer_size_mib = 63
  }

  expect_failures = [var.buffer_size_mib]
}

run "accepts_the_smallest_buffers" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    buffer_size_mib         = 64
    buffer_interval_seconds = 60
  }
}

run "rejects_an_interval_below_a_minute" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    buffer_interval_seconds = 59
  }

  expect_failures = [var.buffer_interval_seconds]
}

run "rejects_errors_inside_of_the_data" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    error_prefix = "events/errors/"
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_prefixes_longer_than_s3_evaluates" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    data_prefix = "${join("", [for i in range(50) : "0123456789"])}/"
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_transform_that_waits_longer_than_s3" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    transform_buffer_interval_seconds = 120
    buffer_interval_seconds           = 60
  }

  expect_failures = [terraform_data.rules]
}

run "warns_of_batches_that_may_exceed_the_request" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    transform_buffer_size_mib = 3
  }

  expect_failures = [check.transform_request_fits_six_megabytes]
}

run "rejects_what_firehose_would_refuse" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    name                              = "user events"
    read_from                         = "2026-11-24"
    data_prefix                       = "events/!{timestamp:yyyy}/"
    error_prefix                      = "errors/!{firehose:error-output-type}/"
    partition_key                     = "eventDate"
    buffer_size_mib                   = 129
    buffer_interval_seconds           = 901
    transform_arn                     = "arn:aws:lambda:us-east-1:123456789012:function:user-events-test-transform"
    transform_buffer_size_mib         = 3.1
    transform_buffer_interval_seconds = 901
    transform_retries                 = 301
  }

  expect_failures = [
    var.name,
    var.read_from,
    var.data_prefix,
    var.error_prefix,
    var.partition_key,
    var.buffer_size_mib,
    var.buffer_interval_seconds,
    var.transform_arn,
    var.transform_buffer_size_mib,
    var.transform_buffer_interval_seconds,
    var.transform_retries,
  ]
}
