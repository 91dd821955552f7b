# What must hold between several variables. A broken precondition stops the plan; a broken check warns. Preconditions rest
# on what AWS documents or enforces; where a number is ours or inferred, it is a check.

################################################################################
# Limits of brokers
################################################################################

locals {
  size = try(split(".", local.broker_type)[2], "unknown")

  # "Best practices for Standard brokers": partitions of one broker with their copies, advised and most. Above the most,
  # MSK refuses updates of the cluster.
  standard_partitions = {
    "large"    = [1000, 1500], "xlarge" = [1000, 1500], "2xlarge" = [2000, 3000], "4xlarge" = [4000, 6000], "8xlarge" = [4000, 6000]
    "12xlarge" = [4000, 6000], "16xlarge" = [4000, 6000], "24xlarge" = [4000, 6000]
  }

  # "Amazon MSK quota", Express brokers: partitions with their copies, advised and most.
  express_partitions = {
    "large"    = [1000, 1500], "xlarge" = [1000, 2000], "2xlarge" = [2500, 4000], "4xlarge" = [6000, 8000], "8xlarge" = [12000, 16000]
    "12xlarge" = [16000, 24000], "16xlarge" = [20000, 32000]
  }

  # The same page: MB/s that producers may send to one broker, sustained and most. Above the most, MSK throttles them.
  express_ingress = {
    "large"    = [15.6, 23.4], "xlarge" = [31.2, 46.8], "2xlarge" = [62.5, 93.7], "4xlarge" = [124.9, 187.5], "8xlarge" = [250, 375]
    "12xlarge" = [375, 562.5], "16xlarge" = [500, 750]
  }

  # For Standard brokers AWS gives one number: 153.8 MB/s on a kafka.m7g.16xlarge ("Amazon MSK Express brokers"). By its 64
  # processors that is 2.4 MB/s each; that smaller types follow in a straight line is inferred, so only a check uses it.
  processors       = { "large" = 2, "xlarge" = 4, "2xlarge" = 8, "4xlarge" = 16, "8xlarge" = 32, "12xlarge" = 48, "16xlarge" = 64, "24xlarge" = 96 }
  standard_ingress = lookup(local.processors, local.size, 0) * 153.8 / 64

  partition_limits  = lookup(local.express ? local.express_partitions : local.standard_partitions, local.size, null)
  sustained_ingress = local.express ? try(local.express_ingress[local.size][0], 0) : local.standard_ingress

  # "Manage storage throughput for Standard brokers": the most that may be provisioned, in MiB/s. Smaller types take none.
  storage_throughput = {
    "kafka.m5.4xlarge"  = 593, "kafka.m5.8xlarge" = 850, "kafka.m5.12xlarge" = 1000, "kafka.m5.16xlarge" = 1000, "kafka.m5.24xlarge" = 1000
    "kafka.m7g.2xlarge" = 312.5, "kafka.m7g.4xlarge" = 625, "kafka.m7g.8xlarge" = 1000, "kafka.m7g.12xlarge" = 1000, "kafka.m7g.16xlarge" = 1000
  }
}

################################################################################
# What the load needs
################################################################################

locals {
  # Firehose reads so much from one partition ("Amazon Data Firehose Quota"); more on request.
  partition_mb_per_second = 10

  rate = try(var.load.mb_per_second, 0)
  peak = try(var.load.peak_mb_per_second, 0)

  partitions_needed = max(ceil(local.peak / local.partition_mb_per_second), 1)
  partition_copies  = ceil(var.topic_partitions * var.topic_replication_factor / local.broker_count)

  # A disk holds what retention keeps, and of each partition the file that is still open. Records are counted as sent;
  # what producers compress comes on top as headroom.
  tiered         = var.storage_mode == "TIERED"
  gib_per_hour   = local.rate * 3600 / 1073.741824
  local_hours    = local.tiered ? var.topic_local_retention_hours : var.topic_retention_hours
  limit_gib      = var.topic_retention_bytes == null ? null : var.topic_retention_bytes * var.topic_partitions / pow(1024, 3)
  kept_gib       = min(local.gib_per_hour * local.local_hours, local.limit_gib == null || local.tiered ? local.gib_per_hour * local.local_hours : local.limit_gib)
  open_gib       = min(var.topic_partitions * var.topic_segment_mib / 1024, local.gib_per_hour * var.topic_segment_hours)
  disk_gib       = ceil((local.kept_gib + local.open_gib) * var.topic_replication_factor / local.broker_count)
  disks          = local.create && !local.express
  autoscaling    = local.disks && var.storage_autoscaling != null
  maximum_gib    = local.autoscaling ? max(var.storage_autoscaling.maximum_gib, var.broker_volume_gib) : var.broker_volume_gib
  target_percent = local.autoscaling ? var.storage_autoscaling.target_percent : 85

  # "Best practices for Standard brokers": at 85 % it is time to act.
  full_percent = 85

  # How long the topic really keeps records at the average rate, where a size limits it too.
  hours_of_bytes = local.limit_gib == null || local.gib_per_hour == 0 ? null : floor(local.limit_gib / local.gib_per_hour)
  kept_hours     = local.hours_of_bytes == null ? var.topic_retention_hours : min(var.topic_retention_hours, local.hours_of_bytes)

  zones            = max(var.subnet_count, 1)
  brokers_of_zones = local.broker_count - ceil(local.broker_count / local.zones)

  monitoring_levels = ["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"]
}

