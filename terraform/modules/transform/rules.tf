# What must hold between several variables. A broken rule stops the plan.

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = var.accepted_window.earliest_event_date != null || var.accepted_window.max_event_age_days != null
      error_message = "accepted_window has no beginning: a broken clock could open any number of partitions. Set earliest_event_date (YYYY-MM-DD) or max_event_age_days."
    }
  }
}

locals {
  # A function gets processor time in proportion to its memory: one core at 1769 MiB, and one batch uses one core (Lambda
  # developer guide, "Configure Lambda function memory").
  batch_seconds    = var.expected_load == null ? 0 : var.expected_load.batch_mib * var.expected_load.seconds_per_mib * max(1, 1769 / var.memory_mib)
  calls_per_second = var.expected_load == null ? 0 : var.expected_load.peak_bytes_per_second / (var.expected_load.batch_mib * 1048576)
  calls_at_a_time  = ceil(local.calls_per_second * local.batch_seconds)
}

check "reserved_concurrency_bears_the_peak" {
  assert {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= local.calls_at_a_time
    error_message = "reserved_concurrency is ${coalesce(var.reserved_concurrency, 0)}; at the peak ${format("%.1f", local.calls_per_second)} batches a second of ${format("%.2f", local.batch_seconds)} s each need ${local.calls_at_a_time} calls at a time. Raise it, or memory_mib, so that Firehose is not throttled."
  }
}

check "timeout_leaves_room_for_a_slow_batch" {
  assert {
    condition     = var.timeout_seconds >= 3 * local.batch_seconds
    error_message = "timeout_seconds is ${var.timeout_seconds}; a batch is expected to take ${format("%.2f", local.batch_seconds)} s, and a cold start or a busy machine takes a multiple of that. Allow three times as long."
  }
}
