# User action events, from Kafka to Parquet on S3 by event date: keys, network, brokers and topic, lake, transform, delivery,
# monitoring.
# The order of the parts is the order in which they can exist; each needs only what stands above it.

locals {
  name        = "${var.name}-${var.environment}"
  schema_file = "${path.root}/../schema/user_events.json"

  # What is declared of the load, in Firehose's and MSK's unit: MB (10^6 bytes) a second. 500 GiB a day is 6.2.
  mb_per_second      = var.expected_gib_per_day * 1073.741824 / 86400
  peak_mb_per_second = local.mb_per_second * var.peak_factor
}

################################################################################
# Encryption
################################################################################

module "encryption" {
  source = "./modules/encryption"

  name                 = local.name
  create               = var.create_kms_keys
  existing_keys        = var.existing_kms_keys
  deletion_window_days = var.kms_deletion_window_days
}

################################################################################
# Network
################################################################################

module "network" {
  source = "./modules/network"

  create                  = var.existing_kafka_cluster == null
  name                    = local.name
  vpc_cidr                = var.vpc_cidr
  existing_network        = var.existing_network
  availability_zone_count = var.availability_zone_count
  availability_zones      = var.availability_zones
  interface_endpoints     = var.interface_endpoints
  s3_endpoint_accounts    = var.s3_endpoint_accounts
  flow_logs               = var.vpc_flow_logs
  log_retention_days      = var.log_retention_days
  log_kms_key_arn         = module.encryption.key_arns.logs

  # A zone's brokers (half of all at most), one more while MSK replaces one, the endpoints, and two clients.
  addresses_per_subnet = ceil(var.kafka_broker_count / 2) + 1 + length(var.interface_endpoints) + 2
}

################################################################################
# Kafka
################################################################################

module "kafka" {
  source = "./modules/kafka"

  name               = local.name
  vpc_id             = module.network.vpc_id
  vpc_cidr           = module.network.vpc_cidr
  subnet_ids         = module.network.subnet_ids
  subnet_count       = module.network.subnet_count
  client_cidrs       = var.kafka_client_cidrs
  log_retention_days = var.log_retention_days
  broker_logs_s3     = var.kafka_broker_logs_s3
  kms_key_arn        = module.encryption.key_arns.data
  log_kms_key_arn    = module.encryption.key_arns.logs

  existing_cluster           = var.existing_kafka_cluster
  kafka_version              = var.kafka_version
  broker_count               = var.kafka_broker_count
  broker_type                = var.kafka_broker_type
  broker_volume_gib          = var.kafka_broker_volume_gib
  storage_mode               = var.kafka_storage_mode
  storage_autoscaling        = var.kafka_storage_autoscaling
  provisioned_throughput_mib = var.kafka_provisioned_throughput_mib
  server_properties          = var.kafka_server_properties
  monitoring_level           = var.kafka_monitoring_level
  open_monitoring            = var.kafka_open_monitoring
  cluster_policy_source      = var.kafka_cluster_policy_source
  delivery_stream_name       = local.name

  load                = { mb_per_second = local.mb_per_second, peak_mb_per_second = local.peak_mb_per_second }
  outage_budget_hours = var.outage_budget_hours

  topic_package       = var.lambda_packages.topic
  lambda_runtime      = var.lambda_runtime
  lambda_architecture = var.lambda_architecture

  topic_name                  = var.topic_name
  topic_partitions            = var.topic_partitions
  topic_replication_factor    = var.topic_replication_factor
  topic_min_insync_replicas   = var.topic_min_insync_replicas
  topic_retention_hours       = var.topic_retention_hours
  topic_retention_bytes       = var.topic_retention_bytes
  topic_local_retention_hours = var.topic_local_retention_hours
  topic_segment_mib           = var.topic_segment_mib
  topic_segment_hours         = var.topic_segment_hours
  topic_compression_type      = var.topic_compression_type
  topic_max_message_bytes     = var.topic_max_message_bytes
}

################################################################################
# Lake
################################################################################

module "lake" {
  source = "./modules/lake"

  name                = local.name
  schema_file         = local.schema_file
  bucket_name         = var.bucket_name
  existing_bucket     = var.existing_bucket
  kms_key_arn         = module.encryption.key_arns.data
  versioning          = var.bucket_versioning
  access_log          = var.bucket_access_log
  lifecycle_days      = var.bucket_lifecycle_days
  retention_days      = { data = var.data_retention_days, errors = var.error_retention_days }
  force_destroy       = var.bucket_force_destroy
  first_event_date    = var.lake_first_event_date
  future_days         = local.future_days
  parquet_compression = var.delivery_parquet.compression
  query_bytes_limit   = var.query_bytes_limit
}

