################################################################################
# Stack
################################################################################

variable "aws_region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region is ${var.aws_region}; use e.g. us-east-1."
  }
}

variable "name" {
  description = "What the stack is called; with the environment it is the prefix of every name."
  type        = string
  default     = "user-events"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "name is ${var.name}; use 3 to 30 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "environment" {
  description = "Environment, e.g. dev, staging or prod; part of every name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment is ${var.environment}; use 2 to 12 lower-case letters and digits, beginning with a letter."
  }
}

variable "tags" {
  description = "Tags of every resource, next to Application, Environment and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps logs."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is ${var.log_retention_days}; CloudWatch takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731 and some longer ones."
  }
}

variable "kms_key_arn" {
  description = "KMS key for brokers' disks, objects and query results; null uses the keys that AWS manages. Its policy must allow MSK and this account's roles."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (…:key/<id>), not an alias: Firehose takes keys only."
  }
}

################################################################################
# Network
################################################################################

variable "vpc_cidr" {
  description = "IPv4 range of the VPC that is created. Not used with existing_network."
  type        = string
  default     = "10.64.0.0/20"
}

variable "existing_network" {
  description = "A network to use instead of creating one: `vpc_id`, and `subnet_ids` with one private subnet per availability zone."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
  default = null
}

variable "availability_zone_count" {
  description = "Availability zones of the created network, one subnet each."
  type        = number
  default     = 3
}

variable "interface_endpoints" {
  description = "AWS services that Kafka clients in the created VPC reach through interface endpoints, e.g. [\"sts\", \"logs\"]; charged by the hour."
  type        = set(string)
  default     = []
  nullable    = false
}

################################################################################
# Kafka
################################################################################

variable "kafka_version" {
  description = "Kafka version as MSK names it, 3.6.0 or later."
  type        = string
  default     = "3.9.x.kraft"
}

variable "kafka_broker_count" {
  description = "Brokers in all, a multiple of the subnets."
  type        = number
  default     = 3
}

variable "kafka_broker_type" {
  description = "Instance type of a broker; any but kafka.t3."
  type        = string
  default     = "kafka.m7g.large"
}

variable "kafka_broker_volume_gib" {
  description = "Disk of one broker in GiB; not used by express brokers."
  type        = number
  default     = 100
}

variable "kafka_monitoring_level" {
  description = "MSK's enhanced monitoring: DEFAULT, PER_BROKER, PER_TOPIC_PER_BROKER or PER_TOPIC_PER_PARTITION."
  type        = string
  default     = "DEFAULT"
}

variable "kafka_client_cidrs" {
  description = "IPv4 ranges outside of the VPC whose Kafka clients reach the brokers."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "topic_name" {
  description = "The topic. A new name is a new topic and a new stream; the former topic's records are deleted."
  type        = string
  default     = "user-events"
}

variable "topic_partitions" {
  description = "Partitions; may grow, never shrink."
  type        = number
  default     = 12
}

variable "topic_replication_factor" {
  description = "Copies of each partition. A new number is a new topic; the former topic's records are deleted."
  type        = number
  default     = 3
}

variable "topic_min_insync_replicas" {
  description = "Copies that must have a record before the producer is answered."
  type        = number
  default     = 2
}

variable "topic_retention_hours" {
  description = "Hours that the topic keeps records: the budget for an outage of S3 or of the stream."
  type        = number
  default     = 72
}

variable "topic_max_message_bytes" {
  description = "Largest record batch that the topic takes, in bytes."
  type        = number
  default     = 1048576
}

################################################################################
# Lake
################################################################################

variable "bucket_name" {
  description = "Name of the bucket, unique in all of AWS; null makes it from name, environment and account."
  type        = string
  default     = null
}

variable "bucket_versioning" {
  description = "Whether S3 keeps former versions of objects."
  type        = bool
  default     = false
}

variable "bucket_lifecycle_days" {
  description = "When S3 removes query results, errors and former versions, and moves events to STANDARD_IA, in days; null goes without rules."
  type = object({
    query_results             = optional(number, 7)
    errors                    = optional(number, 90)
    data_to_infrequent_access = optional(number)
    former_versions           = optional(number, 30)
  })
  default = null
}

variable "bucket_force_destroy" {
  description = "Whether destroy removes the bucket with all events in it. Refused for prod."
  type        = bool
  default     = false
}

variable "lake_first_event_date" {
  description = "The oldest event_date that queries see (YYYY-MM-DD)."
  type        = string
  default     = "2020-01-01"
}

variable "query_bytes_limit" {
  description = "Bytes that one Athena query may scan; null sets no limit."
  type        = number
  default     = null
}

################################################################################
# Transform
################################################################################

variable "lambda_packages" {
  description = <<-EOT
    Paths of the Lambda zips that `make package` builds.
    - `transform`: the transform.
    - `topic`: the function that manages the topic.
    - `probe`: the function that looks at what has no metric.
    - `slack`: the function that writes alarms to Slack.
  EOT
  type = object({
    transform = string
    topic     = string
    probe     = string
    slack     = string
  })
  nullable = false

  validation {
    condition     = fileexists(var.lambda_packages.transform)
    error_message = "lambda_packages.transform is ${var.lambda_packages.transform}, where there is no file. Build it with `make package`."
  }

  validation {
    condition     = fileexists(var.lambda_packages.topic)
    error_message = "lambda_packages.topic is ${var.lambda_packages.topic}, where there is no file. Build it with `make package`."
  }

  validation {
    condition     = fileexists(var.lambda_packages.probe)
    error_message = "lambda_packages.probe is ${var.lambda_packages.probe}, where there is no file. Build it with `make package`."
  }

  validation {
    condition     = fileexists(var.lambda_packages.slack)
    error_message = "lambda_packages.slack is ${var.lambda_packages.slack}, where there is no file. Build it with `make package`."
  }
}

variable "lambda_runtime" {
  description = "Lambda runtime that the zips were built for, e.g. python3.13."
  type        = string

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13", "python3.14"], var.lambda_runtime)
    error_message = "lambda_runtime is ${var.lambda_runtime}; the functions run on python3.11 to python3.14."
  }
}

