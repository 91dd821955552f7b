# Where the events rest: one bucket, a table over it whose columns are those of the event schema, and views for people.
#
# The bucket is made here, or is one that exists, in this account or another; then its owner sets what a bucket has
# (encryption, policy, lifecycle), and this module makes the table and the rest.
#
# Firehose never registers partitions in Glue; Athena works them out from the table's parameters instead (Athena user
# guide, "Amazon Data Firehose example: custom prefixes and dynamic partitioning").

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
}

################################################################################
# Schema
################################################################################

locals {
  schema = jsondecode(file(var.schema_file))

  partition_field = one([for field in local.schema.fields : field if try(field.partition_key, false)])

  # Glue and Athena fold names to lower case, and the OpenX SerDe lower-cases keys; upper case here would be a
  # difference in every plan.
  columns = [for field in local.schema.fields : {
    name    = lower(field.output)
    type    = field.type
    comment = try(field.description, "")
    output  = field.output
  } if !try(field.partition_key, false)]

  partition_key = lower(local.partition_field.output)
}

################################################################################
# Bucket
################################################################################

locals {
  creates_bucket = var.existing_bucket == null
  bucket         = local.creates_bucket ? coalesce(var.bucket_name, "${var.name}-${local.account}") : var.existing_bucket.name
  bucket_owner   = local.creates_bucket ? local.account : var.existing_bucket.account_id
  bucket_arn     = "arn:${local.partition}:s3:::${local.bucket}"
}

resource "aws_s3_bucket" "this" {
  count = local.creates_bucket ? 1 : 0

  bucket        = local.bucket
  force_destroy = var.force_destroy

  lifecycle {
    # It also makes the bucket depend on the key. Without that, a destroy that S3 refuses (there are objects) would have
    # scheduled the key for deletion already, and with the key the objects would be lost.
    precondition {
      condition     = var.kms_key_arn == null ? true : can(regex(":key/", var.kms_key_arn))
      error_message = "kms_key_arn of the lake is no key's ARN (…:key/<id>): Firehose and Athena take keys only, no aliases. Name the key itself."
    }
  }
}

# Objects belong to the bucket's owner, whoever writes them.
resource "aws_s3_bucket_ownership_controls" "this" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  count = local.creates_bucket && var.versioning ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "this" {
  count = local.creates_bucket && var.access_log != null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  target_bucket = var.access_log.bucket
  target_prefix = var.access_log.prefix
}

