variable "name" {
  description = "Name of the function, its role and its log group."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.name))
    error_message = "name is ${var.name}; Lambda and IAM take 64 letters, digits, hyphens and underscores."
  }
}

################################################################################
# Schema
################################################################################

variable "schema_file" {
  description = "Path of the event schema that the zip carries; it names the partition key."
  type        = string

  validation {
    condition     = fileexists(var.schema_file)
    error_message = "schema_file is ${var.schema_file}, where there is no file. Run terraform in the project's checkout."
  }
}

################################################################################
# Logs
################################################################################

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the function's log."
  type        = number
}

variable "log_kms_key_arn" {
  description = "KMS key for the function's log, whose policy lets CloudWatch Logs use it; null leaves it to AWS."
  type        = string
  default     = null
}

variable "log_format" {
  description = "Format of the lines that Lambda and the runtime write: Text, or JSON for tools that want fields. The transform's own line, its metrics, is JSON either way."
  type        = string
  default     = "Text"
  nullable    = false

  validation {
    condition     = contains(["Text", "JSON"], var.log_format)
    error_message = "log_format is ${var.log_format}; Lambda takes Text or JSON."
  }
}

################################################################################
# Function
################################################################################

variable "package" {
  description = "Path of the function's zip."
  type        = string

  validation {
    condition     = fileexists(var.package)
    error_message = "package is ${var.package}, where there is no file. Build it with `make package`."
  }
}

variable "runtime" {
  description = "Lambda runtime that the zip was built for, e.g. python3.13."
  type        = string

  validation {
    condition     = can(regex("^python3\\.[0-9]+$", var.runtime))
    error_message = "runtime is ${var.runtime}; the transform is Python, e.g. python3.13."
  }
}

variable "kms_key_arn" {
  description = "KMS key for the function's variables; null leaves it to AWS."
  type        = string
  default     = null
}

variable "tracing" {
  description = "Whether calls are traced with AWS X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "architecture" {
  description = "Lambda architecture that the zip was built for: arm64 or x86_64."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is ${var.architecture}; use arm64 or x86_64, whichever the zip was built for."
  }
}

variable "memory_mib" {
  description = "Memory in MiB; processor time grows with it, one full core at 1769."
  type        = number
  default     = 512

  validation {
    condition     = var.memory_mib >= 128 && var.memory_mib <= 10240
    error_message = "memory_mib is ${var.memory_mib}; Lambda takes 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "Longest run of one call, in seconds."
  type        = number
  default     = 60

  # Firehose developer guide, "Data transformation": an invocation of up to 5 minutes.
  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 300
    error_message = "timeout_seconds is ${var.timeout_seconds}; Firehose waits 300 seconds at most for one call. Use 1 to 300."
  }
}

variable "reserved_concurrency" {
  description = "Calls at a time that are kept for this function, and its limit; null shares the account's."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 1
    error_message = "reserved_concurrency must be 1 or more: with 0 no batch would ever be transformed. Use null to share the account's."
  }
}

variable "accepted_window" {
  description = <<-EOT
    UTC event dates that are accepted; others go to the error prefix.
    - `earliest_event_date`: a fixed first date (YYYY-MM-DD), or null.
    - `max_event_age_days`: days before an event's arrival; where set it is used instead of the former.
    - `max_future_skew_hours`: hours after an event's arrival.
  EOT
  type = object({
    earliest_event_date   = optional(string)
    max_event_age_days    = optional(number)
    max_future_skew_hours = optional(number, 24)
  })
  nullable = false

  validation {
    condition     = var.accepted_window.earliest_event_date == null ? true : can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.accepted_window.earliest_event_date)) && can(timeadd("${var.accepted_window.earliest_event_date}T00:00:00Z", "0s"))
    error_message = "accepted_window.earliest_event_date is ${coalesce(var.accepted_window.earliest_event_date, "null")}; use a date such as 2020-01-01."
  }

  validation {
    condition     = var.accepted_window.max_event_age_days == null ? true : var.accepted_window.max_event_age_days >= 1 && floor(var.accepted_window.max_event_age_days) == var.accepted_window.max_event_age_days
    error_message = "accepted_window.max_event_age_days must be a whole number, 1 or more."
  }

  validation {
    condition     = var.accepted_window.max_future_skew_hours >= 0 && floor(var.accepted_window.max_future_skew_hours) == var.accepted_window.max_future_skew_hours
    error_message = "accepted_window.max_future_skew_hours is ${var.accepted_window.max_future_skew_hours}; use a whole number, 0 or more."
  }
}

variable "expected_load" {
  description = <<-EOT
    What the function must bear, to check reserved_concurrency and timeout_seconds against; null checks nothing.
    - `peak_bytes_per_second`: bytes of events at the peak.
    - `batch_mib`: size of a batch, as the stream sends it.
    - `seconds_per_mib`: time that one full core (1769 MiB of memory) takes for a MiB of events; the default has half
      of it as reserve over what was measured on a slow core.
  EOT
  type = object({
    peak_bytes_per_second = number
    batch_mib             = number
    seconds_per_mib       = optional(number, 0.15)
  })
  default = null

  validation {
    condition     = var.expected_load == null ? true : alltrue([for value in values(var.expected_load) : value > 0])
    error_message = "expected_load has a number that is not above 0; give what the function must bear, or null."
  }
}
