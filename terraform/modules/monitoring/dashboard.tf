# The dashboard reads left to right as the data flows: Kafka, source, transform, delivery, errors, alarms. A column is four
# units wide (of 24), a chart six high; what stands in a column below stands so, top to bottom, on the dashboard.

locals {
  # A line of a chart: namespace, metric, name and value of each dimension, options (CloudWatch API reference, "Dashboard
  # body structure and syntax").
  columns = [
    {
      title = "Kafka"
      says  = "Topic ${var.topic_name} on ${var.cluster_name}"
      charts = concat(
        [
          { title = "Bytes in, by broker", stat = "Average", lines = [for number, _ in local.brokers : ["AWS/Kafka", "BytesInPerSec", "Cluster Name", var.cluster_name, "Broker ID", tostring(number), "Topic", var.topic_name, { label = "broker ${number}" }]] },
          { title = "Processors, user (%)", stat = "Average", lines = [for number, _ in local.brokers : ["AWS/Kafka", "CpuUser", "Cluster Name", var.cluster_name, "Broker ID", tostring(number), { label = "broker ${number}" }]] },
        ],
        [for chart in [
          { title = "Disks (%)", stat = "Maximum", lines = [for number, _ in local.brokers : ["AWS/Kafka", "KafkaDataLogsDiskUsed", "Cluster Name", var.cluster_name, "Broker ID", tostring(number), { label = "broker ${number}" }]] },
          { title = "Partitions without leader, or short of copies", stat = "Maximum", lines = concat(
            [["AWS/Kafka", "OfflinePartitionsCount", "Cluster Name", var.cluster_name, { label = "without leader" }]],
            [for number, _ in local.brokers : ["AWS/Kafka", "UnderReplicatedPartitions", "Cluster Name", var.cluster_name, "Broker ID", tostring(number), { label = "broker ${number} short of copies" }]],
          ) },
        ] : chart if !var.express_brokers],
      )
    },
    {
      title = "Source"
      says  = "Firehose reads the topic"
      charts = [
        { title = "Records read", stat = "Sum", lines = [["AWS/Firehose", "DataReadFromSource.Records", "DeliveryStreamName", var.stream_name, { label = "records" }]] },
        { title = "Bytes read", stat = "Sum", lines = [["AWS/Firehose", "DataReadFromSource.Bytes", "DeliveryStreamName", var.stream_name, { label = "bytes" }]] },
        { title = "Records yet to read", stat = "Maximum", lines = [["AWS/Firehose", "KafkaOffsetLag", "DeliveryStreamName", var.stream_name, { label = "lag" }]] },
        { title = "Held back (1: yes)", stat = "Maximum", lines = [["AWS/Firehose", "DataReadFromSource.Backpressured", "DeliveryStreamName", var.stream_name, { label = "held back" }]] },
      ]
    },
    {
      title = "Transform"
      says  = var.transform_function_name
      charts = [
        { title = "Events accepted and refused", stat = "Sum", lines = [
          ["UserEvents/Transform", "RecordsAccepted", "FunctionName", var.transform_function_name, { label = "accepted" }],
          ["UserEvents/Transform", "RecordsRejected", "FunctionName", var.transform_function_name, { label = "refused" }],
        ] },
        { title = "Refused, by reason", stat = "Sum", lines = [for reason in local.reasons : ["UserEvents/Transform", "Rejected.${reason}", "FunctionName", var.transform_function_name, { label = reason }]] },
        { title = "Duration (ms)", stat = "p99", lines = [
          ["AWS/Lambda", "Duration", "FunctionName", var.transform_function_name, { label = "p99" }],
          ["AWS/Lambda", "Duration", "FunctionName", var.transform_function_name, { label = "p50", stat = "p50" }],
        ] },
        { title = "Errors and throttles", stat = "Sum", lines = [
          ["AWS/Lambda", "Errors", "FunctionName", var.transform_function_name, { label = "errors" }],
          ["AWS/Lambda", "Throttles", "FunctionName", var.transform_function_name, { label = "throttles" }],
        ] },
      ]
    },
    {
      title = "Delivery"
      says  = "Parquet to ${var.bucket}"
      charts = [
        { title = "Age of the oldest record not on S3 (s)", stat = "Maximum", lines = [["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", var.stream_name, { label = "age" }]] },
        { title = "Records delivered", stat = "Sum", lines = [["AWS/Firehose", "DeliveryToS3.Records", "DeliveryStreamName", var.stream_name, { label = "records" }]] },
        { title = "Objects", stat = "Sum", lines = [["AWS/Firehose", "DeliveryToS3.ObjectCount", "DeliveryStreamName", var.stream_name, { label = "objects" }]] },
        { title = "Open partitions", stat = "Maximum", lines = [["AWS/Firehose", "PartitionCount", "DeliveryStreamName", var.stream_name, { label = "open" }]] },
      ]
    },
    {
      title = "Errors"
      says  = "${var.error_prefix} and the delivery log"
      charts = [
        { title = "Error objects of the last ${3 * var.probe_minutes} minutes", stat = "Maximum", lines = [
          [local.namespace, "ErrorObjects", "DeliveryStreamName", var.stream_name, { label = "all" }],
          [local.namespace, "ProcessingFailedObjects", "DeliveryStreamName", var.stream_name, { label = "refused by the transform" }],
        ] },
        { title = "Records not convertible", stat = "Sum", lines = [["AWS/Firehose", "FailedConversion.Records", "DeliveryStreamName", var.stream_name, { label = "records" }]] },
        { title = "Lines in the delivery log", stat = "Sum", lines = [for filter, _ in local.log_filters : [local.namespace, "${filter}-${var.stream_name}", { label = filter }]] },
        { title = "Stream ACTIVE (1: yes)", stat = "Minimum", lines = [[local.namespace, "StreamActive", "DeliveryStreamName", var.stream_name, { label = "ACTIVE" }]] },
      ]
    },
  ]

  # The kinds of transform/reasons.py, by how often they are met.
  reasons = [
    "bad_timestamp", "timestamp_out_of_range", "missing_timestamp", "wrong_type", "not_json", "not_an_object", "empty_value", "not_utf8", "too_deep",
  ]

  headings = [for position, column in concat(local.columns, [{ title = "Alarms", says = "Runbooks: ${var.runbook_base_url}" }]) : {
    type       = "text", x = 4 * position, y = 0, width = 4, height = 2
    properties = { markdown = "### ${position + 1}. ${column.title}\n${column.says}" }
  }]

  drawings = flatten([for position, column in local.columns : [for row, chart in column.charts : {
    type = "metric", x = 4 * position, y = 2 + 6 * row, width = 4, height = 6
    properties = {
      title = chart.title, stat = chart.stat, period = 300, region = local.region, view = "timeSeries", metrics = chart.lines
      yAxis = { left = { min = 0 } }
    }
  }]])

  alarm_list = [{
    type = "alarm", x = 20, y = 2, width = 4, height = 24
    properties = {
      title  = "Alarms"
      sortBy = "stateUpdatedTimestamp"
      # By their names, not by reference: so a plan shows the whole dashboard, and which alarm is new on it.
      alarms = [for name in local.alarm_names : "arn:${local.partition}:cloudwatch:${local.arn_suffix}:alarm:${name}"]
    }
  }]

  widgets = concat(local.headings, local.drawings, local.alarm_list)
}
