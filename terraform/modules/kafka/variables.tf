################################################################################
# Names
################################################################################

variable "name" {
  description = "Name of the cluster, and prefix of every other name in this module."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9-]{0,54}$", var.name))
    error_message = "name is ${var.name}; MSK takes letters, digits and hyphens, and with this module's suffixes 55 characters at most."
  }
}

################################################################################
# Access to the brokers
################################################################################

variable "vpc_id" {
  description = "VPC of the brokers. Not used with existing_cluster."
  type        = string
  default     = null
}

variable "vpc_cidr" {
  description = "IPv4 range of the VPC: clients in it, and Firehose's private connectivity, reach the brokers. Not used with existing_cluster."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "Private subnets, one per availability zone. Not used with existing_cluster."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "subnet_count" {
  description = "How many subnets there are; a number that is known at plan, when the subnets may not exist yet."
  type        = number
  default     = 0
  nullable    = false
}

variable "client_cidrs" {
  description = "IPv4 ranges outside of the VPC whose Kafka clients reach the brokers, e.g. a peered VPC."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.client_cidrs : can(cidrhost(cidr, 0)) && cidr != "0.0.0.0/0"])
    error_message = "client_cidrs must be IPv4 ranges such as 10.0.0.0/16, and not the whole internet."
  }
}

################################################################################
# Broker logs
################################################################################

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the logs of brokers and topic function."
  type        = number
}

variable "log_kms_key_arn" {
  description = "KMS key of the log groups of brokers and topic function; null uses CloudWatch's own encryption. Its policy must allow the Logs service of this region."
  type        = string
  default     = null
}

variable "broker_logs_s3" {
  description = <<-EOT
    A bucket that gets the brokers' logs as well, for keeping them longer than CloudWatch; null goes without.
    - `bucket`: its name. Whoever applies needs s3:PutBucketPolicy on it, for MSK adds the log delivery service to its policy.
    - `prefix`: key prefix of the logs.
  EOT
  type = object({
    bucket = string
    prefix = optional(string, "msk/")
  })
  default = null
}

################################################################################
# Configuration, cluster
################################################################################

