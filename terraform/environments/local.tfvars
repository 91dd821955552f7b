# A laptop: the shape of production (three brokers, three copies, IAM), small buffers, and samples of 2023 accepted.
environment = "local"

# A load test sends some hundred MiB.
expected_gib_per_day = 1
outage_budget_hours  = 12

# No packet ever crosses this VPC, so there is nothing to log.
vpc_flow_logs = null

kafka_broker_count      = 3
kafka_broker_type       = "kafka.m7g.large"
kafka_broker_volume_gib = 10

# A day of 1 GiB takes 2 GiB of each disk; scaling is there for its shape.
kafka_storage_autoscaling = { maximum_gib = 20 }

topic_partitions          = 6
topic_replication_factor  = 3
topic_min_insync_replicas = 2
topic_retention_hours     = 24

bucket_force_destroy     = true
kms_deletion_window_days = 7
log_retention_days       = 1

earliest_event_date = "2020-01-01"
samples_only        = true

delivery_buffer_size_mib          = 64
delivery_buffer_interval_seconds  = 60
transform_buffer_size_mib         = 1
transform_buffer_interval_seconds = 10

# A laptop is quiet most of the time, and its owner sees it.
alarms_unattended = true
alarm_thresholds  = { no_data_minutes = 0 }