# The wildcards deny: nobody may do anything without TLS, or with a version of it that is no longer safe.
resource "aws_s3_bucket_policy" "this" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*" # nothing is excepted
        Resource  = [aws_s3_bucket.this[0].arn, "${aws_s3_bucket.this[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NoOldTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*" # nothing is excepted
        Resource  = [aws_s3_bucket.this[0].arn, "${aws_s3_bucket.this[0].arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = var.minimum_tls_version } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

# The provider waits about a minute until S3 gives back the same rules several times, hence the choice. One resource for
# all rules: S3 keeps one set a bucket, and a second resource would undo the first.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = local.creates_bucket && var.lifecycle_days != null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "expire-query-results"
    status = "Enabled"

    filter {
      prefix = var.query_results_prefix
    }

    expiration {
      days = var.lifecycle_days.query_results
    }
  }

  rule {
    id     = "expire-errors"
    status = "Enabled"

    filter {
      prefix = var.error_prefix
    }

    expiration {
      days = var.lifecycle_days.errors
    }
  }

  # A day of events goes as a whole only if it came as a whole: S3 counts from when an object was written, so late events
  # stay as long as their own object, not as their date.
  dynamic "rule" {
    for_each = var.lifecycle_days.data == null && var.lifecycle_days.data_to_infrequent_access == null ? [] : [var.lifecycle_days]

    content {
      id     = "age-data"
      status = "Enabled"

      filter {
        prefix = var.data_prefix
      }

      dynamic "transition" {
        for_each = rule.value.data_to_infrequent_access == null ? [] : [rule.value.data_to_infrequent_access]

        content {
          days          = transition.value
          storage_class = "STANDARD_IA"
        }
      }

      dynamic "expiration" {
        for_each = rule.value.data == null ? [] : [rule.value.data]

        content {
          days = expiration.value
        }
      }
    }
  }

  dynamic "rule" {
    for_each = var.versioning ? [var.lifecycle_days.former_versions] : []

    content {
      id     = "expire-former-versions"
      status = "Enabled"

      filter {}

      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

################################################################################
# Database
################################################################################

resource "aws_glue_catalog_database" "this" {
  name        = replace(lower(var.name), "-", "_")
  description = "User action events of ${var.name}"
}

################################################################################
# Table
################################################################################

resource "aws_glue_catalog_table" "events" {
  database_name = aws_glue_catalog_database.this.name
  name          = local.schema.table
  description   = local.schema.description
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(var.table_parameters, {
    EXTERNAL              = "TRUE"
    classification        = "parquet"
    "parquet.compression" = var.parquet_compression

    "projection.enabled"                              = "true"
    "projection.${local.partition_key}.type"          = "date"
    "projection.${local.partition_key}.format"        = "yyyy-MM-dd"
    "projection.${local.partition_key}.range"         = "${var.first_event_date},NOW+${var.future_days}DAYS"
    "projection.${local.partition_key}.interval"      = "1"
    "projection.${local.partition_key}.interval.unit" = "DAYS"
    "storage.location.template"                       = "s3://${local.bucket}/${var.data_prefix}${local.partition_key}=$${${local.partition_key}}/"
  })

  # A string, although it holds a date: faster for partition keys, says AWS (Athena user guide, "Partition projection").
  partition_keys {
    name    = local.partition_key
    type    = "string"
    comment = try(local.partition_field.description, "")
  }

  storage_descriptor {
    location      = "s3://${local.bucket}/${var.data_prefix}"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      name                  = "parquet"
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

################################################################################
# Views
################################################################################

# What Athena keeps of CREATE VIEW: a table of the catalog whose text is the view's definition in base64, in the form of
# Trino's ConnectorViewDefinition. Kept here rather than as a saved query, so that a new field reaches table and views in
# one apply, and nobody has to run anything.
locals {
  trino_types = {
    timestamp = "timestamp(3)" # Athena reads milliseconds of a Parquet timestamp, whatever the file holds.
    date      = "date"
    string    = "varchar"
    bigint    = "bigint"
    double    = "double"
    boolean   = "boolean"
  }

  # All fields in the schema's order and spelling: quoted, an alias keeps its capitals in a result's heading.
  view_columns = [for field in local.schema.fields : {
    output     = field.output
    name       = lower(field.output)
    type       = field.type
    trino_type = local.trino_types[field.type]
    expression = try(field.partition_key, false) ? "CAST(\"${lower(field.output)}\" AS date)" : "\"${lower(field.output)}\""
  }]

  view_select = join(", ", [for column in local.view_columns : "${column.expression} AS \"${column.output}\""])
  view_from   = "FROM \"${aws_glue_catalog_database.this.name}\".\"${local.schema.table}\""

  views = {
    typed = {
      description = "Every row of ${local.schema.table}, the partition key as a date, names as the schema spells them."
      sql         = "SELECT ${local.view_select} ${local.view_from}"
    }
    distinct = {
      description = "As ${local.schema.table}_typed, an event that was delivered more than once shown once. Events alike in every field to the millisecond count as one."
      sql         = "SELECT DISTINCT ${local.view_select} ${local.view_from}"
    }
  }
}

# Delivery is at least once: an event that is read again is written again, with every field the same, so that DISTINCT
# over all fields takes the copies out. It compares within the dates that a query asks for: filter by the partition key
# here as well.
resource "aws_glue_catalog_table" "view" {
  for_each = local.views

  database_name = aws_glue_catalog_database.this.name
  name          = "${local.schema.table}_${each.key}"
  description   = each.value.description
  table_type    = "VIRTUAL_VIEW"

  parameters = {
    presto_view = "true"
    comment     = "Presto View"
  }

  view_expanded_text = "/* Presto View */"
  view_original_text = "/* Presto View: ${base64encode(jsonencode({
    catalog     = "awsdatacatalog"
    schema      = aws_glue_catalog_database.this.name
    originalSql = each.value.sql
    columns     = [for column in local.view_columns : { name = column.output, type = column.trino_type }]
  }))} */"

  storage_descriptor {
    dynamic "columns" {
      for_each = local.view_columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }

  depends_on = [aws_glue_catalog_table.events]
}

################################################################################
# Athena
################################################################################

resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Queries over the user action events of ${var.name}"
  force_destroy = var.force_destroy

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.query_bytes_limit

    result_configuration {
      output_location       = "s3://${local.bucket}/${var.query_results_prefix}"
      expected_bucket_owner = local.bucket_owner

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
