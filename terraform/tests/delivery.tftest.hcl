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
    condition     = jsondecode(aws_iam_role_policy.bucket.policy).Statement[2].Condition.StringEquals["kms:ViaService"] == "s3.us-east-1.amazonaws.com" && jsondecode(aws_iam_role_policy.bucket.policy).Statement[2].Condition.StringLike["kms:EncryptionContext:aws:s3:arn"] == ["arn:aws:s3:::user-events-test-123456789012", "arn:aws:s3:::user-events-test-123456789012/events/*", "arn:aws:s3:::user-events-test-123456789012/errors/*"]
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

run "trusts_this_stream_alone_and_only_the_owners_bucket" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  assert {
    condition     = jsondecode(aws_iam_role.source.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:firehose:us-east-1:123456789012:deliverystream/user-events-test" && aws_iam_role.source.assume_role_policy == aws_iam_role.delivery.assume_role_policy
    error_message = "Another stream could use the roles."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.bucket.policy).Statement : statement.Condition.StringEquals["s3:ResourceAccount"] == "123456789012"])
    error_message = "A bucket of that name in another account would get the events."
  }

  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).custom_time_zone == "UTC" && one(one(one(one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).data_format_conversion_configuration).output_format_configuration).serializer).parquet_ser_de[0].compression == "SNAPPY"
    error_message = "Zone or compression are not the defaults."
  }
}

run "trusts_every_stream_of_the_account_where_asked_to" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    bind_roles_to_stream = false
  }

  assert {
    condition     = keys(jsondecode(aws_iam_role.source.assume_role_policy).Statement[0].Condition) == ["StringEquals"]
    error_message = "The roles are still bound to the stream."
  }
}

run "takes_partition_keys_by_query" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    partition_key_source = "query"
    partition_field      = "Event_Date"
  }

  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).prefix == "events/event_date=!{partitionKeyFromQuery:event_date}/"
    error_message = "The prefix does not ask the query."
  }

  assert {
    condition     = [for processor in one(one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).processing_configuration).processors : processor.type] == ["Lambda", "MetadataExtraction"]
    error_message = "There is no query, or no transform before it."
  }

  assert {
    condition     = { for parameter in one(one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).processing_configuration).processors[1].parameters : parameter.parameter_name => parameter.parameter_value } == { JsonParsingEngine = "JQ-1.6", MetadataExtractionQuery = "{event_date:.Event_Date}" }
    error_message = "The query does not take the field as the transform spells it."
  }
}

run "hands_objects_over_to_the_owner_of_the_bucket" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    bucket_owner = "210987654321"
  }

  assert {
    condition     = contains(jsondecode(aws_iam_role_policy.bucket.policy).Statement[1].Action, "s3:PutObjectAcl") && jsondecode(aws_iam_role_policy.bucket.policy).Statement[1].Condition.StringEquals["s3:ResourceAccount"] == "210987654321"
    error_message = "The owner could not read the objects, or another account could get them."
  }
}

run "writes_files_as_asked" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    parquet         = { compression = "GZIP", block_size_mib = 64, page_size_kib = 64, dictionary = true }
    time_zone       = "Europe/Berlin"
    error_folders   = "!{firehose:error-output-type}/"
    connectivity    = "PUBLIC"
    log_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = jsonencode(one(one(one(one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).data_format_conversion_configuration).output_format_configuration).serializer).parquet_ser_de[0].page_size_bytes) == "65536" && one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).custom_time_zone == "Europe/Berlin"
    error_message = "Pages or zone are not as asked."
  }

  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).error_output_prefix == "errors/!{firehose:error-output-type}/" && aws_cloudwatch_log_group.this.kms_key_id == var.log_kms_key_arn
    error_message = "Error folders or the log's key are not as asked."
  }

  assert {
    condition     = one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).compression_format == "UNCOMPRESSED"
    error_message = "Firehose refuses a compressed container with conversion."
  }
}

run "rejects_a_prefix_that_is_not_the_tables_partition" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    table_partition_keys = ["day"]
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_key_that_the_transform_does_not_name" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    transform_partition_keys = ["Event_Date"]
  }

  expect_failures = [terraform_data.rules]
}

run "accepts_by_query_what_the_transform_does_not_name" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    transform_partition_keys = ["Event_Date"]
    table_partition_keys     = ["event_date"]
    partition_key_source     = "query"
  }
}

run "rejects_a_batch_that_grows_beyond_six_megabytes" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    average_event_bytes       = 200
    transform_buffer_size_mib = 2.3
  }

  expect_failures = [terraform_data.rules]
}

run "accepts_a_large_batch_of_large_events" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    average_event_bytes       = 2000
    transform_buffer_size_mib = 3
  }
}

run "rejects_buffers_too_long_for_the_promise" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    buffer_interval_seconds   = 600
    freshness_promise_seconds = 959
  }

  expect_failures = [terraform_data.rules, check.freshness_leaves_room_for_a_retry]
}

run "warns_of_a_promise_without_room_for_a_retry" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    buffer_interval_seconds           = 600
    transform_buffer_interval_seconds = 30
    freshness_promise_seconds         = 1000
  }

  expect_failures = [check.freshness_leaves_room_for_a_retry]
}

run "rejects_error_folders_without_their_type" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    error_folders = "!{timestamp:yyyy}/"
  }

  expect_failures = [var.error_folders]
}

run "rejects_a_partition_key_in_the_error_prefix" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    error_folders = "!{firehose:error-output-type}/!{partitionKeyFromLambda:event_date}/"
  }

  expect_failures = [var.error_folders]
}

run "rejects_an_unknown_source_of_keys" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    partition_key_source = "jq"
  }

  expect_failures = [var.partition_key_source]
}

run "rejects_a_field_that_would_change_the_query" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    partition_field = "a}|{b"
  }

  expect_failures = [var.partition_field]
}

run "rejects_an_unknown_connectivity" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    connectivity = "VPC"
  }

  expect_failures = [var.connectivity]
}

run "rejects_an_unknown_compression" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    parquet = { compression = "ZSTD" }
  }

  expect_failures = [var.parquet]
}

run "rejects_row_groups_below_64_mib" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    parquet = { block_size_mib = 63 }
  }

  expect_failures = [var.parquet]
}

run "rejects_pages_below_64_kib" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    parquet = { page_size_kib = 63 }
  }

  expect_failures = [var.parquet]
}

run "rejects_what_is_no_account_zone_promise_or_size" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    bucket_owner              = "shared"
    time_zone                 = "UTC+2"
    freshness_promise_seconds = 89
    average_event_bytes       = 0
  }

  expect_failures = [var.bucket_owner, var.time_zone, var.freshness_promise_seconds, var.average_event_bytes]
}
