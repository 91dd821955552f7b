# What must hold between several variables. A broken rule stops the plan.

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = var.accepted_window.earliest_event_date != null || var.accepted_window.max_event_age_days != null
      error_message = "accepted_window has no beginning: a broken clock could open any number of partitions. Set earliest_event_date (YYYY-MM-DD) or max_event_age_days."
    }
  }
}
