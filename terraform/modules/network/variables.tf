variable "name" {
  description = "Prefix of every name in this module."
  type        = string
}

################################################################################
# VPC
################################################################################

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
  description = "Availability zones, one private subnet each. AWS advises three for MSK. Not used with existing_network."
  type        = number
  default     = 3

  validation {
    condition     = contains([2, 3], var.availability_zone_count)
    error_message = "availability_zone_count is ${var.availability_zone_count}; MSK spreads brokers over 2 or 3 zones."
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
