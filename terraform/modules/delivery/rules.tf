# What must hold between several variables. A broken rule stops the plan.

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = !startswith(var.error_prefix, var.data_prefix) && !startswith(var.data_prefix, var.error_prefix)
      error_message = "error_prefix is ${var.error_prefix} and data_prefix is ${var.data_prefix}; one lies in the other, and Athena would read errors as events. Keep them apart."
    }

    # S3 evaluates a prefix to 512 characters at most; the longest value here is a date.
    precondition {
      condition     = length(local.data_prefix) <= 512 && length(local.errors_by_date) <= 512
      error_message = "With its expressions data_prefix has ${length(local.data_prefix)} and error_prefix ${length(local.errors_by_date)} characters; Firehose takes 512. Shorten them."
    }

    precondition {
      condition     = var.transform_buffer_interval_seconds <= var.buffer_interval_seconds
      error_message = "transform_buffer_interval_seconds is ${var.transform_buffer_interval_seconds}, longer than buffer_interval_seconds (${var.buffer_interval_seconds}); records would wait longer for the transform than for S3. Lower it."
    }
  }
}

check "transform_request_fits_six_megabytes" {
  assert {
    condition     = var.transform_buffer_size_mib <= 2.25
    error_message = "transform_buffer_size_mib is ${var.transform_buffer_size_mib}; with small events the request to Lambda may exceed 6 MB. 2.25 or less is on the safe side."
  }
}
