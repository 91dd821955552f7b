# What must hold between several variables, and of a network that exists. A broken precondition stops the plan; a broken check warns.

locals {
  # AWS keeps five addresses of each subnet for itself (Amazon VPC user guide, "Subnet CIDR blocks").
  subnet_prefix_length = try(tonumber(split("/", var.vpc_cidr)[1]) + 4, 28)
  usable_addresses     = pow(2, 32 - local.subnet_prefix_length) - 5
}

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = !local.create || length(local.zones) == local.zone_count
      error_message = "availability_zone_count is ${var.availability_zone_count}, and ${data.aws_region.current.name} has ${length(local.zones)} zones without opt-in. Lower it, choose another region, or name availability_zones."
    }

    precondition {
      condition     = !local.create || local.usable_addresses >= var.addresses_per_subnet
      error_message = "vpc_cidr is ${var.vpc_cidr}: each subnet is a /${local.subnet_prefix_length} with ${local.usable_addresses} usable addresses, and ${var.addresses_per_subnet} are needed. Use a range of /${28 - ceil(log(var.addresses_per_subnet + 5, 2))} or larger."
    }

    precondition {
      condition     = alltrue([for subnet in data.aws_subnet.existing : subnet.vpc_id == var.existing_network.vpc_id])
      error_message = "existing_network.subnet_ids has subnets that are not in ${try(var.existing_network.vpc_id, "the VPC")}: ${join(", ", [for subnet in data.aws_subnet.existing : subnet.id if subnet.vpc_id != try(var.existing_network.vpc_id, null)])}. Name subnets of that VPC."
    }

    precondition {
      condition     = length(distinct(data.aws_subnet.existing[*].availability_zone)) == length(data.aws_subnet.existing)
      error_message = "existing_network.subnet_ids share an availability zone (${join(", ", data.aws_subnet.existing[*].availability_zone)}); MSK wants one subnet per zone. Name subnets of different zones."
    }

    # By their size, not by what is free: the brokers' own addresses are taken once they run.
    precondition {
      condition     = alltrue([for cidr in data.aws_subnet.existing[*].cidr_block : pow(2, 32 - try(tonumber(split("/", cidr)[1]), 0)) - 5 >= var.addresses_per_subnet])
      error_message = "existing_network.subnet_ids are ${join(", ", data.aws_subnet.existing[*].cidr_block)}, and each must have room for ${var.addresses_per_subnet} addresses. Name larger subnets, of /${32 - ceil(log(var.addresses_per_subnet + 5, 2))} or larger."
    }
  }
}

check "existing_subnets_are_private" {
  assert {
    condition     = alltrue([for subnet in data.aws_subnet.existing : !subnet.map_public_ip_on_launch])
    error_message = "existing_network.subnet_ids has subnets that give public addresses to what starts in them: ${join(", ", [for subnet in data.aws_subnet.existing : subnet.id if subnet.map_public_ip_on_launch])}. MSK takes none, but brokers belong into private subnets: name those."
  }
}
