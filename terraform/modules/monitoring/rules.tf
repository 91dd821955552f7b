# What must hold between several variables. A broken precondition stops the plan; a broken check warns.

locals {
  # Firehose developer guide, "Buffering": the delay may be 1.5 times the interval; the transform's batches come before.
  healthy_delay_seconds = 1.5 * var.buffer_interval_seconds + var.transform_buffer_interval_seconds

  # Where the rate is known: how old the newest unread record is when the lag's alarm goes off.
  lag_seconds = var.expected_records_per_second == null ? null : var.thresholds.source_lag_records / var.expected_records_per_second
}

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = var.thresholds.freshness_seconds > local.healthy_delay_seconds
      error_message = "thresholds.freshness_seconds is ${var.thresholds.freshness_seconds}, but records of a healthy stream may be ${local.healthy_delay_seconds} seconds old (1.5 times the buffer interval, and the transform's): the alarm would never end. Raise it, or shorten the intervals."
    }

    precondition {
      condition     = var.thresholds.freshness_seconds < var.topic_retention_hours * 3600 / 2
      error_message = "thresholds.freshness_seconds is ${var.thresholds.freshness_seconds}, more than half of what the topic keeps (${var.topic_retention_hours} hours): the alarm would leave too little time before records are lost. Lower it, or raise topic_retention_hours."
    }

    precondition {
      condition     = local.lag_seconds == null ? true : local.lag_seconds < var.topic_retention_hours * 3600 / 2
      error_message = "thresholds.source_lag_records is ${var.thresholds.source_lag_records}: at ${coalesce(var.expected_records_per_second, 0)} records a second that is ${floor(coalesce(local.lag_seconds, 0) / 3600)} hours, more than half of the ${var.topic_retention_hours} that the topic keeps. Lower it, or raise topic_retention_hours."
    }

    # Firehose reads without a break; what waits in its batches counts as read.
    precondition {
      condition     = local.lag_seconds == null ? true : local.lag_seconds >= 60
      error_message = "thresholds.source_lag_records is ${var.thresholds.source_lag_records}: at ${coalesce(var.expected_records_per_second, 0)} records a second that is less than a minute, which any pause of a broker reaches. Raise it."
    }

    precondition {
      condition     = var.thresholds.no_data_minutes == 0 || var.thresholds.no_data_minutes >= 5
      error_message = "thresholds.no_data_minutes is ${var.thresholds.no_data_minutes}; CloudWatch gets Firehose's metrics a few minutes late, and the alarm would go off between two of them. Set 5 or more, or 0 for no alarm."
    }
  }
}

check "someone_is_told" {
  assert {
    condition     = var.unattended || var.slack != null || length(var.emails.urgent) > 0
    error_message = "No alarm reaches anyone: emails.urgent is empty and slack is null. Set one of them, or unattended where that is meant; until then the alarms are seen in CloudWatch alone."
  }
}
