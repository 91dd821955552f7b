# A laptop: the shape of production (three brokers, three copies, IAM), small buffers, and samples of 2023 accepted.
environment = "local"

kafka_broker_count      = 3
kafka_broker_volume_gib = 10

topic_partitions          = 6
topic_replication_factor  = 3
topic_min_insync_replicas = 2
topic_retention_hours     = 24

bucket_force_destroy = true
log_retention_days   = 1

earliest_event_date = "2020-01-01"

delivery_buffer_size_mib          = 64
delivery_buffer_interval_seconds  = 60
transform_buffer_size_mib         = 1
transform_buffer_interval_seconds = 10

# A laptop is quiet most of the time, and its owner sees it.
alarms_unattended = true
alarm_thresholds  = { no_data_minutes = 0 }
