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
  description = "VPC of the brokers."
  type        = string
}

variable "vpc_cidr" {
  description = "IPv4 range of the VPC: clients in it, and Firehose's private connectivity, reach the brokers."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one per availability zone."
  type        = list(string)
}

variable "subnet_count" {
  description = "How many subnets there are; a number that is known at plan, when the subnets may not exist yet."
  type        = number
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

################################################################################
# Configuration, cluster
################################################################################

variable "kafka_version" {
  description = "Kafka version as MSK names it (developer guide, \"Supported Apache Kafka versions\"); `.kraft` is the form without ZooKeeper."
  type        = string
  default     = "3.9.x.kraft"

  validation {
    condition     = can(regex("^(3\\.[6-9]|4\\.[0-9]+)\\.([0-9]+|x)(\\.kraft)?$", var.kafka_version))
    error_message = "kafka_version is ${var.kafka_version}; MSK's topic operations need 3.6.0 or later. Use e.g. 3.9.x.kraft."
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

variable "monitoring_level" {
  description = "MSK's enhanced monitoring. All but DEFAULT is charged."
  type        = string
  default     = "DEFAULT"

  validation {
    condition     = contains(["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"], var.monitoring_level)
    error_message = "monitoring_level is ${var.monitoring_level}; use DEFAULT, PER_BROKER, PER_TOPIC_PER_BROKER or PER_TOPIC_PER_PARTITION."
  }
}

variable "kms_key_arn" {
  description = "KMS key for the brokers' disks; null uses the key that AWS manages for MSK."
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
