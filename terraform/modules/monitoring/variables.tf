variable "name" {
  description = "Prefix of every name in this module: alarms, topics, functions, roles, dashboard."
  type        = string

  # 55: a role's name is at most 64 characters, and "-schedule" is added.
  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9-]{0,54}$", var.name))
    error_message = "name is ${var.name}; use letters, digits and hyphens, and with this module's suffixes 55 characters at most."
  }
}

variable "kms_key_arn" {
  description = "KMS key for notifications, the queue of undelivered ones, and the webhook's secret; null leaves topics unencrypted at rest and the others to keys of AWS. Its policy must let cloudwatch.amazonaws.com and sns.amazonaws.com use it, or no alarm is ever sent."
  type        = string
  default     = null

  # CloudWatch cannot publish to a topic under the key that AWS manages for SNS (alias/aws/sns), whose policy is fixed
  # (CloudWatch user guide, "Notifying users on alarm changes").
  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key of your own (…:key/<id>): alarms cannot be published under an alias or the key that AWS manages."
  }
}

################################################################################
# Notifications
################################################################################

variable "emails" {
  description = <<-EOT
    Who is told by e-mail; each address must confirm its subscription.
    - `urgent`: data is late, lost or about to be: act now.
    - `notice`: something to look at in working hours.
  EOT
  type = object({
    urgent = optional(set(string), [])
    notice = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for address in setunion(var.emails.urgent, var.emails.notice) : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "emails holds something that is no e-mail address. Use addresses such as data-team@example.org."
  }
}

variable "unattended" {
  description = "Whether it is meant that alarms reach nobody, as in an environment for trying things out. Otherwise a plan warns of it."
  type        = bool
  default     = false
}

variable "runbook_base_url" {
  description = "Where the runbooks are, without a slash at the end; `<alarm>.md` is added and stands in each alarm's description."
  type        = string
  default     = "docs/runbooks"
  nullable    = false

  # An alarm's description has 1024 characters at most (API reference, PutMetricAlarm).
  validation {
    condition     = can(regex("^\\S{1,256}[^/\\s]$", var.runbook_base_url))
    error_message = "runbook_base_url is ${var.runbook_base_url}; use a path or URL without spaces, without a slash at its end, and of 257 characters at most."
  }
}

################################################################################
# Slack
################################################################################

variable "slack" {
  description = <<-EOT
    Alarms in a Slack channel by an incoming webhook; null does without.
    - `secret_arn`: a Secrets Manager secret of yours that holds the webhook's URL; where null, a secret without a value is made. Put the URL with
      `aws secretsmanager put-secret-value`: it never passes through Terraform, so it is in no state and no plan.
    - `secret_kms_key_arn`: the key of your own secret, where it has one.
    - `secret_recovery_days`: days that a destroyed secret can be brought back, 7 to 30, or 0 to remove it at once.
  EOT
  type = object({
    secret_arn           = optional(string)
    secret_kms_key_arn   = optional(string)
    secret_recovery_days = optional(number, 7)
  })
  default = null

  validation {
    condition     = try(var.slack.secret_arn, null) == null ? true : can(regex("^arn:[^:]+:secretsmanager:[^:]+:[0-9]{12}:secret:.+$", var.slack.secret_arn))
    error_message = "slack.secret_arn must be the ARN of a secret (…:secret:<name>), and never the webhook's URL itself: whoever has the URL can write to the channel."
  }

  validation {
    condition     = var.slack == null ? true : var.slack.secret_recovery_days == 0 || (var.slack.secret_recovery_days >= 7 && var.slack.secret_recovery_days <= 30)
    error_message = "slack.secret_recovery_days is ${try(var.slack.secret_recovery_days, 0)}; Secrets Manager takes 0, or 7 to 30."
  }
}

variable "packages" {
  description = <<-EOT
    Paths of the functions' zips.
    - `probe`: looks at what has no metric.
    - `slack`: writes alarms to Slack.
  EOT
  type = object({
    probe = string
    slack = string
  })
  nullable = false

  validation {
    condition     = fileexists(var.packages.probe)
    error_message = "packages.probe is ${var.packages.probe}, where there is no file. Build it with `make package`."
  }

  validation {
    condition     = fileexists(var.packages.slack)
    error_message = "packages.slack is ${var.packages.slack}, where there is no file. Build it with `make package`."
  }
}

variable "lambda_runtime" {
  description = "Lambda runtime that the zips were built for, e.g. python3.13."
  type        = string
}

variable "lambda_architecture" {
  description = "Lambda architecture that the zips were built for: arm64 or x86_64."
  type        = string
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the functions' logs."
  type        = number
}

variable "log_kms_key_arn" {
  description = "KMS key for the functions' logs; null leaves them to CloudWatch's own. Its policy must let logs.<region>.amazonaws.com use it."
  type        = string
  default     = null
}

################################################################################
# Probe
################################################################################

variable "bucket" {
  description = "Bucket of the stream's error objects."
  type        = string
}

variable "error_prefix" {
  description = "Key prefix of error objects, before error type and date."
  type        = string

  validation {
    condition     = can(regex("^[^/].*/$", var.error_prefix)) && !can(regex("!\\{", var.error_prefix))
    error_message = "error_prefix is ${var.error_prefix}; it must end in /, not begin with it, and hold no expression: the probe lists what lies below it."
  }
}

variable "error_lookback_days" {
  description = "How many days back the folders of new error objects may be dated: their date is that of the oldest record, which may be as old as the topic keeps records."
  type        = number
  default     = 4

  validation {
    condition     = var.error_lookback_days >= 1 && floor(var.error_lookback_days) == var.error_lookback_days
    error_message = "error_lookback_days is ${var.error_lookback_days}; use a whole number, 1 or more: the topic's retention in days, and one."
  }
}

variable "probe_minutes" {
  description = "Minutes between two looks of the probe."
  type        = number
  default     = 5

  validation {
    condition     = var.probe_minutes >= 1 && var.probe_minutes <= 60 && floor(var.probe_minutes) == var.probe_minutes
    error_message = "probe_minutes is ${var.probe_minutes}; use a whole number from 1 to 60."
  }
}

################################################################################
# Log metrics
################################################################################

variable "delivery_log_group" {
  description = "Log group of the stream's errors."
  type        = string
}

################################################################################
# Alarms
################################################################################

variable "stream_name" {
  description = "The delivery stream that is watched."
  type        = string
}

variable "transform_function_name" {
  description = "The transform's function."
  type        = string
}

variable "transform_timeout_seconds" {
  description = "Longest run of one call of the transform; the alarm on its duration is a share of it."
  type        = number
}

variable "buffer_interval_seconds" {
  description = "Buffer interval of the stream: what is younger is not late."
  type        = number
}

variable "transform_buffer_interval_seconds" {
  description = "Interval of the transform's batches, which comes before the buffer's."
  type        = number
}

variable "active_partition_limit" {
  description = "Firehose's quota of partitions open at once in the stream."
  type        = number
  default     = 500
}

variable "cluster_name" {
  description = "Name of the MSK cluster."
  type        = string
}

variable "broker_count" {
  description = "Brokers of the cluster; each is watched."
  type        = number
}

variable "express_brokers" {
  description = "Whether the brokers are express ones, which have no metrics of disks and replicas: MSK keeps both."
  type        = bool
  default     = false
}

variable "topic_retention_hours" {
  description = "Hours that the topic keeps records: a lag older than that is a loss."
  type        = number
}

variable "expected_records_per_second" {
  description = "Records a second at an ordinary time, where known: the lag's threshold is then tested against the topic's retention."
  type        = number
  default     = null

  validation {
    condition     = var.expected_records_per_second == null ? true : var.expected_records_per_second > 0
    error_message = "expected_records_per_second must be above 0, or null where it is not known."
  }
}

variable "thresholds" {
  description = <<-EOT
    When an alarm goes off; what is left out has the value that is given here.
    - `freshness_seconds` (900): age of the oldest record not yet on S3. AWS asks for an alarm above the buffer's limit of 15 minutes; it must be longer than a healthy delay, 1.5 times the buffer interval.
    - `source_lag_records` (10,000,000): records that Firehose has yet to read, for 15 minutes. At 500 GiB a day of 170-byte events that is about five minutes of the topic.
    - `unaccounted_percent` (5) and `unaccounted_hours` (3): share of the records read that became neither row nor known error, in each of so many hours. What is in the buffers differs from hour to hour by a few percent; that it does so three times in the same direction is a loss.
    - `partition_count_percent` (80): open partitions, of the quota: time to find the broken clock before records go to the error prefix.
    - `rejected_percent` (1): share of events that the transform refuses. Producers are trusted with a tenth of it.
    - `rejected_percent_by_reason` ({}): the same for single reasons, e.g. { timestamp_out_of_range = 0.1 }.
    - `transform_duration_percent` (80): the 99th percentile of the transform's duration, of its timeout.
    - `delivery_errors` (10): lines in the delivery log within five minutes; single ones are retries that worked.
    - `error_objects` (1): objects in the error area that are not refusals of the transform.
    - `no_data_minutes` (15): so long without one record read is silence; 0 does without the alarm.
    - `anomaly_band` (0): width, in standard deviations, of what CloudWatch learns to expect of records read; 0 does without. CloudWatch needs two weeks to learn, and bills three metrics.
    - `broker_cpu_percent` (60): AWS's advice for MSK; `broker_disk_percent` (80): five below the 85 at which AWS says to act.
  EOT
  type = object({
    freshness_seconds          = optional(number, 900)
    source_lag_records         = optional(number, 10000000)
    unaccounted_percent        = optional(number, 5)
    unaccounted_hours          = optional(number, 3)
    partition_count_percent    = optional(number, 80)
    rejected_percent           = optional(number, 1)
    rejected_percent_by_reason = optional(map(number), {})
    transform_duration_percent = optional(number, 80)
    delivery_errors            = optional(number, 10)
    error_objects              = optional(number, 1)
    no_data_minutes            = optional(number, 15)
    anomaly_band               = optional(number, 0)
    broker_cpu_percent         = optional(number, 60)
    broker_disk_percent        = optional(number, 80)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([for percent in [
      var.thresholds.unaccounted_percent, var.thresholds.partition_count_percent, var.thresholds.rejected_percent,
      var.thresholds.transform_duration_percent, var.thresholds.broker_cpu_percent, var.thresholds.broker_disk_percent,
    ] : percent > 0 && percent < 100])
    error_message = "One of thresholds' percentages is not between 0 and 100: at 0 its alarm would never end, at 100 it would never begin."
  }

  validation {
    condition     = alltrue([for percent in values(var.thresholds.rejected_percent_by_reason) : percent > 0 && percent < 100])
    error_message = "thresholds.rejected_percent_by_reason holds a percentage that is not between 0 and 100: at 0 its alarm would never end."
  }

  # The kinds of `transform/reasons.py`; a test compares the two.
  validation {
    condition = length(setsubtract(keys(var.thresholds.rejected_percent_by_reason), [
      "empty_value", "not_utf8", "not_json", "too_deep", "not_an_object", "missing_timestamp", "bad_timestamp", "timestamp_out_of_range", "wrong_type",
    ])) == 0
    error_message = "thresholds.rejected_percent_by_reason names a reason that the transform does not give. It gives empty_value, not_utf8, not_json, too_deep, not_an_object, missing_timestamp, bad_timestamp, timestamp_out_of_range and wrong_type."
  }

  # A period of an hour or more may be evaluated over seven days (CloudWatch user guide, "Alarm evaluation").
  validation {
    condition     = var.thresholds.unaccounted_hours >= 1 && var.thresholds.unaccounted_hours <= 24 && floor(var.thresholds.unaccounted_hours) == var.thresholds.unaccounted_hours
    error_message = "thresholds.unaccounted_hours is ${var.thresholds.unaccounted_hours}; use a whole number from 1 to 24."
  }

  validation {
    condition     = var.thresholds.no_data_minutes >= 0 && var.thresholds.no_data_minutes <= 1440 && floor(var.thresholds.no_data_minutes) == var.thresholds.no_data_minutes
    error_message = "thresholds.no_data_minutes is ${var.thresholds.no_data_minutes}; use a whole number up to 1440 (a day, CloudWatch's longest period), or 0 for no alarm."
  }

  validation {
    condition     = var.thresholds.anomaly_band >= 0
    error_message = "thresholds.anomaly_band is ${var.thresholds.anomaly_band}; use 2 to 5, or 0 for no alarm."
  }

  validation {
    condition     = min(var.thresholds.freshness_seconds, var.thresholds.source_lag_records, var.thresholds.delivery_errors, var.thresholds.error_objects) >= 1
    error_message = "One of thresholds' counts is below 1: its alarm would never end. Set 1 or more."
  }
}

################################################################################
# Dashboard
################################################################################

variable "topic_name" {
  description = "The topic that the stream reads."
  type        = string
}