variable "existing_cluster" {
  description = <<-EOT
    A cluster that is made elsewhere, to use instead of creating one: provisioned, in this account and region, with IAM
    authentication, multi-VPC private connectivity for IAM, and ports 14001 to 14100 open to its own VPC.
    - `arn`: the cluster.
    - `manage_topic`: whether this module makes the topic; false uses one that is there.
    - `manage_policy`: whether this module puts the cluster policy for Firehose, **in place of the one the cluster has**. Where
      its owner has a policy, add the statement of the output `firehose_policy` to that.
  EOT
  type = object({
    arn           = string
    manage_topic  = optional(bool, true)
    manage_policy = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.existing_cluster == null ? true : can(regex("^arn:[^:]+:kafka:[^:]+:[0-9]{12}:cluster/[^/]+/[^/]+$", var.existing_cluster.arn))
    error_message = "existing_cluster.arn is ${try(var.existing_cluster.arn, "null")}; give the whole ARN of a cluster: arn:<partition>:kafka:<region>:<account>:cluster/<name>/<uuid>."
  }

  # MSK ends the UUID of serverless clusters with -s1 to -s9; they have neither private connectivity to set nor topic operations.
  validation {
    condition     = var.existing_cluster == null ? true : !can(regex("-s[0-9]+$", var.existing_cluster.arn))
    error_message = "existing_cluster.arn is ${try(var.existing_cluster.arn, "null")}, a serverless cluster; use a provisioned one: this module's topic and rules need it."
  }
}

# KRaft clusters of MSK start at 3.7, and from 4.0 there is no other form (developer guide, "Metadata management"). A cluster
# cannot be moved from one form to the other: adding `.kraft` to the version of a running cluster needs a new name.
variable "kafka_version" {
  description = "Kafka version as MSK names it (developer guide, \"Supported Apache Kafka versions\"); `.kraft` is the form without ZooKeeper."
  type        = string
  default     = "3.9.x.kraft"

  validation {
    condition     = can(regex("^(3\\.[6-9]|4\\.[0-9]+)\\.([0-9]+|x)(\\.kraft)?$", var.kafka_version))
    error_message = "kafka_version is ${var.kafka_version}; MSK's topic operations need 3.6.0 or later. Use e.g. 3.9.x.kraft."
  }

  validation {
    condition     = !(endswith(var.kafka_version, ".kraft") && startswith(var.kafka_version, "3.6."))
    error_message = "kafka_version is ${var.kafka_version}; MSK runs KRaft from 3.7 on. Use 3.9.x.kraft, or leave .kraft out."
  }

  validation {
    condition     = endswith(var.kafka_version, ".kraft") || !startswith(var.kafka_version, "4.")
    error_message = "kafka_version is ${var.kafka_version}; Kafka 4 has no ZooKeeper. Use ${var.kafka_version}.kraft."
  }
}

variable "broker_count" {
  description = "Brokers in all, spread evenly over the subnets."
  type        = number
  default     = 3

  validation {
    condition     = var.broker_count >= 2 && floor(var.broker_count) == var.broker_count
    error_message = "broker_count is ${var.broker_count}; MSK needs a whole number, 2 or more."
  }
}

variable "broker_type" {
  description = "Instance type of a broker, e.g. kafka.m7g.large or express.m7g.large."
  type        = string
  default     = "kafka.m7g.large"

  validation {
    condition     = can(regex("^(kafka|express)\\.[a-z0-9]+\\.[a-z0-9]+$", var.broker_type))
    error_message = "broker_type is ${var.broker_type}; use e.g. kafka.m7g.large or express.m7g.large."
  }

  validation {
    condition     = !startswith(var.broker_type, "kafka.t3.")
    error_message = "broker_type is ${var.broker_type}; MSK offers no multi-VPC private connectivity on kafka.t3, and Firehose needs it. Use kafka.m7g.large or larger."
  }
}

variable "broker_volume_gib" {
  description = "Disk of one broker in GiB; not used by express brokers."
  type        = number
  default     = 100

  validation {
    condition     = var.broker_volume_gib >= 1 && var.broker_volume_gib <= 16384
    error_message = "broker_volume_gib is ${var.broker_volume_gib}; MSK takes 1 to 16384."
  }
}

variable "storage_mode" {
  description = "LOCAL keeps all records on the brokers' disks; TIERED moves those older than topic_local_retention_hours to MSK's cheaper tier. A cluster never goes back to LOCAL."
  type        = string
  default     = "LOCAL"

  validation {
    condition     = contains(["LOCAL", "TIERED"], var.storage_mode)
    error_message = "storage_mode is ${var.storage_mode}; use LOCAL or TIERED."
  }
}

variable "provisioned_throughput_mib" {
  description = "Throughput of each disk in MiB/s, for large brokers; null takes what EBS gives with the volume."
  type        = number
  default     = null

  validation {
    condition     = var.provisioned_throughput_mib == null ? true : var.provisioned_throughput_mib >= 250
    error_message = "provisioned_throughput_mib is ${coalesce(var.provisioned_throughput_mib, 0)}; MSK takes 250 or more, which is what a disk has anyway. Leave it out, or raise it."
  }
}

variable "server_properties" {
  description = "Further broker properties, e.g. { \"num.replica.fetchers\" = \"4\" } (MSK developer guide, \"Custom MSK configurations\"). A change restarts the brokers one after another."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.server_properties), ["auto.create.topics.enable", "unclean.leader.election.enable"])) == 0
    error_message = "server_properties sets ${join(" and ", setintersection(keys(var.server_properties), ["auto.create.topics.enable", "unclean.leader.election.enable"]))}; the module keeps both false: a mistyped topic would be made, and acknowledged records could be lost. Leave them out."
  }
}

variable "monitoring_level" {
  description = "MSK's enhanced monitoring. All but DEFAULT is charged."
  type        = string
  default     = "DEFAULT"

  validation {
    condition     = contains(["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"], var.monitoring_level)
    error_message = "monitoring_level is ${var.monitoring_level}; use DEFAULT, PER_BROKER, PER_TOPIC_PER_BROKER or PER_TOPIC_PER_PARTITION."
  }
}

variable "needed_monitoring_level" {
  description = "The monitoring level that the owner's alarms need; a rule compares."
  type        = string
  default     = "DEFAULT"

  validation {
    condition     = contains(["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"], var.needed_monitoring_level)
    error_message = "needed_monitoring_level is ${var.needed_monitoring_level}; use DEFAULT, PER_BROKER, PER_TOPIC_PER_BROKER or PER_TOPIC_PER_PARTITION."
  }
}

