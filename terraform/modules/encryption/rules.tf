# What must hold between several variables. A broken rule stops the plan.

locals {
  keys_elsewhere = [
    for purpose, arn in var.existing_keys : "${purpose} (${arn})"
    if arn != null && try(split(":", arn)[3], local.region) != local.region
  ]
}

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = length(local.keys_elsewhere) == 0
      error_message = "existing_keys ${join(", ", local.keys_elsewhere)} is in another region than the stack (${local.region}): S3, MSK and CloudWatch Logs use keys of their own region. Name a key of ${local.region}."
    }
  }
}
