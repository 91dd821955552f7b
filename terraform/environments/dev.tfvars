# Trying things out on AWS, cheaply: three of the smallest brokers that Firehose can read, and samples of 2023 accepted.
environment = "dev"

lambda_runtime      = "python3.13"
lambda_architecture = "arm64"

kafka_broker_count      = 3
kafka_broker_type       = "kafka.m7g.large"
kafka_broker_volume_gib = 20

topic_partitions      = 6
topic_retention_hours = 24

bucket_force_destroy  = true
bucket_lifecycle_days = { errors = 14 }
log_retention_days    = 7

earliest_event_date = "2020-01-01"

delivery_buffer_size_mib          = 64
delivery_buffer_interval_seconds  = 60
transform_buffer_interval_seconds = 30

# Nothing is sent here unless someone tries it out.
alarms_unattended = true
alarm_thresholds  = { no_data_minutes = 0 }
