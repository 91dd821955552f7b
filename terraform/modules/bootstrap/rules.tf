# What must hold between several variables. A broken rule stops the plan; a broken check warns.

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = !(var.create_kms_key && var.kms_key_arn != null)
      error_message = "kms_key_arn is ${coalesce(var.kms_key_arn, "null")} and create_kms_key is true: one key is enough. Set create_kms_key to false to use yours."
    }

    precondition {
      condition     = !(var.environment == "prod" && var.force_destroy)
      error_message = "force_destroy is true for prod: a destroy would remove its state, and nobody would know what is running. Set it to false."
    }
  }
}

check "former_states_are_kept_for_a_week" {
  assert {
    condition     = try(var.former_versions.days, 90) >= 7
    error_message = "former_versions.days is ${try(var.former_versions.days, 90)}: a state that broke before a holiday could not be taken back. Keep 7 days or more."
  }
}
