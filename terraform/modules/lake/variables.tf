variable "name" {
  description = "Prefix of every name in this module."
  type        = string
}

################################################################################
# Schema
################################################################################

variable "schema_file" {
  description = "Path of the event schema, from which the table's columns come."
  type        = string

  validation {
    condition     = fileexists(var.schema_file)
    error_message = "schema_file is ${var.schema_file}, where there is no file. Run terraform in the project's checkout."
  }

  validation {
    condition     = length([for field in try(jsondecode(file(var.schema_file)).fields, []) : field if try(field.partition_key, false)]) == 1
    error_message = "schema_file ${var.schema_file} must be JSON with exactly one field that has partition_key = true."
  }

  # The table's projection is one of dates.
  validation {
    condition     = alltrue([for field in try(jsondecode(file(var.schema_file)).fields, []) : try(field.partition_key, false) == (field.type == "date")])
    error_message = "schema_file ${var.schema_file}: the partition key, and no other field, must be of type date. Athena works out the partitions as dates."
  }

  validation {
    condition     = alltrue([for field in try(jsondecode(file(var.schema_file)).fields, []) : contains(["timestamp", "date", "string", "bigint", "double", "boolean"], field.type)])
    error_message = "schema_file ${var.schema_file} has a type that the table cannot have; use timestamp, date, string, bigint, double or boolean."
  }

  validation {
    condition     = alltrue([for field in try(jsondecode(file(var.schema_file)).fields, []) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", field.output))])
    error_message = "schema_file ${var.schema_file} has an output that is no column name; use letters, digits and underscores, no digit first."
  }

  validation {
    condition     = length(distinct([for field in try(jsondecode(file(var.schema_file)).fields, []) : lower(field.output)])) == length(try(jsondecode(file(var.schema_file)).fields, []))
    error_message = "schema_file ${var.schema_file} has two outputs that differ in case only; to Glue they are one column. Rename one."
  }
}

################################################################################
# Bucket
################################################################################

variable "bucket_name" {
  description = "Name of the bucket, unique in all of AWS; null makes it from name and account."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name is ${coalesce(var.bucket_name, "null")}; S3 takes 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "existing_bucket" {
  description = <<-EOT
    A bucket to use instead of making one, in the stack's region. Its owner gives it what the outputs of the delivery
    module say (`bucket_policy_statements`, `kms_key_policy_statements`), and sets encryption, versioning and lifecycle.
    - `name`: the bucket.
    - `account_id`: the account that owns it; requests for a bucket of another owner are refused.
  EOT
  type = object({
    name       = string
    account_id = string
  })
  default = null

  validation {
    condition     = var.existing_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.existing_bucket.name))
    error_message = "existing_bucket.name is ${try(var.existing_bucket.name, "null")}; give the bucket's name, not an ARN or a URL."
  }

  validation {
    condition     = var.existing_bucket == null ? true : can(regex("^[0-9]{12}$", var.existing_bucket.account_id))
    error_message = "existing_bucket.account_id is ${try(var.existing_bucket.account_id, "null")}; an account has 12 digits."
  }
}

variable "minimum_tls_version" {
  description = "Oldest version of TLS that the bucket answers: 1.2 or 1.3."
  type        = string
  default     = "1.2"
  nullable    = false

  validation {
    condition     = contains(["1.2", "1.3"], var.minimum_tls_version)
    error_message = "minimum_tls_version is ${var.minimum_tls_version}; use 1.2 or 1.3."
  }
}

variable "access_log" {
  description = <<-EOT
    Where S3 writes who asked the bucket for what; null writes no such log.
    - `bucket`: another bucket of the same account and region, whose policy lets logging.s3.amazonaws.com put objects.
    - `prefix`: what the log's keys begin with.
  EOT
  type = object({
    bucket = string
    prefix = string
  })
  default = null
}

variable "data_prefix" {
  description = "Key prefix of the table, without the partition folder."
  type        = string
  default     = "events/"

  validation {
    condition     = can(regex("^[^/].*/$", var.data_prefix))
    error_message = "data_prefix is ${var.data_prefix}; it must end in / and not begin with it."
  }
}

variable "error_prefix" {
  description = "Key prefix of error objects."
  type        = string
  default     = "errors/"

  validation {
    condition     = can(regex("^[^/].*/$", var.error_prefix))
    error_message = "error_prefix is ${var.error_prefix}; it must end in / and not begin with it."
  }
}

variable "query_results_prefix" {
  description = "Key prefix of Athena's results."
  type        = string
  default     = "athena-results/"

  validation {
    condition     = can(regex("^[^/].*/$", var.query_results_prefix))
    error_message = "query_results_prefix is ${var.query_results_prefix}; it must end in / and not begin with it."
  }
}

variable "kms_key_arn" {
  description = "KMS key for objects; null lets S3 encrypt with its own keys."
  type        = string
  default     = null
}

variable "versioning" {
  description = "Whether S3 keeps former versions of objects."
  type        = bool
  default     = false
}

variable "lifecycle_days" {
  description = <<-EOT
    When S3 removes or moves objects, in days; null goes without rules.
    - `query_results`: results of queries are removed.
    - `errors`: error objects are removed.
    - `data`: events are removed; null keeps them.
    - `data_to_infrequent_access`: events move to STANDARD_IA; null leaves them.
    - `former_versions`: former versions are removed, where versioning is on.
  EOT
  type = object({
    query_results             = optional(number, 7)
    errors                    = optional(number, 90)
    data                      = optional(number)
    data_to_infrequent_access = optional(number)
    former_versions           = optional(number, 30)
  })
  default = null

  validation {
    condition     = var.lifecycle_days == null ? true : alltrue([for days in values(var.lifecycle_days) : days == null ? true : days >= 1])
    error_message = "lifecycle_days are whole numbers of days; use 1 or more, or leave one out."
  }

  validation {
    condition     = try(var.lifecycle_days.data_to_infrequent_access, null) == null ? true : var.lifecycle_days.data_to_infrequent_access >= 30
    error_message = "lifecycle_days.data_to_infrequent_access must be 30 or more: S3 moves no younger object to STANDARD_IA."
  }
}

variable "retention_days" {
  description = <<-EOT
    What is promised to those who use the lake, in days; no lifecycle may be shorter.
    - `data`: events can be queried; null promises to keep them for good.
    - `errors`: error objects can be read and sent again.
  EOT
  type = object({
    data   = optional(number)
    errors = optional(number, 14)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for days in values(var.retention_days) : days == null ? true : days >= 1 && floor(days) == days])
    error_message = "retention_days are whole numbers of days; use 1 or more, or leave one out."
  }
}

