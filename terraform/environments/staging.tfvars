# Production's settings at a smaller size.
environment = "staging"

lambda_runtime      = "python3.13"
lambda_architecture = "arm64"

# A tenth of production's load. Its peak of 1.9 MB/s is far from the 9.6 of two of the smallest brokers.
expected_gib_per_day = 50

# As production: a stream that stops on a Friday evening is found on Monday morning.
outage_budget_hours = 62

# Three days of 50 GiB at three copies take 156 GiB of each disk: 58 % of 270, so that scaling rests.
kafka_broker_count        = 3
kafka_broker_type         = "kafka.m7g.large"
kafka_broker_volume_gib   = 270
kafka_storage_autoscaling = { maximum_gib = 540 }
kafka_monitoring_level    = "PER_BROKER"

topic_partitions      = 12
topic_retention_hours = 72

bucket_lifecycle_days = { errors = 30 }
log_retention_days    = 30

max_event_age_days = 30

delivery_buffer_size_mib          = 128
delivery_buffer_interval_seconds  = 300
transform_buffer_size_mib         = 2
transform_buffer_interval_seconds = 30

# Alarms are looked at in CloudWatch; set alarm_emails or alarm_slack to be told.
alarms_unattended = true