################################################################################
# Rules
################################################################################

resource "terraform_data" "rules" {
  lifecycle {
    # Network

    precondition {
      condition     = !local.create || (var.vpc_id != null && var.vpc_cidr != null && var.subnet_count >= 2)
      error_message = "vpc_id, vpc_cidr or subnet_count is missing: brokers need a VPC and two or three subnets. Give them, or an existing_cluster."
    }

    precondition {
      condition     = !local.create || local.broker_count % local.zones == 0
      error_message = "broker_count is ${local.broker_count} for ${var.subnet_count} subnets; MSK puts the same number of brokers into each. Use a multiple of ${var.subnet_count}."
    }

    # Topic

    precondition {
      condition     = var.topic_replication_factor <= local.broker_count
      error_message = "topic_replication_factor is ${var.topic_replication_factor} with ${local.broker_count} brokers; a broker holds one copy at most. Lower it, or add brokers."
    }

    precondition {
      condition     = var.topic_min_insync_replicas < var.topic_replication_factor || var.topic_replication_factor == 1
      error_message = "topic_min_insync_replicas is ${var.topic_min_insync_replicas} of ${var.topic_replication_factor} copies; with one broker away producers would stop. Use ${max(var.topic_replication_factor - 1, 1)} at most."
    }

    precondition {
      condition     = var.topic_min_insync_replicas <= var.topic_replication_factor
      error_message = "topic_min_insync_replicas is ${var.topic_min_insync_replicas} with ${var.topic_replication_factor} copies; no record could ever be written. Use ${max(var.topic_replication_factor - 1, 1)} at most."
    }

    precondition {
      condition     = local.kept_hours >= var.outage_budget_hours
      error_message = "outage_budget_hours is ${var.outage_budget_hours}, and the topic keeps records for ${local.kept_hours} h (topic_retention_hours ${var.topic_retention_hours}${local.hours_of_bytes == null ? "" : ", topic_retention_bytes is full after ${local.hours_of_bytes} h"}): a longer outage of S3 or of the stream loses records. Raise topic_retention_hours to ${ceil(var.outage_budget_hours)}${local.hours_of_bytes == null ? "" : " and lift topic_retention_bytes"}, or promise less."
    }

    # Express brokers

    precondition {
      condition     = !local.create || !local.express || var.subnet_count == 3
      error_message = "broker_type is ${local.broker_type} in ${var.subnet_count} subnets; express brokers run in three zones. Give three subnets, or use a kafka. type."
    }

    # MSK would quietly make three copies, and every later plan would fail ("Topic-level configurations on Express Brokers").
    precondition {
      condition     = !local.express || var.topic_replication_factor == 3
      error_message = "topic_replication_factor is ${var.topic_replication_factor} on ${local.broker_type}; express brokers keep three copies whatever is asked for. Use 3."
    }

    precondition {
      condition     = !local.express || !local.tiered
      error_message = "storage_mode is TIERED on ${local.broker_type}; express brokers bring their own storage. Use LOCAL, or a kafka. type."
    }

    precondition {
      condition     = !local.create || !local.express || (var.storage_autoscaling == null && var.provisioned_throughput_mib == null)
      error_message = "storage_autoscaling or provisioned_throughput_mib is set on ${local.broker_type}; express brokers have no disks to grow or speed up. Leave both out."
    }

    # Disks

    precondition {
      condition     = !local.autoscaling || try(var.storage_autoscaling.maximum_gib > var.broker_volume_gib, false)
      error_message = "storage_autoscaling.maximum_gib is ${try(var.storage_autoscaling.maximum_gib, 0)}, and the disks have ${var.broker_volume_gib} GiB already (broker_volume_gib). Raise the maximum, or leave storage_autoscaling out."
    }

    precondition {
      condition     = !local.create || local.express || var.provisioned_throughput_mib == null ? true : try(var.provisioned_throughput_mib <= local.storage_throughput[local.broker_type], false)
      error_message = "provisioned_throughput_mib is ${coalesce(var.provisioned_throughput_mib, 0)} on ${local.broker_type}, which takes ${try("${local.storage_throughput[local.broker_type]} at most", "none: MSK wants kafka.m5.4xlarge, kafka.m7g.2xlarge or larger")}. Lower it, or use a larger broker_type."
    }

    precondition {
      condition     = var.provisioned_throughput_mib == null || var.broker_volume_gib >= 10
      error_message = "broker_volume_gib is ${var.broker_volume_gib} with provisioned_throughput_mib; MSK provisions throughput on disks of 10 GiB and more. Use 10 or more."
    }

    precondition {
      condition     = !local.disks || var.load == null || local.disk_gib <= local.maximum_gib * local.full_percent / 100
      error_message = "broker_volume_gib is ${var.broker_volume_gib}${local.autoscaling ? " and may grow to ${local.maximum_gib}" : ""}: ${local.local_hours} h of ${format("%.1f", local.rate)} MB/s in ${var.topic_replication_factor} copies take ${local.disk_gib} GiB on each of ${local.broker_count} brokers, and above ${local.full_percent} % a disk is as good as full. Use ${ceil(local.disk_gib * 100 / local.full_percent)} GiB or more, keep records for less long, or add brokers."
    }

    # "Tiered storage for Standard brokers": three days at least in the cheaper tier.
    precondition {
      condition     = !local.tiered || var.topic_retention_hours >= 72
      error_message = "topic_retention_hours is ${var.topic_retention_hours} with storage_mode TIERED; MSK's cheaper tier keeps records for 72 hours at least. Use 72 or more, or LOCAL."
    }

    precondition {
      condition     = !local.tiered || var.topic_local_retention_hours < var.topic_retention_hours
      error_message = "topic_local_retention_hours is ${var.topic_local_retention_hours} of ${var.topic_retention_hours} in all (topic_retention_hours); with storage_mode TIERED MSK wants it shorter. Lower it."
    }

    precondition {
      condition     = !local.tiered || var.topic_segment_mib >= 48
      error_message = "topic_segment_mib is ${var.topic_segment_mib} with storage_mode TIERED; MSK tiers segments of 48 MiB and more. Use 48 or more."
    }

    # Load

    precondition {
      condition     = var.load == null || var.topic_partitions >= local.partitions_needed
      error_message = "topic_partitions is ${var.topic_partitions}: Firehose reads ${local.partition_mb_per_second} MB/s from each, ${local.partition_mb_per_second * var.topic_partitions} in all, and the peak is ${format("%.1f", local.peak)} MB/s. Use ${local.partitions_needed} or more (partitions never shrink)."
    }

    precondition {
      condition     = local.partition_limits == null ? true : local.partition_copies <= local.partition_limits[1]
      error_message = "topic_partitions is ${var.topic_partitions} in ${var.topic_replication_factor} copies, ${local.partition_copies} on each broker; ${local.broker_type} carries ${try(local.partition_limits[1], 0)} at most, and beyond that MSK refuses updates. Use fewer partitions, a larger broker_type, or more brokers."
    }

    precondition {
      condition     = !local.express || var.load == null ? true : local.peak <= try(local.express_ingress[local.size][1] * local.broker_count, local.peak)
      error_message = "broker_type is ${local.broker_type}: MSK throttles producers above ${format("%.1f", try(local.express_ingress[local.size][1], 0) * local.broker_count)} MB/s on ${local.broker_count} brokers, and the peak is ${format("%.1f", local.peak)} MB/s. Use a larger broker_type, or more brokers."
    }

    # Watching

    precondition {
      condition     = !local.create || index(local.monitoring_levels, var.monitoring_level) >= index(local.monitoring_levels, var.needed_monitoring_level)
      error_message = "monitoring_level is ${var.monitoring_level}, and the alarms read metrics of ${var.needed_monitoring_level}: they would never have data. Use ${var.needed_monitoring_level}, or leave those alarms out."
    }

    precondition {
      condition     = var.cluster_policy_source != "stream" || var.delivery_stream_name != null
      error_message = "cluster_policy_source is stream, and delivery_stream_name is missing: the policy would name no stream. Give the stream's name, or use account."
    }

    precondition {
      condition     = try(!(var.existing_cluster.manage_policy && var.cluster_policy_source == "none"), true)
      error_message = "existing_cluster.manage_policy is true with cluster_policy_source none: another account's Firehose could connect to a cluster that is not this stack's. Use account or stream."
    }
  }
}

