################################################################################
# Schema
################################################################################

output "partition_key" {
  description = "The column that the table is partitioned by."
  value       = local.partition_key
}

output "partition_field" {
  description = "The partition key's field as the schema, and so the transform's JSON, spells it."
  value       = local.partition_field.output
}

################################################################################
# Bucket
################################################################################

# Whoever writes waits for the bucket's own rules.
output "bucket" {
  description = "Name of the bucket."
  value       = local.bucket
  depends_on = [
    aws_s3_bucket.this,
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
    aws_s3_bucket_policy.this,
  ]
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = local.bucket_arn
}

output "bucket_owner" {
  description = "Account that owns the bucket."
  value       = local.bucket_owner
}

output "data_prefix" {
  description = "Key prefix of the table, without the partition folder."
  value       = var.data_prefix
}

output "error_prefix" {
  description = "Key prefix of error objects."
  value       = var.error_prefix
}

################################################################################
# Database
################################################################################

output "database" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.this.name
}

################################################################################
# Table
################################################################################

output "table" {
  description = "Name of the Glue table."
  value       = aws_glue_catalog_table.events.name
}

output "partition_keys" {
  description = "Partition keys of the table, each of which must be a key of the stream's prefix."
  value       = aws_glue_catalog_table.events.partition_keys[*].name
}

output "columns" {
  description = "Names of the columns in the files, in order."
  value       = local.columns[*].name
}

################################################################################
# Views
################################################################################

output "views" {
  description = "Names of the views in the database: `typed`, and `distinct` without the copies that delivery may leave."
  value       = { for kind, view in aws_glue_catalog_table.view : kind => view.name }
}

################################################################################
# Athena
################################################################################

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = aws_athena_workgroup.this.name
}
