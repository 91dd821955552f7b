# What must hold between several variables. A broken rule stops the plan.

locals {
  prefixes = {
    data_prefix          = var.data_prefix
    error_prefix         = var.error_prefix
    query_results_prefix = var.query_results_prefix
  }

  nested_prefixes = [
    for pair in setproduct(keys(local.prefixes), keys(local.prefixes)) : "${pair[0]} (${local.prefixes[pair[0]]}) lies in ${pair[1]} (${local.prefixes[pair[1]]})"
    if pair[0] != pair[1] && startswith(local.prefixes[pair[0]], local.prefixes[pair[1]])
  ]
}

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = length(local.nested_prefixes) == 0
      error_message = "${join("; ", local.nested_prefixes)}. Athena would read it as events, or one lifecycle rule would take the other's objects. Keep the three apart."
    }
  }
}
