# What must hold between several variables. A broken rule stops the plan.

locals {
  prefix_keys = distinct([for match in regexall("!\\{partitionKeyFrom(?:Lambda|Query):([^}]+)\\}", local.data_prefix) : match[0]])

  # The request to Lambda holds each event as base64 in an envelope of up to 256 bytes; its answer is smaller, for a flat
  # record is no longer than the event. Lambda takes 6 MB of either.
  request_growth       = var.average_event_bytes == null ? 2.6 : (4 * ceil(var.average_event_bytes / 3) + 256) / var.average_event_bytes
  largest_batch_mib    = floor(100 * 6 / local.request_growth) / 100
  longest_delay        = ceil(1.5 * var.buffer_interval_seconds + var.transform_buffer_interval_seconds)
  transform_keys_asked = var.partition_key_source == "lambda" ? local.prefix_keys : []
}

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = !startswith(var.error_prefix, var.data_prefix) && !startswith(var.data_prefix, var.error_prefix)
      error_message = "error_prefix is ${var.error_prefix} and data_prefix is ${var.data_prefix}; one lies in the other, and Athena would read errors as events. Keep them apart."
    }

    # S3 evaluates a prefix to 512 characters at most; the longest value here is a date.
    precondition {
      condition     = length(local.data_prefix) <= 512 && length(local.error_prefix) <= 512
      error_message = "With its expressions data_prefix has ${length(local.data_prefix)} and error_prefix ${length(local.error_prefix)} characters; Firehose takes 512. Shorten them."
    }

    precondition {
      condition     = var.transform_buffer_interval_seconds <= var.buffer_interval_seconds
      error_message = "transform_buffer_interval_seconds is ${var.transform_buffer_interval_seconds}, longer than buffer_interval_seconds (${var.buffer_interval_seconds}); records would wait longer for the transform than for S3. Lower it."
    }

    precondition {
      condition     = var.table_partition_keys == null ? true : local.prefix_keys == var.table_partition_keys
      error_message = "The prefix ${local.data_prefix} is partitioned by ${join(", ", local.prefix_keys)}, the table ${var.glue_table} by ${join(", ", coalesce(var.table_partition_keys, []))}: queries would not find what is delivered. Set partition_key to the table's key."
    }

    precondition {
      condition     = var.transform_partition_keys == null ? true : length(setsubtract(local.transform_keys_asked, coalesce(var.transform_partition_keys, []))) == 0
      error_message = "The prefix ${local.data_prefix} asks for ${join(", ", local.transform_keys_asked)}, and the transform names ${join(", ", coalesce(var.transform_partition_keys, []))} (letter case counts): every record would go to the error prefix. Rename the schema's partition key in lower case, or set partition_key_source to query."
    }

    precondition {
      condition     = var.average_event_bytes == null ? true : var.transform_buffer_size_mib <= local.largest_batch_mib
      error_message = "transform_buffer_size_mib is ${var.transform_buffer_size_mib}; as base64 in its envelope an event of ${coalesce(var.average_event_bytes, 0)} bytes is ${format("%.2f", local.request_growth)} times as large, so the request to Lambda would exceed 6 MB. Set ${local.largest_batch_mib} or less."
    }

    precondition {
      condition     = var.freshness_promise_seconds == null ? true : local.longest_delay <= var.freshness_promise_seconds
      error_message = "freshness_promise_seconds is ${coalesce(var.freshness_promise_seconds, 0)}, and an event may take ${local.longest_delay} s: 1.5 times buffer_interval_seconds (${var.buffer_interval_seconds}) and transform_buffer_interval_seconds (${var.transform_buffer_interval_seconds}). Shorten a buffer, or promise less."
    }
  }
}

check "transform_request_fits_six_megabytes" {
  assert {
    condition     = var.average_event_bytes != null || var.transform_buffer_size_mib <= local.largest_batch_mib
    error_message = "transform_buffer_size_mib is ${var.transform_buffer_size_mib}; with small events the request to Lambda may exceed 6 MB. ${local.largest_batch_mib} or less is on the safe side; or set average_event_bytes."
  }
}

check "freshness_leaves_room_for_a_retry" {
  assert {
    condition     = var.freshness_promise_seconds == null ? true : var.freshness_promise_seconds >= 2 * var.buffer_interval_seconds
    error_message = "freshness_promise_seconds is ${coalesce(var.freshness_promise_seconds, 0)}, less than twice buffer_interval_seconds (${var.buffer_interval_seconds}): one failed attempt, to the transform or to S3, breaks the promise. Leave more room."
  }
}
