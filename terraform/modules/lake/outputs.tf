################################################################################
# Schema
################################################################################

output "partition_key" {
  description = "The column that the table is partitioned by."
  value       = local.partition_key
}

################################################################################
# Bucket
################################################################################

# Whoever writes waits for the bucket's own rules.
output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket
  depends_on = [
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
    aws_s3_bucket_policy.this,
  ]
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
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

output "columns" {
  description = "Names of the columns in the files, in order."
  value       = local.columns[*].name
}

################################################################################
# Athena
################################################################################

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = aws_athena_workgroup.this.name
}
