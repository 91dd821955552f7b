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

variable "account_id" {
  description = "AWS account that the environment belongs to; a plan with another account's credentials is refused. Null takes any."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null ? true : can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is ${coalesce(var.account_id, "null")}; use the 12 digits of an account, in quotes."
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

variable "expected_gib_per_day" {
  description = "GiB of records that producers send on a busy day, before compression. Rules compare partitions, disks and brokers with it; nothing else uses it."
  type        = number
  default     = 500

  validation {
    condition     = var.expected_gib_per_day > 0
    error_message = "expected_gib_per_day is ${var.expected_gib_per_day}; give what a busy day brings, e.g. 500."
  }
}

variable "peak_factor" {
  description = "How many times its average a busy day's rate is at its peak."
  type        = number
  default     = 3

  validation {
    condition     = var.peak_factor >= 1 && var.peak_factor <= 100
    error_message = "peak_factor is ${var.peak_factor}; a peak is 1 to 100 times the average. 3 is usual for people's actions."
  }
}

variable "outage_budget_hours" {
  description = "The longest outage of S3 or of the stream after which nothing may be lost. Rules hold topic_retention_hours to it."
  type        = number
  default     = 24
}

################################################################################
# Encryption
################################################################################

variable "create_kms_keys" {
  description = "Whether the stack makes its own KMS keys, for each purpose that existing_kms_keys names none for; false encrypts with AWS's keys instead."
  type        = bool
  default     = true
  nullable    = false
}

variable "existing_kms_keys" {
  description = <<-EOT
    ARNs of KMS keys to use instead of making some; the policy of each needs what the output `kms_key_policy_statements` says.
    - `data`: objects, query results, brokers' disks, variables of functions.
    - `logs`: log groups.
    - `alarms`: the alarms' topic and secret.
  EOT
  type = object({
    data   = optional(string)
    logs   = optional(string)
    alarms = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in values(var.existing_kms_keys) : arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", arn))])
    error_message = "existing_kms_keys must be ARNs of keys (…:key/<id>), not of aliases: Firehose and Lambda take keys only."
  }
}

variable "kms_deletion_window_days" {
  description = "Days between destroy and the end of the keys, and of what they encrypted; 7 to 30."
  type        = number
  default     = 30
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

variable "availability_zones" {
  description = "Names of the zones of the created network; null takes the region's first. Not every zone offers every broker type. A change replaces the cluster."
  type        = list(string)
  default     = null
}

variable "vpc_flow_logs" {
  description = "Flow logs of the created VPC: `traffic_type` (ALL, ACCEPT, REJECT) and `aggregation_seconds` (60, 600); null goes without."
  type = object({
    traffic_type        = optional(string, "ALL")
    aggregation_seconds = optional(number, 600)
  })
  default = {}
}

variable "s3_endpoint_accounts" {
  description = "Other accounts whose buckets clients in the created VPC may reach; this account's are always reached."
  type        = set(string)
  default     = []
  nullable    = false
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

variable "existing_kafka_cluster" {
  description = <<-EOT
    An MSK cluster to use instead of creating one and its network: provisioned, in this account and region, with IAM, multi-VPC
    private connectivity for IAM, and ports 14001 to 14100 open to its own VPC.
    - `arn`: the cluster.
    - `manage_topic`: whether the stack makes the topic; false uses one that is there.
    - `manage_policy`: whether the stack puts the cluster policy for Firehose, in place of the one the cluster has.
  EOT
  type = object({
    arn           = string
    manage_topic  = optional(bool, true)
    manage_policy = optional(bool, false)
  })
  default = null
}

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
  default     = "kafka.m7g.xlarge"
}

variable "kafka_broker_volume_gib" {
  description = "Disk of one broker in GiB; not used by express brokers. Never shrinks: after storage scaling has grown it, raise the number to what it has."
  type        = number
  default     = 2600
}

variable "kafka_storage_autoscaling" {
  description = "Growth of the brokers' disks: up to `maximum_gib`, from `target_percent` full; null leaves them as they are."
  type = object({
    maximum_gib    = number
    target_percent = optional(number, 60)
  })
  default = null
}

variable "kafka_storage_mode" {
  description = "LOCAL keeps records on the brokers' disks; TIERED moves those older than topic_local_retention_hours to MSK's cheaper tier, for good."
  type        = string
  default     = "LOCAL"
}

variable "kafka_provisioned_throughput_mib" {
  description = "Throughput of each broker's disk in MiB/s, for large brokers; null takes what EBS gives with it."
  type        = number
  default     = null
}

variable "kafka_server_properties" {
  description = "Further broker properties of MSK's custom configurations. A change restarts the brokers one after another."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kafka_broker_logs_s3" {
  description = "A bucket (`bucket`, `prefix`) that gets the brokers' logs as well as CloudWatch; null goes without."
  type = object({
    bucket = string
    prefix = optional(string, "msk/")
  })
  default = null
}

variable "kafka_open_monitoring" {
  description = "Prometheus exporters on the brokers (`jmx_exporter`, `node_exporter`), and who may scrape them (`scraper_cidrs`); null goes without."
  type = object({
    jmx_exporter  = optional(bool, true)
    node_exporter = optional(bool, true)
    scraper_cidrs = optional(set(string), [])
  })
  default = null
}

variable "kafka_cluster_policy_source" {
  description = "Whose Firehose the cluster policy lets in: this `account`'s, the one `stream`'s, or any (`none`; for finding out why a connection is refused)."
  type        = string
  default     = "account"
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

variable "topic_retention_bytes" {
  description = "Bytes that each partition keeps at most, whatever their age; null sets no limit. A limit shortens the budget for an outage."
  type        = number
  default     = null
}

variable "topic_local_retention_hours" {
  description = "Hours that records stay on the brokers' disks with kafka_storage_mode TIERED."
  type        = number
  default     = 12
}

variable "topic_segment_mib" {
  description = "Size at which a partition's file is closed; only closed files are deleted."
  type        = number
  default     = 512
}

variable "topic_segment_hours" {
  description = "Age at which a partition's file is closed; only closed files are deleted."
  type        = number
  default     = 6
}

variable "topic_compression_type" {
  description = "Compression of stored batches; producer keeps what producers chose."
  type        = string
  default     = "producer"
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

variable "existing_bucket" {
  description = "A bucket to use instead of making one, of this account or another: `name` and the owner's `account_id`. Its policy needs what the output `bucket_policy_statements` says."
  type = object({
    name       = string
    account_id = string
  })
  default = null
}

variable "bucket_access_log" {
  description = "Where S3 logs the requests to the bucket: `bucket`, another one of the same account and region, and `prefix`; null logs none."
  type = object({
    bucket = string
    prefix = string
  })
  default = null
}

variable "bucket_versioning" {
  description = "Whether S3 keeps former versions of objects."
  type        = bool
  default     = false
}

variable "bucket_lifecycle_days" {
  description = "When S3 removes query results, errors, events and former versions, and moves events to STANDARD_IA, in days; null goes without rules. Never shorter than what data_retention_days and error_retention_days promise."
  type = object({
    query_results             = optional(number, 7)
    errors                    = optional(number, 90)
    data                      = optional(number)
    data_to_infrequent_access = optional(number)
    former_versions           = optional(number, 30)
  })
  default = null
}

variable "data_retention_days" {
  description = "Days for which events are promised to be kept; null promises it for good, so that no lifecycle may remove any."
  type        = number
  default     = null
}

variable "error_retention_days" {
  description = "Days for which errors are promised to be kept, to be mended and sent again."
  type        = number
  default     = 14
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
  description = "Bytes that one Athena query may scan; null sets no limit. The default, 1 TiB, is about five dollars a query."
  type        = number
  default     = 1099511627776
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

variable "transform_tracing" {
  description = "Whether calls of the transform are traced with AWS X-Ray."
  type        = bool
  default     = false
}

variable "transform_log_format" {
  description = "Format of the transform's log: Text or JSON."
  type        = string
  default     = "Text"
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

variable "samples_only" {
  description = "Declares that samples and tests alone are sent here, no live stream: a fixed earliest_event_date may let in more dates than Firehose keeps open at once. Refused for prod."
  type        = bool
  default     = false
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

variable "delivery_bind_roles_to_stream" {
  description = "Whether the stream's roles trust this one stream; false trusts every stream of the account, should Firehose report that it is unable to assume a role."
  type        = bool
  default     = true
}

variable "delivery_parquet" {
  description = "How the files are written: `compression` (SNAPPY, GZIP, UNCOMPRESSED), `block_size_mib`, `page_size_kib`, `dictionary`."
  type = object({
    compression    = optional(string, "SNAPPY")
    block_size_mib = optional(number, 256)
    page_size_kib  = optional(number, 1024)
    dictionary     = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "partition_key_source" {
  description = "Where Firehose takes the partition key from: `lambda`, or `query` (jq, at an extra price), should it not honour the transform's for an MSK source."
  type        = string
  default     = "lambda"
}

variable "freshness_promise_seconds" {
  description = "Seconds after which an event is promised to be in the lake; the buffers must be short enough. Null promises nothing."
  type        = number
  default     = 900
}

variable "average_event_bytes" {
  description = "Average size of an event in the topic, in bytes; batches for the transform must fit Lambda's 6 MB with it."
  type        = number
  default     = 200
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
