# What each alarm watches. A line of this table has
#   severity     which topic it goes to: urgent or notice
#   says         what it means, in a sentence; the runbook is added
#   metric       one metric, or
#   metrics, expression   several, and CloudWatch's metric math over them
#   period, periods, datapoints   seconds of a data point, how many are looked at, and how many must be bad (all, if not given)
#   compare, threshold   bad is: at or above the threshold, if not given
#   missing      what no data point means, with its reason (CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data")
#
# Names, dimensions and meanings: Firehose developer guide, "Monitor Amazon Data Firehose with CloudWatch metrics"; MSK
# developer guide, "Amazon MSK metrics for monitoring Standard brokers with CloudWatch" and "Best practices: CloudWatch
# alarms"; Lambda developer guide, "Types of metrics for Lambda functions".

locals {
  stream    = { DeliveryStreamName = var.stream_name }
  transform = { FunctionName = var.transform_function_name }
  cluster   = { "Cluster Name" = var.cluster_name }
  brokers   = { for number in range(1, var.broker_count + 1) : number => merge(local.cluster, { "Broker ID" = tostring(number) }) }

  # What the composite alarm rests on. It goes to the urgent topic for all of them, and each to the notices by itself: one
  # trouble wakes people once, and the notices tell which it is. Error objects are not lost, they can be sent again.
  late_or_lost = ["data-freshness", "source-lag", "records-unaccounted", "stream-state"]

  alarms = merge(
    local.delivery_alarms,
    local.transform_alarms,
    local.rejection_alarms,
    local.error_alarms,
    { for key, alarm in local.silence_alarms : key => alarm if var.thresholds.no_data_minutes > 0 },
    local.cluster_alarms,
    merge(local.broker_alarms...),
  )

  alarm_names = [for key in concat(["data-late-or-lost"], keys(local.alarms), var.thresholds.anomaly_band > 0 ? ["records-anomaly"] : []) : "${var.name}-${key}"]

  runbooks = distinct(concat(
    [for key, alarm in local.alarms : try(alarm.runbook, key)],
    ["data-late-or-lost"],
    var.thresholds.anomaly_band > 0 ? ["records-anomaly"] : [],
  ))

  ##############################################################################
  # Delivery
  ##############################################################################

  delivery_alarms = {
    data-freshness = {
      severity  = "notice"
      says      = "The oldest record that is not on S3 is older than ${var.thresholds.freshness_seconds} seconds: delivery has slowed or stopped."
      metric    = { namespace = "AWS/Firehose", name = "DeliveryToS3.DataFreshness", stat = "Maximum", dimensions = local.stream }
      period    = 60
      periods   = 5
      compare   = "GreaterThanThreshold"
      threshold = var.thresholds.freshness_seconds
      # A stream that stops altogether may also stop sending this: late data is not on time because nobody measures it.
      missing = "ignore"
    }

    source-lag = {
      severity  = "notice"
      says      = "Firehose has more than ${var.thresholds.source_lag_records} records of the topic yet to read, for 15 minutes."
      metric    = { namespace = "AWS/Firehose", name = "KafkaOffsetLag", stat = "Maximum", dimensions = local.stream }
      period    = 300
      periods   = 3
      compare   = "GreaterThanThreshold"
      threshold = var.thresholds.source_lag_records
      # As above: a reader that is gone does not measure its lag.
      missing = "ignore"
    }

    source-backpressure = {
      severity  = "notice"
      says      = "Firehose holds back reading: a partition is above 10 MB/s, or delivery is slow or stopped."
      metric    = { namespace = "AWS/Firehose", name = "DataReadFromSource.Backpressured", stat = "Maximum", dimensions = local.stream }
      period    = 300
      periods   = 3
      threshold = 1
      # Where nothing is read nothing is held back.
      missing = "notBreaching"
    }

    # What was read and is neither a row nor counted as refused or not convertible. What is in the buffers goes to and
    # fro, hence the long periods. It cannot see a loss that the transform counts as accepted and Firehose as delivered;
    # the balance sheet of `make validate` can.
    records-unaccounted = {
      severity = "notice"
      says     = "In each of the last ${var.thresholds.unaccounted_hours} hours more than ${var.thresholds.unaccounted_percent} percent of the records read became neither row nor known error."
      metrics = {
        read        = { namespace = "AWS/Firehose", name = "DataReadFromSource.Records", stat = "Sum", dimensions = local.stream }
        delivered   = { namespace = "AWS/Firehose", name = "DeliveryToS3.Records", stat = "Sum", dimensions = local.stream }
        unconverted = { namespace = "AWS/Firehose", name = "FailedConversion.Records", stat = "Sum", dimensions = local.stream }
        rejected    = { namespace = "UserEvents/Transform", name = "RecordsRejected", stat = "Sum", dimensions = local.transform }
      }
      expression = "IF(read > 0, 100 * (read - FILL(delivered, 0) - FILL(unconverted, 0) - FILL(rejected, 0)) / read, 0)"
      period     = 3600
      periods    = var.thresholds.unaccounted_hours
      compare    = "GreaterThanThreshold"
      threshold  = var.thresholds.unaccounted_percent
      # No records, no loss; no-data tells of silence.
      missing = "notBreaching"
    }

    failed-conversions = {
      severity  = "notice"
      says      = "Records could not be converted to Parquet: the transform's output and the Glue table disagree."
      metric    = { namespace = "AWS/Firehose", name = "FailedConversion.Records", stat = "Sum", dimensions = local.stream }
      period    = 300
      periods   = 1
      threshold = 1
      # Silent while nothing fails.
      missing = "notBreaching"
    }

    delivery-success = {
      severity  = "notice"
      says      = "Some of Firehose's puts to S3 fail. It tries again for as long as the topic keeps the records."
      metric    = { namespace = "AWS/Firehose", name = "DeliveryToS3.Success", stat = "Average", dimensions = local.stream }
      period    = 300
      periods   = 3
      compare   = "LessThanThreshold"
      threshold = 0.99
      # Without puts there is no data point, and nothing failed.
      missing = "notBreaching"
    }

    partition-limit = {
      severity  = "urgent"
      says      = "More partitions are open than Firehose keeps: records go to the error prefix."
      metric    = { namespace = "AWS/Firehose", name = "PartitionCountExceeded", stat = "Maximum", dimensions = local.stream }
      period    = 60
      periods   = 1
      threshold = 1
      # Silent while the limit is kept.
      missing = "notBreaching"
    }

    partition-count = {
      severity  = "notice"
      says      = "Open partitions are above ${var.thresholds.partition_count_percent} percent of Firehose's ${var.active_partition_limit}: a clock is broken, or old events arrive."
      metric    = { namespace = "AWS/Firehose", name = "PartitionCount", stat = "Maximum", dimensions = local.stream }
      period    = 300
      periods   = 1
      threshold = floor(var.active_partition_limit * var.thresholds.partition_count_percent / 100)
      # Without records no partition is open.
      missing = "notBreaching"
    }
  }

  ##############################################################################
  # Transform
  ##############################################################################

  transform_alarms = {
    # Firehose's side: calls that failed for whatever reason, rights and concurrency included.
    transform-calls = {
      severity  = "urgent"
      says      = "Firehose's calls of the transform fail. After its retries it sends whole batches to the error prefix."
      metric    = { namespace = "AWS/Firehose", name = "ExecuteProcessing.Success", stat = "Average", dimensions = local.stream }
      period    = 300
      periods   = 2
      compare   = "LessThanThreshold"
      threshold = 0.99
      # Without calls nothing failed.
      missing = "notBreaching"
    }

    # Lambda's side, over all versions and aliases: the dimension FunctionName alone.
    transform-errors = {
      severity  = "notice"
      says      = "The transform raised an error or ran into its timeout; bad events are no errors, so this is a fault of the code."
      metric    = { namespace = "AWS/Lambda", name = "Errors", stat = "Sum", dimensions = local.transform }
      period    = 300
      periods   = 1
      threshold = 1
      # Lambda sends 0 with each call; silence means no calls.
      missing = "notBreaching"
    }

    transform-throttles = {
      severity  = "notice"
      says      = "Lambda refuses calls of the transform: the account's or the function's concurrency is used up."
      metric    = { namespace = "AWS/Lambda", name = "Throttles", stat = "Sum", dimensions = local.transform }
      period    = 300
      periods   = 2
      threshold = 1
      missing   = "notBreaching" # as above
    }

    transform-duration = {
      severity  = "notice"
      says      = "One call in a hundred of the transform takes longer than ${var.thresholds.transform_duration_percent} percent of its timeout (${var.transform_timeout_seconds} seconds)."
      metric    = { namespace = "AWS/Lambda", name = "Duration", stat = "p99", dimensions = local.transform }
      period    = 300
      periods   = 3
      threshold = var.transform_timeout_seconds * 1000 * var.thresholds.transform_duration_percent / 100
      missing   = "notBreaching" # as above
    }

    rejected-share = {
      severity = "notice"
      says     = "The transform refuses more than ${var.thresholds.rejected_percent} percent of the events, for 15 minutes. They are in the error area, and can be sent again."
      metrics = {
        received = { namespace = "UserEvents/Transform", name = "RecordsReceived", stat = "Sum", dimensions = local.transform }
        rejected = { namespace = "UserEvents/Transform", name = "RecordsRejected", stat = "Sum", dimensions = local.transform }
      }
      expression = "IF(received > 0, 100 * FILL(rejected, 0) / received, 0)"
      period     = 300
      periods    = 3
      compare    = "GreaterThanThreshold"
      threshold  = var.thresholds.rejected_percent
      # No events, none refused.
      missing = "notBreaching"
    }
  }

  rejection_alarms = {
    for reason, percent in var.thresholds.rejected_percent_by_reason : "rejected-${replace(reason, "_", "-")}" => {
      severity = "notice"
      runbook  = "rejected-share"
      says     = "The transform refuses more than ${percent} percent of the events as ${reason}, for 15 minutes."
      metrics = {
        received = { namespace = "UserEvents/Transform", name = "RecordsReceived", stat = "Sum", dimensions = local.transform }
        rejected = { namespace = "UserEvents/Transform", name = "Rejected.${reason}", stat = "Sum", dimensions = local.transform }
      }
      # A reason's metric is sent only where it is not zero.
      expression = "IF(received > 0, 100 * FILL(rejected, 0) / received, 0)"
      period     = 300
      periods    = 3
      compare    = "GreaterThanThreshold"
      threshold  = percent
      missing    = "notBreaching"
    }
  }

  ##############################################################################
  # Errors
  ##############################################################################

  error_alarms = {
    # The probe's count of the last minutes. Refusals of the transform are everyday life and have their own alarm.
    error-objects = {
      severity = "urgent"
      says     = "The error area has new objects that are not refusals of the transform: conversion, partition key, or partition limit."
      metrics = {
        all     = { namespace = local.namespace, name = "ErrorObjects", stat = "Maximum", dimensions = local.stream }
        refused = { namespace = local.namespace, name = "ProcessingFailedObjects", stat = "Maximum", dimensions = local.stream }
      }
      expression = "all - refused"
      period     = 60 * var.probe_minutes
      periods    = 1
      threshold  = var.thresholds.error_objects
      # A probe that does not run is told by stream-state.
      missing = "notBreaching"
    }

    access-errors = {
      severity  = "urgent"
      says      = "Firehose may not use a key, role, bucket or function: delivery stands still until that is put right."
      metric    = { namespace = local.namespace, name = "AccessErrors-${var.stream_name}", stat = "Sum", dimensions = {} }
      period    = 300
      periods   = 1
      threshold = 1
      # A log line makes a data point; none is good.
      missing = "notBreaching"
    }

    delivery-errors = {
      severity  = "notice"
      says      = "Firehose logs ${var.thresholds.delivery_errors} delivery errors or more in five minutes. The log is sampled: there may be more."
      metric    = { namespace = local.namespace, name = "DeliveryErrors-${var.stream_name}", stat = "Sum", dimensions = {} }
      period    = 300
      periods   = 1
      threshold = var.thresholds.delivery_errors
      missing   = "notBreaching" # as above
    }

    stream-state = {
      severity   = "notice"
      says       = "The stream is not ACTIVE, or the probe that looks at it does not run."
      metric     = { namespace = local.namespace, name = "StreamActive", stat = "Minimum", dimensions = local.stream }
      period     = 60 * var.probe_minutes
      periods    = 3
      datapoints = 2
      compare    = "LessThanThreshold"
      threshold  = 1
      # The probe always puts a number; none means that nobody looks.
      missing = "breaching"
    }
  }

  ##############################################################################
  # Silence
  ##############################################################################

  silence_alarms = {
    no-data = {
      severity  = "urgent"
      says      = "Firehose has read no record for ${var.thresholds.no_data_minutes} minutes: producers, brokers or the stream are silent."
      metric    = { namespace = "AWS/Firehose", name = "DataReadFromSource.Records", stat = "Sum", dimensions = local.stream }
      period    = 60 * max(var.thresholds.no_data_minutes, 1)
      periods   = 1
      compare   = "LessThanThreshold"
      threshold = 1
      # The dead man's switch: whether AWS sends zeros or nothing when all is silent is not written down; both are bad.
      missing = "breaching"
    }
  }

  ##############################################################################
  # Kafka. All of these are of the monitoring level DEFAULT, which is free.
  ##############################################################################

  cluster_alarms = {
    for key, alarm in {
      # Kafka reports it per broker, CloudWatch under the cluster alone; the highest of them is 1 as long as there is a
      # controller, whatever else is averaged in.
      active-controller = {
        express   = true
        severity  = "urgent"
        says      = "The cluster has no active controller: no leader can be elected and no topic changed."
        metric    = { namespace = "AWS/Kafka", name = "ActiveControllerCount", stat = "Maximum", dimensions = local.cluster }
        period    = 60
        periods   = 5
        compare   = "LessThanThreshold"
        threshold = 1
        # Whether clusters without ZooKeeper send it at all times is not written down: say that it is unknown, not that it is bad.
        missing = "missing"
      }

      offline-partitions = {
        express   = false
        severity  = "urgent"
        says      = "Partitions have no leader: they can be neither written nor read."
        metric    = { namespace = "AWS/Kafka", name = "OfflinePartitionsCount", stat = "Maximum", dimensions = local.cluster }
        period    = 60
        periods   = 3
        threshold = 1
        # The controller sends it; while a new one is elected it is silent, and active-controller speaks.
        missing = "ignore"
      }
    } : key => alarm if alarm.express || !var.express_brokers
  }

  # One alarm a broker: their dimension is the broker, and the one that suffers is what one wants to know.
  broker_alarms = [
    for number, dimensions in local.brokers : {
      for key, alarm in {
        broker-cpu = {
          express  = true
          severity = "notice"
          says     = "Broker ${number} is above ${var.thresholds.broker_cpu_percent} percent of its processors for 15 minutes: it could not carry the load of one that fails."
          metrics = {
            user   = { namespace = "AWS/Kafka", name = "CpuUser", stat = "Average", dimensions = dimensions }
            system = { namespace = "AWS/Kafka", name = "CpuSystem", stat = "Average", dimensions = dimensions }
          }
          expression = "user + system"
          period     = 300
          periods    = 3
          threshold  = var.thresholds.broker_cpu_percent
          # A broker that is replaced sends nothing for minutes; that is under-replicated's business.
          missing = "ignore"
        }

        broker-disk = {
          express   = false
          severity  = "urgent"
          says      = "The disk of broker ${number} is more than ${var.thresholds.broker_disk_percent} percent full. A full disk stops the broker."
          metric    = { namespace = "AWS/Kafka", name = "KafkaDataLogsDiskUsed", stat = "Maximum", dimensions = dimensions }
          period    = 300
          periods   = 3
          threshold = var.thresholds.broker_disk_percent
          missing   = "ignore" # as above: a full disk is not empty because its broker is silent
        }

        under-replicated = {
          express   = false
          severity  = "notice"
          says      = "Partitions that broker ${number} leads lack a copy for 15 minutes, longer than a patched broker needs to come back."
          metric    = { namespace = "AWS/Kafka", name = "UnderReplicatedPartitions", stat = "Maximum", dimensions = dimensions }
          period    = 300
          periods   = 3
          threshold = 1
          # Silent while the broker is away; the others' alarms then speak.
          missing = "ignore"
        }

        under-min-isr = {
          express   = false
          severity  = "urgent"
          says      = "Partitions that broker ${number} leads have fewer copies than min.insync.replicas: producers with acks=all are refused."
          metric    = { namespace = "AWS/Kafka", name = "UnderMinIsrPartitionCount", stat = "Maximum", dimensions = dimensions }
          period    = 60
          periods   = 3
          threshold = 1
          missing   = "ignore" # as above
        }
      } : "${key}-${number}" => merge(alarm, { runbook = key }) if alarm.express || !var.express_brokers
    }
  ]
}
