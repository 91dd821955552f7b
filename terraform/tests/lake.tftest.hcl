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
      aws_s3_bucket_public_access_block.this[0].block_public_acls,
      aws_s3_bucket_public_access_block.this[0].block_public_policy,
      aws_s3_bucket_public_access_block.this[0].ignore_public_acls,
      aws_s3_bucket_public_access_block.this[0].restrict_public_buckets,
    ])
    error_message = "The bucket is not closed to the public."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this[0].rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Objects are not encrypted without a key of one's own."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0 && length(aws_s3_bucket_versioning.this) == 0 && !aws_s3_bucket.this[0].force_destroy
    error_message = "Lifecycle, versioning or force_destroy are on without being asked for."
  }
}

run "shows_the_events_typed_and_once" {
  command = plan

  module {
    source = "./modules/lake"
  }

  assert {
    condition     = output.views == { distinct = "user_events_distinct", typed = "user_events_typed" }
    error_message = "The views are not named after the table."
  }

  # What Athena keeps of CREATE VIEW, in base64 between the two comment marks.
  assert {
    condition = jsondecode(base64decode(regex("^/\\* Presto View: ([A-Za-z0-9+/=]+) \\*/$", aws_glue_catalog_table.view["typed"].view_original_text)[0])) == {
      catalog = "awsdatacatalog"
      columns = [
        { name = "event_datetime", type = "timestamp(3)" },
        { name = "event_date", type = "date" },
        { name = "event_name", type = "varchar" },
        { name = "user_id", type = "varchar" },
        { name = "platform", type = "varchar" },
        { name = "product_name", type = "varchar" },
        { name = "SKU", type = "varchar" },
      ]
      originalSql = "SELECT \"event_datetime\" AS \"event_datetime\", CAST(\"event_date\" AS date) AS \"event_date\", \"event_name\" AS \"event_name\", \"user_id\" AS \"user_id\", \"platform\" AS \"platform\", \"product_name\" AS \"product_name\", \"sku\" AS \"SKU\" FROM \"user_events_test\".\"user_events\""
      schema      = "user_events_test"
    }
    error_message = "The typed view does not give the seven fields as the mission spells them."
  }

  assert {
    condition     = startswith(jsondecode(base64decode(regex("View: (\\S+)", aws_glue_catalog_table.view["distinct"].view_original_text)[0])).originalSql, "SELECT DISTINCT \"event_datetime\"")
    error_message = "The second view does not take copies out."
  }

  assert {
    condition     = aws_glue_catalog_table.view["typed"].storage_descriptor[0].columns[*].name == tolist(["event_datetime", "event_date", "event_name", "user_id", "platform", "product_name", "sku"])
    error_message = "Glue would fold an upper-case name, a difference in every plan."
  }
}

run "refuses_requests_without_tls_or_with_an_old_one" {
  command = plan

  module {
    source = "./modules/lake"
  }

  # The policy itself holds the bucket's ARN, known after apply.
  override_resource {
    target          = aws_s3_bucket.this
    override_during = plan
    values          = { id = "b", arn = "arn:aws:s3:::b" }
  }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this[0].policy).Statement : [statement.Effect, statement.Resource, jsonencode(statement.Condition)]] == [
      ["Deny", ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "{\"Bool\":{\"aws:SecureTransport\":\"false\"}}"],
      ["Deny", ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "{\"NumericLessThan\":{\"s3:TlsVersion\":\"1.2\"}}"],
    ]
    error_message = "The bucket answers requests without TLS, or with an old version of it."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 1099511627776 && aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration
    error_message = "A query may scan the whole lake."
  }
}