variable "lambda_architecture" {
  description = "Lambda architecture that the zips were built for: arm64 or x86_64."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture is ${var.lambda_architecture}; use arm64 or x86_64."
  }
}

variable "transform_memory_mib" {
  description = "Memory of the transform in MiB; processor time grows with it."
  type        = number
  default     = 512
}

variable "transform_timeout_seconds" {
  description = "Longest run of one call of the transform, 300 at most."
  type        = number
  default     = 60
}

variable "transform_reserved_concurrency" {
  description = "Calls at a time that are kept for the transform, and its limit; null shares the account's."
  type        = number
  default     = null
}

variable "earliest_event_date" {
  description = "The first UTC date (YYYY-MM-DD) whose events are accepted; not used where max_event_age_days is set."
  type        = string
  default     = null

  validation {
    condition     = var.earliest_event_date == null ? true : can(timeadd("${var.earliest_event_date}T00:00:00Z", "0s"))
    error_message = "earliest_event_date is ${coalesce(var.earliest_event_date, "null")}; use a date such as 2020-01-01."
  }
}

variable "max_event_age_days" {
  description = "Days before its arrival up to which an event's date is accepted."
  type        = number
  default     = null
}

variable "max_future_skew_hours" {
  description = "Hours after its arrival up to which an event's date is accepted."
  type        = number
  default     = 24
}

################################################################################
# Delivery
################################################################################

variable "delivery_read_from" {
  description = "Where a new stream starts to read (RFC 3339, UTC); the default is the oldest record. A change replaces the stream."
  type        = string
  default     = "1970-01-01T00:00:00Z"
}

variable "delivery_buffer_size_mib" {
  description = "Size at which a partition's buffer is written to S3, 64 to 128 (a hint)."
  type        = number
  default     = 128
}

variable "delivery_buffer_interval_seconds" {
  description = "Age at which a partition's buffer is written to S3, 60 to 900 (a hint; the delay may be 1.5 times as long)."
  type        = number
  default     = 300
}

variable "transform_buffer_size_mib" {
  description = "Size at which a batch is sent to the transform, 0.2 to 3."
  type        = number
  default     = 1
}

variable "transform_buffer_interval_seconds" {
  description = "Age at which a batch is sent to the transform, 0 to 900."
  type        = number
  default     = 60
}

variable "transform_retries" {
  description = "How often a failed call of the transform is repeated before its records go to the error prefix."
  type        = number
  default     = 3
}

variable "active_partition_limit" {
  description = "Firehose's quota of partitions open at once in one stream."
  type        = number
  default     = 500

  validation {
    condition     = var.active_partition_limit >= 1 && var.active_partition_limit <= 5000
    error_message = "active_partition_limit is ${var.active_partition_limit}; AWS gives 500, and more on request."
  }
}

################################################################################
# Monitoring
################################################################################

variable "alarm_emails" {
  description = <<-EOT
    Who is told of alarms by e-mail; each address must confirm its subscription.
    - `urgent`: data is late, lost or about to be: act now.
    - `notice`: something to look at in working hours.
  EOT
  type = object({
    urgent = optional(set(string), [])
    notice = optional(set(string), [])
  })
  default  = {}
  nullable = false
}

variable "alarm_slack" {
  description = <<-EOT
    Alarms in a Slack channel; null does without. `{}` makes a secret without a value, into which you put the webhook's URL (terraform/README.md).
    - `secret_arn`, `secret_kms_key_arn`: a secret of yours that holds the URL, and its key.
    - `secret_recovery_days`: days that a destroyed secret can be brought back.
  EOT
  type = object({
    secret_arn           = optional(string)
    secret_kms_key_arn   = optional(string)
    secret_recovery_days = optional(number)
  })
  default = null
}

variable "alarms_unattended" {
  description = "Whether it is meant that alarms reach nobody. Otherwise a plan warns where neither alarm_emails nor alarm_slack is set."
  type        = bool
  default     = false
}

variable "runbook_base_url" {
  description = "Where your copy of docs/runbooks is seen, e.g. https://git.example.org/data/pipeline/blob/main/docs/runbooks; linked in each alarm."
  type        = string
  default     = "docs/runbooks"
}

variable "expected_records_per_second" {
  description = "Records a second at an ordinary time, where known: the lag's threshold is then tested against the topic's retention."
  type        = number
  default     = null
}

variable "alarm_thresholds" {
  description = "When alarms go off; what is left out has the default of modules/monitoring, where each stands with its reason."
  type = object({
    freshness_seconds          = optional(number)
    source_lag_records         = optional(number)
    unaccounted_percent        = optional(number)
    unaccounted_hours          = optional(number)
    partition_count_percent    = optional(number)
    rejected_percent           = optional(number)
    rejected_percent_by_reason = optional(map(number))
    transform_duration_percent = optional(number)
    delivery_errors            = optional(number)
    error_objects              = optional(number)
    no_data_minutes            = optional(number)
    anomaly_band               = optional(number)
    broker_cpu_percent         = optional(number)
    broker_disk_percent        = optional(number)
  })
  default  = {}
  nullable = false
}