check "topic_keeps_records_for_a_day" {
  assert {
    condition     = local.kept_hours >= 24
    error_message = "topic_retention_hours is ${var.topic_retention_hours} (records are kept for ${local.kept_hours} h): an outage of S3 or of the stream that lasts longer loses records. Use 24 or more."
  }
}

check "topic_forgets_what_it_should" {
  assert {
    condition     = local.express || var.topic_segment_hours <= var.topic_retention_hours
    error_message = "topic_segment_hours is ${var.topic_segment_hours} with topic_retention_hours ${var.topic_retention_hours}: only closed files are deleted, so records may stay for ${var.topic_segment_hours + var.topic_retention_hours} h. Use ${var.topic_retention_hours} or less."
  }
}

check "topic_survives_a_broker" {
  assert {
    condition     = var.topic_replication_factor >= 3 && (local.express || var.topic_min_insync_replicas >= 2)
    error_message = "topic_replication_factor is ${var.topic_replication_factor} with topic_min_insync_replicas ${var.topic_min_insync_replicas}: losing one broker may lose records. AWS advises 3 and 2 (\"Best practices for Standard brokers\")."
  }
}

check "disks_have_the_size_they_need" {
  assert {
    condition     = !local.autoscaling || var.load == null || local.disk_gib <= var.broker_volume_gib * local.target_percent / 100
    error_message = "broker_volume_gib is ${var.broker_volume_gib}: ${local.disk_gib} GiB will be used, more than ${local.target_percent} % (storage_autoscaling.target_percent), so the disks must grow, a tenth in six hours at most, while the topic fills. Start with ${ceil(local.disk_gib * 100 / local.target_percent)} GiB or more."
  }
}

