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

variable "log_kms_key_arn" {
  description = "KMS key for the stream's error log, whose policy lets CloudWatch Logs use it; null leaves it to AWS."
  type        = string
  default     = null
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

# PUBLIC needs a cluster that the internet reaches; the kafka module makes none. PRIVATE needs, in this order: IAM, private
# connectivity switched on, the cluster policy, the topic (MSK developer guide, "Amazon MSK multi-VPC private
# connectivity in a single Region").
variable "connectivity" {
  description = "How Firehose reaches the brokers: PRIVATE, or PUBLIC for a cluster that is publicly accessible. A change replaces the stream."
  type        = string
  default     = "PRIVATE"
  nullable    = false

  validation {
    condition     = contains(["PRIVATE", "PUBLIC"], var.connectivity)
    error_message = "connectivity is ${var.connectivity}; use PRIVATE, or PUBLIC for a cluster that is publicly accessible."
  }
}

variable "bind_roles_to_stream" {
  description = "Whether the roles trust this one stream; false trusts every stream of this account, should Firehose report that it is unable to assume a role."
  type        = bool
  default     = true
  nullable    = false
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

variable "bucket_owner" {
  description = "Account that owns the bucket; null is this account."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_owner == null ? true : can(regex("^[0-9]{12}$", var.bucket_owner))
    error_message = "bucket_owner is ${coalesce(var.bucket_owner, "null")}; an account has 12 digits."
  }
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

variable "error_folders" {
  description = "Folders below error_prefix: kind of error, and date of arrival in time_zone."
  type        = string
  default     = "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
  nullable    = false

  validation {
    condition     = strcontains(var.error_folders, "!{firehose:error-output-type}")
    error_message = "error_folders is ${var.error_folders}; with partitioning Firehose asks for !{firehose:error-output-type} in the error prefix. Add it."
  }

  validation {
    condition     = !strcontains(var.error_folders, "partitionKeyFrom")
    error_message = "error_folders is ${var.error_folders}; a failed record has no partition key, so Firehose refuses one in the error prefix. Use !{timestamp:…} instead."
  }

  validation {
    condition     = endswith(var.error_folders, "/") && !startswith(var.error_folders, "/")
    error_message = "error_folders is ${var.error_folders}; it must end in / and not begin with it, for it follows error_prefix."
  }
}

variable "time_zone" {
  description = "Time zone of the dates in error folders and object names, e.g. Europe/Berlin. Events are in UTC in any case."
  type        = string
  default     = "UTC"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z/_]+$", var.time_zone))
    error_message = "time_zone is ${var.time_zone}; Firehose takes UTC or names such as Europe/Berlin."
  }
}

variable "table_partition_keys" {
  description = "Partition keys of the Glue table, to compare with the prefix; null compares nothing."
  type        = list(string)
  default     = null
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

variable "parquet" {
  description = <<-EOT
    How the files are written.
    - `compression`: SNAPPY, GZIP (smaller, slower) or UNCOMPRESSED, of the pages. The container is never compressed.
    - `block_size_mib`: size of a row group, 64 or more; a buffer of 128 MiB seldom fills one.
    - `page_size_kib`: size of a page, 64 or more.
    - `dictionary`: whether repeated values are written once, as columns of few values like.
  EOT
  type = object({
    compression    = optional(string, "SNAPPY")
    block_size_mib = optional(number, 256)
    page_size_kib  = optional(number, 1024)
    dictionary     = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["SNAPPY", "GZIP", "UNCOMPRESSED"], var.parquet.compression)
    error_message = "parquet.compression is ${var.parquet.compression}; Firehose writes SNAPPY, GZIP or UNCOMPRESSED."
  }

  validation {
    condition     = var.parquet.block_size_mib >= 64 && floor(var.parquet.block_size_mib) == var.parquet.block_size_mib
    error_message = "parquet.block_size_mib is ${var.parquet.block_size_mib}; Firehose takes 64 or more."
  }

  validation {
    condition     = var.parquet.page_size_kib >= 64 && floor(var.parquet.page_size_kib) == var.parquet.page_size_kib
    error_message = "parquet.page_size_kib is ${var.parquet.page_size_kib}; Firehose takes 64 or more."
  }
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

variable "freshness_promise_seconds" {
  description = "Seconds after which an event is promised to be in the lake; null promises nothing. Buffers must be short enough for it."
  type        = number
  default     = null

  validation {
    condition     = var.freshness_promise_seconds == null ? true : var.freshness_promise_seconds >= 90
    error_message = "freshness_promise_seconds must be 90 or more: the shortest buffer is 60 seconds, and Firehose may take 1.5 times as long."
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

variable "transform_partition_keys" {
  description = "Keys that the transform names for each record (`metadata.partitionKeys`), to compare with the prefix; null compares nothing."
  type        = list(string)
  default     = null
}

variable "average_event_bytes" {
  description = "Average size of an event in bytes, to reckon how a batch grows on its way to the transform; null only warns of batches that small events would make too large."
  type        = number
  default     = null

  validation {
    condition     = var.average_event_bytes == null ? true : var.average_event_bytes >= 1
    error_message = "average_event_bytes must be 1 or more; give the average size of an event's value in the topic."
  }
}

################################################################################
# Partitioning
################################################################################

variable "partition_key_source" {
  description = "Where Firehose takes the partition key from: `lambda`, the transform's answer, or `query`, a jq query over the record that the transform returned."
  type        = string
  default     = "lambda"
  nullable    = false

  validation {
    condition     = contains(["lambda", "query"], var.partition_key_source)
    error_message = "partition_key_source is ${var.partition_key_source}; use lambda or query."
  }
}

variable "partition_field" {
  description = "The partition key's field as the transform spells it in its JSON, for `query`; null spells it as partition_key."
  type        = string
  default     = null

  validation {
    condition     = var.partition_field == null ? true : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", var.partition_field))
    error_message = "partition_field is ${coalesce(var.partition_field, "null")}; use letters, digits and underscores, no digit first: it stands in a jq query."
  }
}