variable "open_monitoring" {
  description = <<-EOT
    Prometheus exporters on the brokers; null goes without.
    - `jmx_exporter`, `node_exporter`: which of the two.
    - `scraper_cidrs`: IPv4 ranges that may scrape them. The exporters have no login.
  EOT
  type = object({
    jmx_exporter  = optional(bool, true)
    node_exporter = optional(bool, true)
    scraper_cidrs = optional(set(string), [])
  })
  default = null

  validation {
    condition     = var.open_monitoring == null ? true : alltrue([for cidr in var.open_monitoring.scraper_cidrs : can(cidrhost(cidr, 0)) && cidr != "0.0.0.0/0"])
    error_message = "open_monitoring.scraper_cidrs must be IPv4 ranges such as 10.0.0.0/16, and not the whole internet."
  }
}

# Firehose connects by PrivateLink and never sees the disks, so it needs no right on this key. A change replaces the cluster.
variable "kms_key_arn" {
  description = "KMS key for the brokers' disks; null uses the key that AWS manages for MSK. A change replaces the cluster."
  type        = string
  default     = null
}

variable "load" {
  description = <<-EOT
    What the topic is to carry, for the rules that compare it with partitions, disks and brokers; null goes without them.
    - `mb_per_second`: average of a day, in MB (10^6 bytes) of records.
    - `peak_mb_per_second`: the highest rate to be kept up with.
  EOT
  type = object({
    mb_per_second      = number
    peak_mb_per_second = number
  })
  default = null

  validation {
    condition     = var.load == null ? true : var.load.mb_per_second > 0 && var.load.peak_mb_per_second >= var.load.mb_per_second
    error_message = "load is ${jsonencode(var.load)}; both rates must be above 0, and the peak not below the average."
  }
}

################################################################################
# Storage scaling
################################################################################

variable "storage_autoscaling" {
  description = <<-EOT
    Growth of the brokers' disks; null leaves them as they are. Not used by express brokers.
    - `maximum_gib`: the largest disk of one broker.
    - `target_percent`: how full a disk may be before it grows; AWS advises 50 to 60.
  EOT
  type = object({
    maximum_gib    = number
    target_percent = optional(number, 60)
  })
  default = null

  validation {
    condition     = var.storage_autoscaling == null ? true : var.storage_autoscaling.maximum_gib <= 16384
    error_message = "storage_autoscaling.maximum_gib is ${try(var.storage_autoscaling.maximum_gib, 0)}; MSK's disks end at 16384."
  }

  validation {
    condition     = var.storage_autoscaling == null ? true : var.storage_autoscaling.target_percent >= 10 && var.storage_autoscaling.target_percent <= 80
    error_message = "storage_autoscaling.target_percent is ${try(var.storage_autoscaling.target_percent, 0)}; MSK takes 10 to 80, and AWS advises 50 to 60."
  }
}

################################################################################
# Cluster policy
################################################################################

variable "cluster_policy_source" {
  description = "Whose requests the cluster policy takes from Firehose: those of this `account`, those of its one `stream`, or of any (`none`)."
  type        = string
  default     = "account"

  validation {
    condition     = contains(["account", "stream", "none"], var.cluster_policy_source)
    error_message = "cluster_policy_source is ${var.cluster_policy_source}; use account, stream or none."
  }
}

variable "delivery_stream_name" {
  description = "Name of the delivery stream, for cluster_policy_source = \"stream\"."
  type        = string
  default     = null
}

################################################################################
# Topic function
################################################################################

variable "topic_package" {
  description = "Path of the topic function's zip."
  type        = string

  validation {
    condition     = fileexists(var.topic_package)
    error_message = "topic_package is ${var.topic_package}, where there is no file. Build it with `make package`."
  }
}

variable "lambda_runtime" {
  description = "Lambda runtime that the zip was built for."
  type        = string
}

variable "lambda_architecture" {
  description = "Lambda architecture that the zip was built for."
  type        = string
}

################################################################################
# Topic
################################################################################

variable "topic_name" {
  description = "The topic. A new name is a new topic: the records of the former are deleted, and the delivery stream is replaced."
  type        = string
  default     = "user-events"

  validation {
    condition     = can(regex("^[a-zA-Z0-9._-]{1,249}$", var.topic_name)) && !contains([".", ".."], var.topic_name)
    error_message = "topic_name is ${var.topic_name}; Kafka takes 1 to 249 of letters, digits, dot, underscore and hyphen."
  }
}

variable "topic_partitions" {
  description = "Partitions of the topic. Kafka adds partitions but never takes them away. Firehose reads up to 10 MB/s from each."
  type        = number
  default     = 12

  validation {
    condition     = var.topic_partitions >= 1 && floor(var.topic_partitions) == var.topic_partitions
    error_message = "topic_partitions is ${var.topic_partitions}; use a whole number, 1 or more."
  }
}

