# What must hold between variables of several modules. A broken precondition stops the plan; a broken check warns.

locals {
  # Days in the future whose events are accepted, and one more for a query's clock.
  future_days = ceil(var.max_future_skew_hours / 24) + 1

  # Every accepted date may have a buffer open: today, those before it, and those after it.
  dates_at_once = var.max_event_age_days == null ? null : var.max_event_age_days + 1 + ceil(var.max_future_skew_hours / 24)

  # What the transform must bear at the peak.
  expected_load = {
    peak_bytes_per_second = var.expected_gib_per_day * 1073741824 / 86400 * var.peak_factor
    batch_mib             = var.transform_buffer_size_mib
  }
}

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = local.dates_at_once == null ? true : local.dates_at_once <= var.active_partition_limit
      error_message = "max_event_age_days is ${coalesce(var.max_event_age_days, 0)}: up to ${coalesce(local.dates_at_once, 0)} dates would be open at once, and Firehose sends what exceeds ${var.active_partition_limit} to the error prefix. Lower it, or have the quota raised and set active_partition_limit."
    }

    precondition {
      condition     = var.earliest_event_date == null || var.max_event_age_days != null ? true : timecmp("${var.earliest_event_date}T00:00:00Z", "${var.lake_first_event_date}T00:00:00Z") >= 0
      error_message = "earliest_event_date is ${coalesce(var.earliest_event_date, "null")}, before lake_first_event_date (${var.lake_first_event_date}): events would be delivered that no query sees. Lower lake_first_event_date."
    }

    precondition {
      condition     = var.max_event_age_days == null ? true : timecmp("${var.lake_first_event_date}T00:00:00Z", timeadd(plantimestamp(), "-${24 * coalesce(var.max_event_age_days, 0)}h")) <= 0
      error_message = "lake_first_event_date is ${var.lake_first_event_date}, within the last ${coalesce(var.max_event_age_days, 0)} days (max_event_age_days), whose events are accepted: some would be delivered that no query sees. Set an earlier date."
    }

    precondition {
      condition     = !(var.environment == "prod" && var.bucket_force_destroy)
      error_message = "bucket_force_destroy is true for prod: a destroy would remove every event. Set it to false."
    }

    precondition {
      condition     = !(var.environment == "prod" && var.max_event_age_days == null)
      error_message = "max_event_age_days is not set for prod: a fixed earliest_event_date lets in more dates each day, until there are more than Firehose keeps open. Set max_event_age_days."
    }

    precondition {
      condition     = !(var.environment == "prod" && var.samples_only)
      error_message = "samples_only is true for prod: a live stream needs the warning that it silences. Set it to false."
    }
  }
}

check "accepted_dates_fit_the_active_partitions" {
  assert {
    condition = (
      var.samples_only || var.max_event_age_days != null || var.earliest_event_date == null ? true :
      timecmp("${var.earliest_event_date}T00:00:00Z", timeadd(plantimestamp(), "-${24 * (var.active_partition_limit - 1 - ceil(var.max_future_skew_hours / 24))}h")) >= 0
    )
    error_message = "Since earliest_event_date (${coalesce(var.earliest_event_date, "null")}) there are more dates than the ${var.active_partition_limit} that Firehose keeps open at once. For a live stream set max_event_age_days; for samples and tests alone set samples_only."
  }
}

check "prod_has_keys_of_its_own" {
  assert {
    condition     = var.environment != "prod" || var.create_kms_keys || alltrue([for arn in values(var.existing_kms_keys) : arn != null])
    error_message = "create_kms_keys is false for prod, and existing_kms_keys does not name all three keys: nobody can revoke what AWS's own keys encrypt. Set create_kms_keys to true."
  }
}
