# What must hold between several variables. A broken rule stops the plan.

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = var.broker_count % var.subnet_count == 0
      error_message = "broker_count is ${var.broker_count} for ${var.subnet_count} subnets; MSK puts the same number of brokers into each. Use a multiple of ${var.subnet_count}."
    }

    precondition {
      condition     = var.topic_replication_factor <= var.broker_count
      error_message = "topic_replication_factor is ${var.topic_replication_factor} with ${var.broker_count} brokers; a broker holds one copy at most. Lower it, or add brokers."
    }

    precondition {
      condition     = var.topic_min_insync_replicas < var.topic_replication_factor || var.topic_replication_factor == 1
      error_message = "topic_min_insync_replicas is ${var.topic_min_insync_replicas} of ${var.topic_replication_factor} copies; with one broker away producers would stop. Use ${max(var.topic_replication_factor - 1, 1)} at most."
    }

    precondition {
      condition     = var.topic_min_insync_replicas <= var.topic_replication_factor
      error_message = "topic_min_insync_replicas is ${var.topic_min_insync_replicas} with ${var.topic_replication_factor} copies; no record could ever be written."
    }
  }
}

check "topic_keeps_records_for_a_day" {
  assert {
    condition     = var.topic_retention_hours >= 24
    error_message = "topic_retention_hours is ${var.topic_retention_hours}: an outage of S3 or of the stream that lasts longer loses records."
  }
}
