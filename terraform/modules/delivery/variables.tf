variable "name" {
  description = "Name of the stream, and prefix of every other name in this module."
  type        = string

  # 55: a role's name is at most 64 characters, and "-delivery" is added.
  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,55}$", var.name))
    error_message = "name is ${var.name}; Firehose takes letters, digits, dot, hyphen and underscore, and with this module's suffixes 55 characters at most."
  }
}

################################################################################
# Logs
################################################################################

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the stream's error log."
  type        = number
}

################################################################################
# Source
################################################################################

variable "cluster_name" {
  description = "Name of the MSK cluster, for policies that are put before it exists."
  type        = string
}

variable "cluster_arn" {
  description = "The MSK cluster, ready for Firehose: private connectivity on, cluster policy put, topic there."
  type        = string
}

variable "topic_name" {
  description = "The topic."
  type        = string
}

variable "read_from" {
  description = "Where a new stream starts to read (RFC 3339, UTC). The default is the oldest record. Set it before the stream is replaced, or everything that the topic still keeps is delivered again. A change replaces the stream."
  type        = string
  default     = "1970-01-01T00:00:00Z"

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", var.read_from)) && can(timeadd(var.read_from, "0s"))
    error_message = "read_from is ${var.read_from}; use a UTC instant such as 1970-01-01T00:00:00Z."
  }
}

################################################################################
# Destination
################################################################################

variable "bucket" {
  description = "Name of the bucket."
  type        = string
}

variable "data_prefix" {
  description = "Key prefix of the table, without the partition folder."
  type        = string

  validation {
    condition     = can(regex("^[^/].*/$", var.data_prefix)) && !can(regex("!\\{", var.data_prefix))
    error_message = "data_prefix is ${var.data_prefix}; it must end in /, not begin with it, and hold no expression: the partition folder is added."
  }
}

variable "error_prefix" {
  description = "Key prefix of error objects; error type and date are added."
  type        = string

  validation {
    condition     = can(regex("^[^/].*/$", var.error_prefix)) && !can(regex("!\\{", var.error_prefix))
    error_message = "error_prefix is ${var.error_prefix}; it must end in /, not begin with it, and hold no expression: error type and date are added."
  }
}

variable "partition_key" {
  description = "Key that the transform names for each record, and column that the table is partitioned by."
  type        = string

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]*$", var.partition_key))
    error_message = "partition_key is ${var.partition_key}; Glue takes lower-case letters, digits and underscores."
  }
}

variable "glue_database" {
  description = "Glue database of the table whose columns the files take."
  type        = string
}

variable "glue_table" {
  description = "Glue table whose columns the files take."
  type        = string
}

variable "kms_key_arn" {
  description = "KMS key for objects; null leaves it to the bucket."
  type        = string
  default     = null
}

# Firehose refuses less than 64 with conversion or partitioning; the provider would send 5.
variable "buffer_size_mib" {
  description = "A partition's buffer is written when it holds this much (a hint)."
  type        = number
  default     = 128

  validation {
    condition     = var.buffer_size_mib >= 64 && var.buffer_size_mib <= 128 && floor(var.buffer_size_mib) == var.buffer_size_mib
    error_message = "buffer_size_mib is ${var.buffer_size_mib}; Firehose needs at least 64 when it converts to Parquet or partitions. Set 64 to 128."
  }
}

variable "buffer_interval_seconds" {
  description = "A partition's buffer is written when its oldest record waited this long (a hint; the delay may be 1.5 times as long)."
  type        = number
  default     = 300

  validation {
    condition     = var.buffer_interval_seconds >= 60 && var.buffer_interval_seconds <= 900 && floor(var.buffer_interval_seconds) == var.buffer_interval_seconds
    error_message = "buffer_interval_seconds is ${var.buffer_interval_seconds}; with partitioning Firehose takes 60 to 900."
  }
}

################################################################################
# Transform
################################################################################

variable "transform_arn" {
  description = "ARN of the transform, with version or alias."
  type        = string

  validation {
    condition     = can(regex(":function:[^:]+:[^:]+$", var.transform_arn))
    error_message = "transform_arn is ${var.transform_arn}; it must end in a version or an alias, for the role's right to call it names exactly that."
  }
}

variable "transform_buffer_size_mib" {
  description = "A batch for the transform is sent when it holds this much. Request and response must stay below 6 MB: as base64 with its envelope a small event is about 2.7 times as large."
  type        = number
  default     = 1

  validation {
    condition     = var.transform_buffer_size_mib >= 0.2 && var.transform_buffer_size_mib <= 3
    error_message = "transform_buffer_size_mib is ${var.transform_buffer_size_mib}; Firehose takes 0.2 to 3."
  }
}

variable "transform_buffer_interval_seconds" {
  description = "A batch for the transform is sent when its oldest record waited this long."
  type        = number
  default     = 60

  validation {
    condition     = var.transform_buffer_interval_seconds >= 0 && var.transform_buffer_interval_seconds <= 900 && floor(var.transform_buffer_interval_seconds) == var.transform_buffer_interval_seconds
    error_message = "transform_buffer_interval_seconds is ${var.transform_buffer_interval_seconds}; Firehose takes 0 to 900."
  }
}

variable "transform_retries" {
  description = "How often a failed call of the transform is repeated before its records go to the error prefix."
  type        = number
  default     = 3

  validation {
    condition     = var.transform_retries >= 0 && var.transform_retries <= 300 && floor(var.transform_retries) == var.transform_retries
    error_message = "transform_retries is ${var.transform_retries}; Firehose takes 0 to 300."
  }
}
