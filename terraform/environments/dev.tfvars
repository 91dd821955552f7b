# Trying things out on AWS, cheaply: three of the smallest brokers that Firehose can read, and samples of 2023 accepted.
environment = "dev"

lambda_runtime      = "python3.13"
lambda_architecture = "arm64"

# What people try out, not a copy of production's load.
expected_gib_per_day = 5
outage_budget_hours  = 12

# Rejected packets tell of a door that is closed; the accepted ones are charged and read by nobody here.
vpc_flow_logs = { traffic_type = "REJECT" }

# A day of 5 GiB at three copies takes 7 GiB of each disk, 35 % of it.
kafka_broker_count      = 3
kafka_broker_type       = "kafka.m7g.large"
kafka_broker_volume_gib = 20

topic_partitions      = 6
topic_retention_hours = 24

bucket_force_destroy     = true
kms_deletion_window_days = 7
query_bytes_limit        = 10737418240
bucket_lifecycle_days    = { errors = 14 }
log_retention_days       = 7

earliest_event_date = "2020-01-01"
samples_only        = true

delivery_buffer_size_mib          = 64
delivery_buffer_interval_seconds  = 60
transform_buffer_interval_seconds = 30

# Nothing is sent here unless someone tries it out.
alarms_unattended = true
alarm_thresholds  = { no_data_minutes = 0 }
