variable "name" {
  description = "Prefix of every name in this module."
  type        = string
}

################################################################################
# VPC
################################################################################

variable "create" {
  description = "Whether there is a network at all; false where the brokers are made elsewhere."
  type        = bool
  default     = true
  nullable    = false
}

variable "vpc_cidr" {
  description = "IPv4 range of the VPC; each subnet takes a sixteenth of it. Not used with existing_network."
  type        = string
  default     = "10.64.0.0/20"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 24, false)
    error_message = "vpc_cidr is ${var.vpc_cidr}; give an IPv4 range from /16 to /24, e.g. 10.64.0.0/20."
  }
}

variable "existing_network" {
  description = <<-EOT
    A network to use instead of creating one; null creates it.
    - `vpc_id`: the VPC.
    - `subnet_ids`: private subnets, one per availability zone.
  EOT
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
  default = null

  validation {
    condition     = var.existing_network == null ? true : length(distinct(var.existing_network.subnet_ids)) >= 2 && length(distinct(var.existing_network.subnet_ids)) == length(var.existing_network.subnet_ids)
    error_message = "existing_network.subnet_ids must name two or three different subnets, one per availability zone: MSK spreads its brokers over them."
  }
}

################################################################################
# Subnets
################################################################################

variable "availability_zone_count" {
  description = "Availability zones, one private subnet each. AWS advises three for MSK. Not used with existing_network or availability_zones."
  type        = number
  default     = 3

  validation {
    condition     = contains([2, 3], var.availability_zone_count)
    error_message = "availability_zone_count is ${var.availability_zone_count}; MSK spreads brokers over 2 or 3 zones."
  }
}

# Not every zone of a region offers every broker type; AWS says so only when the cluster is created.
variable "availability_zones" {
  description = "Names of the zones to use, e.g. [\"us-east-1a\", \"us-east-1b\", \"us-east-1c\"]; null takes the region's first. A change replaces subnets and cluster."
  type        = list(string)
  default     = null

  validation {
    condition     = var.availability_zones == null ? true : contains([2, 3], length(var.availability_zones)) && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones is ${jsonencode(var.availability_zones)}; name two or three different zones, or none: MSK spreads brokers over 2 or 3."
  }
}

variable "addresses_per_subnet" {
  description = "Addresses that each subnet must have room for: a broker's interface each, endpoints, clients."
  type        = number
  default     = 8

  validation {
    condition     = var.addresses_per_subnet >= 1 && floor(var.addresses_per_subnet) == var.addresses_per_subnet
    error_message = "addresses_per_subnet is ${var.addresses_per_subnet}; use a whole number, 1 or more."
  }
}

################################################################################
# Endpoints
################################################################################

variable "interface_endpoints" {
  description = "AWS services that clients in the VPC reach through interface endpoints, e.g. [\"sts\", \"logs\"]. Each costs by the hour; none is needed by the pipeline itself."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z0-9.-]+$", service))])
    error_message = "interface_endpoints takes the last part of a service name, e.g. \"sts\" for com.amazonaws.<region>.sts."
  }
}

variable "s3_endpoint_accounts" {
  description = "Other accounts whose buckets clients in the VPC reach through S3's endpoint; this account's are always reached."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.s3_endpoint_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "s3_endpoint_accounts is ${jsonencode(var.s3_endpoint_accounts)}; give account numbers of 12 digits."
  }
}

################################################################################
# Flow logs
################################################################################

variable "flow_logs" {
  description = <<-EOT
    Flow logs of the created VPC; null goes without.
    - `traffic_type`: ALL, ACCEPT or REJECT.
    - `aggregation_seconds`: how long a flow is gathered into one record, 60 or 600.
  EOT
  type = object({
    traffic_type        = optional(string, "ALL")
    aggregation_seconds = optional(number, 600)
  })
  default = {}

  validation {
    condition     = var.flow_logs == null ? true : contains(["ALL", "ACCEPT", "REJECT"], var.flow_logs.traffic_type)
    error_message = "flow_logs.traffic_type is ${try(var.flow_logs.traffic_type, "null")}; use ALL, ACCEPT or REJECT."
  }

  validation {
    condition     = var.flow_logs == null ? true : contains([60, 600], var.flow_logs.aggregation_seconds)
    error_message = "flow_logs.aggregation_seconds is ${try(var.flow_logs.aggregation_seconds, 0)}; EC2 takes 60 or 600."
  }
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the flow logs."
  type        = number
  default     = 30
}

variable "log_kms_key_arn" {
  description = "KMS key of the flow logs' group; null uses CloudWatch's own encryption. Its policy must allow the Logs service of this region."
  type        = string
  default     = null
}