################################################################################
# Transform
################################################################################

module "transform" {
  source = "./modules/transform"

  name                 = "${local.name}-transform"
  schema_file          = local.schema_file
  log_retention_days   = var.log_retention_days
  log_kms_key_arn      = module.encryption.key_arns.logs
  log_format           = var.transform_log_format
  kms_key_arn          = module.encryption.key_arns.data
  tracing              = var.transform_tracing
  package              = var.lambda_packages.transform
  runtime              = var.lambda_runtime
  architecture         = var.lambda_architecture
  memory_mib           = var.transform_memory_mib
  timeout_seconds      = var.transform_timeout_seconds
  reserved_concurrency = var.transform_reserved_concurrency
  expected_load        = local.expected_load

  accepted_window = {
    earliest_event_date   = var.earliest_event_date
    max_event_age_days    = var.max_event_age_days
    max_future_skew_hours = var.max_future_skew_hours
  }
}

################################################################################
# Delivery
################################################################################

module "delivery" {
  source = "./modules/delivery"

  name               = local.name
  log_retention_days = var.log_retention_days
  log_kms_key_arn    = module.encryption.key_arns.logs

  cluster_name = module.kafka.cluster_name
  cluster_arn  = module.kafka.cluster_arn
  topic_name   = module.kafka.topic_name
  read_from    = var.delivery_read_from

  bind_roles_to_stream = var.delivery_bind_roles_to_stream

  bucket                  = module.lake.bucket
  bucket_owner            = module.lake.bucket_owner
  data_prefix             = module.lake.data_prefix
  error_prefix            = module.lake.error_prefix
  partition_key           = module.lake.partition_key
  glue_database           = module.lake.database
  glue_table              = module.lake.table
  table_partition_keys    = module.lake.partition_keys
  kms_key_arn             = module.encryption.key_arns.data
  parquet                 = var.delivery_parquet
  buffer_size_mib         = var.delivery_buffer_size_mib
  buffer_interval_seconds = var.delivery_buffer_interval_seconds

  transform_arn                     = module.transform.invoke_arn
  transform_buffer_size_mib         = var.transform_buffer_size_mib
  transform_buffer_interval_seconds = var.transform_buffer_interval_seconds
  transform_retries                 = var.transform_retries
  transform_partition_keys          = module.transform.partition_keys
  average_event_bytes               = var.average_event_bytes
  freshness_promise_seconds         = var.freshness_promise_seconds

  partition_key_source = var.partition_key_source
  partition_field      = module.lake.partition_field
}

################################################################################
# Monitoring
################################################################################

module "monitoring" {
  source = "./modules/monitoring"

  name                = local.name
  emails              = var.alarm_emails
  unattended          = var.alarms_unattended
  slack               = var.alarm_slack
  runbook_base_url    = var.runbook_base_url
  thresholds          = var.alarm_thresholds
  packages            = { probe = var.lambda_packages.probe, slack = var.lambda_packages.slack }
  lambda_runtime      = var.lambda_runtime
  lambda_architecture = var.lambda_architecture
  log_retention_days  = var.log_retention_days
  kms_key_arn         = module.encryption.key_arns.alarms
  log_kms_key_arn     = module.encryption.key_arns.logs

  bucket       = module.lake.bucket
  error_prefix = module.lake.error_prefix
  # A new error object's date is that of its oldest record, which the topic may have kept until now.
  error_lookback_days = ceil(var.topic_retention_hours / 24) + 1

  stream_name                       = module.delivery.stream_name
  delivery_log_group                = module.delivery.log_group
  buffer_interval_seconds           = var.delivery_buffer_interval_seconds
  active_partition_limit            = var.active_partition_limit
  transform_function_name           = module.transform.function_name
  transform_timeout_seconds         = var.transform_timeout_seconds
  transform_buffer_interval_seconds = var.transform_buffer_interval_seconds

  cluster_name                = module.kafka.cluster_name
  broker_count                = var.kafka_broker_count
  express_brokers             = startswith(var.kafka_broker_type, "express.")
  topic_name                  = module.kafka.topic_name
  topic_retention_hours       = var.topic_retention_hours
  expected_records_per_second = var.expected_records_per_second
}