check "brokers_carry_the_peak_without_a_zone" {
  assert {
    condition     = !local.create || var.load == null || local.sustained_ingress == 0 || local.peak <= local.sustained_ingress * local.brokers_of_zones
    error_message = "broker_type is ${local.broker_type}: with a zone away, ${local.brokers_of_zones} brokers take in ${format("%.1f", local.sustained_ingress * local.brokers_of_zones)} MB/s (${format("%.1f", local.sustained_ingress)} each${local.express ? "" : ", inferred from AWS's number for kafka.m7g.16xlarge"}), and the peak is ${format("%.1f", local.peak)} MB/s. Use a larger broker_type, or more brokers."
  }
}

check "brokers_carry_the_partitions" {
  assert {
    condition     = local.partition_limits == null ? true : local.partition_copies <= local.partition_limits[0]
    error_message = "topic_partitions is ${var.topic_partitions} in ${var.topic_replication_factor} copies, ${local.partition_copies} on each broker; AWS advises ${try(local.partition_limits[0], 0)} at most on ${local.broker_type}. Use fewer partitions, a larger broker_type, or more brokers."
  }
}

# "Amazon MSK quota": 30 brokers of a cluster with ZooKeeper, 60 with KRaft; more on request.
check "brokers_are_within_the_quota" {
  assert {
    condition     = !local.create || var.broker_count <= (endswith(var.kafka_version, ".kraft") ? 60 : 30)
    error_message = "broker_count is ${var.broker_count}; without a raised quota MSK takes ${endswith(var.kafka_version, ".kraft") ? 60 : 30} for ${var.kafka_version}. Have it raised first, or use larger brokers."
  }
}

check "cluster_policy_names_its_source" {
  assert {
    condition     = var.cluster_policy_source != "none"
    error_message = "cluster_policy_source is none: any account's Firehose may ask to connect to the brokers. Use account as soon as Firehose is seen to send it."
  }
}
