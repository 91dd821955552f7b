# 500 GiB a day is 6.2 MB/s on average; one day at three copies takes 1.46 TiB of disk, so three days take 4.4 TiB.
environment = "prod"

expected_gib_per_day = 500
peak_factor          = 3

# A stream that stops on a Friday evening is found on Monday morning: 62 hours, of 72 that the topic keeps.
outage_budget_hours = 62

lambda_runtime      = "python3.13"
lambda_architecture = "arm64"

# With a zone away two of these take in 19.2 MB/s (inferred, see modules/kafka/rules.tf); the peak is 18.6.
# Three days at three copies take 1506 GiB of each disk: 58 % of 2600, so that scaling rests until the load grows.
kafka_broker_count        = 3
kafka_broker_type         = "kafka.m7g.xlarge"
kafka_broker_volume_gib   = 2600
kafka_storage_autoscaling = { maximum_gib = 5200 }
kafka_monitoring_level    = "PER_BROKER"

topic_partitions      = 12
topic_retention_hours = 72

bucket_versioning = true
bucket_lifecycle_days = {
  errors                    = 90
  data_to_infrequent_access = 90
  former_versions           = 30
}
log_retention_days = 90

transform_memory_mib           = 1024
transform_reserved_concurrency = 100

# Events older than a month go to the error prefix: far fewer dates than the 500 partitions that Firehose keeps open.
max_event_age_days = 30

delivery_buffer_size_mib          = 128
delivery_buffer_interval_seconds  = 300
transform_buffer_size_mib         = 2
transform_buffer_interval_seconds = 30

# Alarms go to Slack, once its webhook is put by hand (terraform/README.md, "Alarms"); alarm_emails tells people by mail.
alarm_slack = {}

# 500 GiB a day in events of 170 bytes, as the samples are.
expected_records_per_second = 37000
alarm_thresholds            = { rejected_percent_by_reason = { timestamp_out_of_range = 0.1 } }
