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
    - `data_to_infrequent_access`: events move to STANDARD_IA; null leaves them.
    - `former_versions`: former versions are removed, where versioning is on.
  EOT
  type = object({
    query_results             = optional(number, 7)
    errors                    = optional(number, 90)
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

################################################################################
# Athena
################################################################################

variable "query_bytes_limit" {
  description = "Bytes that one query may scan; null sets no limit."
  type        = number
  default     = null

  validation {
    condition     = var.query_bytes_limit == null ? true : var.query_bytes_limit >= 10485760
    error_message = "query_bytes_limit must be 10485760 (10 MiB) or more, as Athena asks."
  }
}