variable "force_destroy" {
  description = "Whether destroy removes the bucket with all events in it, and the workgroup with its queries."
  type        = bool
  default     = false
}

################################################################################
# Table
################################################################################

variable "first_event_date" {
  description = "The oldest event_date that queries see (YYYY-MM-DD)."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.first_event_date)) && can(timeadd("${var.first_event_date}T00:00:00Z", "0s"))
    error_message = "first_event_date is ${var.first_event_date}; use a date such as 2020-01-01."
  }
}

variable "future_days" {
  description = "Days after today (UTC) that queries see."
  type        = number
  default     = 2

  validation {
    condition     = var.future_days >= 0 && floor(var.future_days) == var.future_days
    error_message = "future_days is ${var.future_days}; use a whole number, 0 or more."
  }
}

variable "parquet_compression" {
  description = "Compression of the files, as the stream writes them; for readers of the table's parameters."
  type        = string
  default     = "SNAPPY"
  nullable    = false
}

variable "table_parameters" {
  description = "More parameters of the table, for tools that look for them."
  type        = map(string)
  default     = {}
  nullable    = false

  # A second opinion on where the partitions are would make queries return nothing, without an error.
  validation {
    condition     = length([for name in keys(var.table_parameters) : name if startswith(name, "projection.") || startswith(name, "storage.location.")]) == 0
    error_message = "table_parameters has ${join(", ", keys(var.table_parameters))}; projection.* and storage.location.* follow from the schema and the prefix. Leave them out."
  }
}

################################################################################
# Athena
################################################################################

variable "query_bytes_limit" {
  description = "Bytes that one query may scan; null sets no limit. The default, 1 TiB, is about five dollars a query."
  type        = number
  default     = 1099511627776

  validation {
    condition     = var.query_bytes_limit == null ? true : var.query_bytes_limit >= 10485760
    error_message = "query_bytes_limit must be 10485760 (10 MiB) or more, as Athena asks."
  }
}
