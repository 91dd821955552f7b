# What must hold between several variables. A broken rule stops the plan.

locals {
  lifecycle_days = var.lifecycle_days == null ? { errors = null, data = null, data_to_infrequent_access = null } : {
    errors                    = var.lifecycle_days.errors
    data                      = var.lifecycle_days.data
    data_to_infrequent_access = var.lifecycle_days.data_to_infrequent_access
  }

  projected_keys = distinct([for name in keys(aws_glue_catalog_table.events.parameters) : split(".", name)[1] if can(regex("^projection\\..+\\.type$", name))])

  owners_settings = [for name, set in {
    bucket_name    = var.bucket_name != null
    versioning     = var.versioning
    lifecycle_days = var.lifecycle_days != null
    access_log     = var.access_log != null
    force_destroy  = var.force_destroy
  } : name if set]

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

    precondition {
      condition     = local.lifecycle_days.data == null ? true : var.retention_days.data != null && try(local.lifecycle_days.data >= var.retention_days.data, false)
      error_message = "lifecycle_days.data is ${coalesce(local.lifecycle_days.data, 0)}, and retention_days.data promises ${var.retention_days.data == null ? "to keep events for good" : "${var.retention_days.data} days"}. Lengthen the lifecycle, or change the promise first."
    }

    precondition {
      condition     = local.lifecycle_days.errors == null ? true : local.lifecycle_days.errors >= coalesce(var.retention_days.errors, 1)
      error_message = "lifecycle_days.errors is ${coalesce(local.lifecycle_days.errors, 0)}, shorter than retention_days.errors (${coalesce(var.retention_days.errors, 1)}), within which errors can be sent again. Lengthen it."
    }

    # S3 charges STANDARD_IA for 30 days at least.
    precondition {
      condition     = local.lifecycle_days.data == null || local.lifecycle_days.data_to_infrequent_access == null ? true : local.lifecycle_days.data >= local.lifecycle_days.data_to_infrequent_access + 30
      error_message = "lifecycle_days.data is ${coalesce(local.lifecycle_days.data, 0)}, less than 30 days after data_to_infrequent_access (${coalesce(local.lifecycle_days.data_to_infrequent_access, 0)}): STANDARD_IA is charged for 30 days at least. Leave the move out, or keep the events longer."
    }

    precondition {
      condition     = var.existing_bucket == null || length(local.owners_settings) == 0
      error_message = "existing_bucket is set, so ${join(", ", local.owners_settings)} would have no effect: the bucket's owner sets it. Leave it out here."
    }

    precondition {
      condition     = aws_glue_catalog_table.events.partition_keys[*].name == tolist([local.partition_key]) && local.projected_keys == tolist([local.partition_key])
      error_message = "The table's partition keys (${join(", ", aws_glue_catalog_table.events.partition_keys[*].name)}), its projection (${join(", ", local.projected_keys)}) and the schema's partition key (${local.partition_key}) differ: Athena would find no partition. Make them the same."
    }
  }
}

check "former_versions_do_not_pile_up" {
  assert {
    condition     = !var.versioning || var.lifecycle_days != null
    error_message = "versioning is on and lifecycle_days is null: what is overwritten or deleted is kept, and paid for, without end. Set lifecycle_days."
  }
}

check "a_query_has_a_limit" {
  assert {
    condition     = var.query_bytes_limit != null
    error_message = "query_bytes_limit is null: one query without a filter reads, and costs, the whole lake. Set a number of bytes."
  }
}