variable "topic_replication_factor" {
  description = "Copies of each partition. A new number is a new topic: the records of the former are deleted."
  type        = number
  default     = 3

  validation {
    condition     = var.topic_replication_factor >= 1 && floor(var.topic_replication_factor) == var.topic_replication_factor
    error_message = "topic_replication_factor is ${var.topic_replication_factor}; use a whole number, 3 for production."
  }
}

variable "topic_min_insync_replicas" {
  description = "Copies that must have a record before a producer with acks=all is answered."
  type        = number
  default     = 2

  validation {
    condition     = var.topic_min_insync_replicas >= 1 && floor(var.topic_min_insync_replicas) == var.topic_min_insync_replicas
    error_message = "topic_min_insync_replicas is ${var.topic_min_insync_replicas}; use a whole number, 2 for production."
  }
}

variable "topic_retention_hours" {
  description = "Hours that the topic keeps records. Firehose retries that long when S3 cannot be written: this is the budget for an outage."
  type        = number
  default     = 72

  validation {
    condition     = var.topic_retention_hours >= 1 && floor(var.topic_retention_hours) == var.topic_retention_hours
    error_message = "topic_retention_hours is ${var.topic_retention_hours}; use a whole number, 1 or more."
  }
}

variable "outage_budget_hours" {
  description = "The longest outage of S3 or of the stream after which nothing may be lost; the topic must keep records at least that long."
  type        = number
  default     = 24

  validation {
    condition     = var.outage_budget_hours >= 1
    error_message = "outage_budget_hours is ${var.outage_budget_hours}; use 1 or more."
  }
}

variable "topic_retention_bytes" {
  description = "Bytes that each partition keeps at most, whatever their age; null sets no limit. A limit shortens the budget for an outage."
  type        = number
  default     = null

  validation {
    condition     = var.topic_retention_bytes == null ? true : var.topic_retention_bytes >= 1048576 && floor(var.topic_retention_bytes) == var.topic_retention_bytes
    error_message = "topic_retention_bytes is ${coalesce(var.topic_retention_bytes, 0)}; use a whole number of bytes, 1048576 or more, or null."
  }
}

variable "topic_local_retention_hours" {
  description = "Hours that records stay on the brokers' disks before they are in MSK's cheaper tier alone. Used with storage_mode TIERED."
  type        = number
  default     = 12

  validation {
    condition     = var.topic_local_retention_hours >= 1 && floor(var.topic_local_retention_hours) == var.topic_local_retention_hours
    error_message = "topic_local_retention_hours is ${var.topic_local_retention_hours}; use a whole number, 1 or more."
  }
}

variable "topic_segment_mib" {
  description = "Size at which a partition's file is closed; only closed files are deleted. Not used by express brokers."
  type        = number
  default     = 512

  validation {
    condition     = var.topic_segment_mib >= 1 && var.topic_segment_mib <= 1024 && floor(var.topic_segment_mib) == var.topic_segment_mib
    error_message = "topic_segment_mib is ${var.topic_segment_mib}; use a whole number from 1 to 1024."
  }
}

variable "topic_segment_hours" {
  description = "Age at which a partition's file is closed; only closed files are deleted. Not used by express brokers."
  type        = number
  default     = 6

  validation {
    condition     = var.topic_segment_hours >= 1 && floor(var.topic_segment_hours) == var.topic_segment_hours
    error_message = "topic_segment_hours is ${var.topic_segment_hours}; use a whole number, 1 or more."
  }
}

variable "topic_compression_type" {
  description = "Compression of stored batches: producer keeps what producers chose, at no cost to the brokers; others make the brokers compress again."
  type        = string
  default     = "producer"

  validation {
    condition     = contains(["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"], var.topic_compression_type)
    error_message = "topic_compression_type is ${var.topic_compression_type}; use producer, uncompressed, gzip, snappy, lz4 or zstd."
  }
}

variable "topic_max_message_bytes" {
  description = "Largest record batch that the topic takes, in bytes."
  type        = number
  default     = 1048576

  # A record goes to Lambda as base64, in a request of 6 MB at most.
  validation {
    condition     = var.topic_max_message_bytes >= 1024 && var.topic_max_message_bytes <= 4194304
    error_message = "topic_max_message_bytes is ${var.topic_max_message_bytes}; use 1024 to 4194304: a larger record, as base64, does not fit Lambda's 6 MB request."
  }
}
