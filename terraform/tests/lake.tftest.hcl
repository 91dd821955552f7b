# The lake module: what schema and variables become, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name             = "user-events-test"
  schema_file      = "../schema/user_events.json"
  first_event_date = "2020-01-01"
}

run "takes_columns_from_the_schema_projects_partitions_and_closes_the_bucket" {
  command = plan

  module {
    source = "./modules/lake"
  }

  assert {
    condition     = aws_glue_catalog_table.events.storage_descriptor[0].columns[*].name == tolist(["event_datetime", "event_name", "user_id", "platform", "product_name", "sku"])
    error_message = "The columns are not those of the schema, in lower case and without the partition key."
  }

  assert {
    condition     = aws_glue_catalog_table.events.storage_descriptor[0].columns[*].type == tolist(["timestamp", "string", "string", "string", "string", "string"])
    error_message = "The types are not those of the schema."
  }

  assert {
    condition     = aws_glue_catalog_table.events.partition_keys[*].name == tolist(["event_date"]) && aws_glue_catalog_table.events.partition_keys[0].type == "string"
    error_message = "The partition key is not event_date as a string."
  }

  assert {
    condition     = aws_glue_catalog_table.events.parameters["projection.event_date.range"] == "2020-01-01,NOW+2DAYS"
    error_message = "The projected range is not from the first date to two days from now."
  }

  assert {
    condition     = aws_glue_catalog_table.events.parameters["storage.location.template"] == "s3://user-events-test-123456789012/events/event_date=$${event_date}/"
    error_message = "Athena would look for a partition where Firehose does not write it."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket is not closed to the public."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Objects are not encrypted without a key of one's own."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0 && length(aws_s3_bucket_versioning.this) == 0 && !aws_s3_bucket.this.force_destroy
    error_message = "Lifecycle, versioning or force_destroy are on without being asked for."
  }
}

run "encrypts_with_a_key_of_ones_own" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    versioning     = true
    lifecycle_days = { data_to_infrequent_access = 30 }
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "The key is not used."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this[0].rule) == 5
    error_message = "Uploads, query results, errors, data and former versions do not each have a rule."
  }
}

run "rejects_errors_inside_of_the_data" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    error_prefix = "events/errors/"
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_infrequent_access_before_thirty_days" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    lifecycle_days = { data_to_infrequent_access = 29 }
  }

  expect_failures = [var.lifecycle_days]
}

run "rejects_a_schema_that_is_not_there" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    schema_file = "../schema/absent.json"
  }

  expect_failures = [var.schema_file]
}

run "rejects_what_s3_glue_or_athena_would_refuse" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    bucket_name          = "UserEvents"
    data_prefix          = "events"
    error_prefix         = "errors"
    query_results_prefix = "/results"
    lifecycle_days       = { errors = 0 }
    first_event_date     = "2023-02-30"
    future_days          = -1
    query_bytes_limit    = 1
  }

  expect_failures = [
    var.bucket_name,
    var.data_prefix,
    var.error_prefix,
    var.query_results_prefix,
    var.lifecycle_days,
    var.first_event_date,
    var.future_days,
    var.query_bytes_limit,
  ]
}
