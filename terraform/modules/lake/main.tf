# Where the events rest: one bucket, and a table over it whose columns are those of the event schema.
#
# Firehose never registers partitions in Glue; Athena works them out from the table's parameters instead (Athena user
# guide, "Amazon Data Firehose example: custom prefixes and dynamic partitioning").

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

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

resource "aws_s3_bucket" "this" {
  bucket        = coalesce(var.bucket_name, "${var.name}-${data.aws_caller_identity.current.account_id}")
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  count = var.versioning ? 1 : 0

  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

# The provider waits about a minute until S3 gives back the same rules several times, hence the choice.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = var.lifecycle_days == null ? 0 : 1

  bucket = aws_s3_bucket.this.id

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

  dynamic "rule" {
    for_each = var.lifecycle_days.data_to_infrequent_access == null ? [] : [var.lifecycle_days.data_to_infrequent_access]

    content {
      id     = "data-to-infrequent-access"
      status = "Enabled"

      filter {
        prefix = var.data_prefix
      }

      transition {
        days          = rule.value
        storage_class = "STANDARD_IA"
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

  parameters = {
    EXTERNAL       = "TRUE"
    classification = "parquet"

    "projection.enabled"                              = "true"
    "projection.${local.partition_key}.type"          = "date"
    "projection.${local.partition_key}.format"        = "yyyy-MM-dd"
    "projection.${local.partition_key}.range"         = "${var.first_event_date},NOW+${var.future_days}DAYS"
    "projection.${local.partition_key}.interval"      = "1"
    "projection.${local.partition_key}.interval.unit" = "DAYS"
    "storage.location.template"                       = "s3://${aws_s3_bucket.this.bucket}/${var.data_prefix}${local.partition_key}=$${${local.partition_key}}/"
  }

  # A string, although it holds a date: faster for partition keys, says AWS (Athena user guide, "Partition projection").
  partition_keys {
    name    = local.partition_key
    type    = "string"
    comment = try(local.partition_field.description, "")
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.this.bucket}/${var.data_prefix}"
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
      output_location = "s3://${aws_s3_bucket.this.bucket}/${var.query_results_prefix}"

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