run "uses_a_bucket_of_another_account" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    existing_bucket = { name = "shared-lake", account_id = "210987654321" }
  }

  assert {
    condition     = length(aws_s3_bucket.this) + length(aws_s3_bucket_policy.this) + length(aws_s3_bucket_public_access_block.this) + length(aws_s3_bucket_server_side_encryption_configuration.this) + length(aws_s3_bucket_ownership_controls.this) == 0
    error_message = "The stack would change a bucket that is not its own."
  }

  assert {
    condition     = output.bucket == "shared-lake" && output.bucket_owner == "210987654321" && aws_glue_catalog_table.events.storage_descriptor[0].location == "s3://shared-lake/events/"
    error_message = "The table is not over the bucket that exists."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].expected_bucket_owner == "210987654321"
    error_message = "Query results would go to whoever owns a bucket of that name."
  }
}

run "writes_an_access_log_where_asked_to" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    access_log = { bucket = "access-logs", prefix = "lake/" }
  }

  assert {
    condition     = aws_s3_bucket_logging.this[0].target_bucket == "access-logs" && aws_s3_bucket_logging.this[0].target_prefix == "lake/"
    error_message = "The access log does not go where asked."
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
    lifecycle_days = { data_to_infrequent_access = 30, data = 400 }
    retention_days = { data = 365 }
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this[0].rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "The key is not used."
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule : rule.expiration[0].days if rule.id == "age-data"]) == 400
    error_message = "Events are not removed when asked."
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

run "rejects_removing_events_that_are_promised_for_good" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    lifecycle_days = { data = 3650 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_removing_events_before_their_promise_ends" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    lifecycle_days = { data = 364 }
    retention_days = { data = 365 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_removing_errors_before_they_can_be_sent_again" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    lifecycle_days = { errors = 13 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_paying_for_infrequent_access_longer_than_it_is_used" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    lifecycle_days = { data = 59, data_to_infrequent_access = 30 }
    retention_days = { data = 30 }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_settings_that_the_owner_of_the_bucket_makes" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    existing_bucket = { name = "shared-lake", account_id = "210987654321" }
    versioning      = true
    lifecycle_days  = {}
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_second_opinion_on_where_partitions_are" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    table_parameters = { "projection.event_date.range" = "2024-01-01,NOW" }
  }

  expect_failures = [var.table_parameters]
}

run "rejects_a_key_by_its_alias" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:alias/lake"
  }

  expect_failures = [aws_s3_bucket.this]
}

run "rejects_a_partition_key_that_is_no_date" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    schema_file = "tests/schemas/text_key.json"
  }

  expect_failures = [var.schema_file]
}

run "rejects_a_type_that_the_table_cannot_have" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    schema_file = "tests/schemas/unknown_type.json"
  }

  expect_failures = [var.schema_file]
}

run "rejects_an_output_that_is_no_column_name" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    schema_file = "tests/schemas/bad_name.json"
  }

  expect_failures = [var.schema_file]
}

run "rejects_outputs_that_differ_in_case_only" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    schema_file = "tests/schemas/doubled.json"
  }

  expect_failures = [var.schema_file]
}

run "rejects_an_old_tls" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    minimum_tls_version = "1.1"
  }

  expect_failures = [var.minimum_tls_version]
}

run "rejects_an_arn_for_a_buckets_name" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    existing_bucket = { name = "arn:aws:s3:::shared-lake", account_id = "210987654321" }
  }

  expect_failures = [var.existing_bucket]
}

run "rejects_an_owner_that_is_no_account" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    existing_bucket = { name = "shared-lake", account_id = "shared" }
  }

  expect_failures = [var.existing_bucket]
}

run "rejects_a_promise_of_half_days" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    retention_days = { errors = 1.5 }
  }

  expect_failures = [var.retention_days]
}

run "warns_of_former_versions_without_end" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    versioning = true
  }

  expect_failures = [check.former_versions_do_not_pile_up]
}

run "warns_of_queries_without_a_limit" {
  command = plan

  module {
    source = "./modules/lake"
  }

  variables {
    query_bytes_limit = null
  }

  expect_failures = [check.a_query_has_a_limit]
}
