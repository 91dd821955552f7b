# User action events, from Kafka to Parquet on S3 by event date: network, brokers and topic, lake, transform, delivery, monitoring.
# The order of the parts is the order in which they can exist; each needs only what stands above it.

locals {
  name = "${var.name}-${var.environment}"
}

################################################################################
# Network
################################################################################

module "network" {
  source = "./modules/network"

  name                    = local.name
  vpc_cidr                = var.vpc_cidr
  existing_network        = var.existing_network
  availability_zone_count = var.availability_zone_count
  interface_endpoints     = var.interface_endpoints
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
  kms_key_arn        = var.kms_key_arn

  kafka_version     = var.kafka_version
  broker_count      = var.kafka_broker_count
  broker_type       = var.kafka_broker_type
  broker_volume_gib = var.kafka_broker_volume_gib
  monitoring_level  = var.kafka_monitoring_level

  topic_package       = var.lambda_packages.topic
  lambda_runtime      = var.lambda_runtime
  lambda_architecture = var.lambda_architecture

  topic_name                = var.topic_name
  topic_partitions          = var.topic_partitions
  topic_replication_factor  = var.topic_replication_factor
  topic_min_insync_replicas = var.topic_min_insync_replicas
  topic_retention_hours     = var.topic_retention_hours
  topic_max_message_bytes   = var.topic_max_message_bytes
}

################################################################################
# Lake
################################################################################

module "lake" {
  source = "./modules/lake"

  name              = local.name
  schema_file       = "${path.root}/../schema/user_events.json"
  bucket_name       = var.bucket_name
  kms_key_arn       = var.kms_key_arn
  versioning        = var.bucket_versioning
  lifecycle_days    = var.bucket_lifecycle_days
  force_destroy     = var.bucket_force_destroy
  first_event_date  = var.lake_first_event_date
  future_days       = local.future_days
  query_bytes_limit = var.query_bytes_limit
}

################################################################################
# Transform
################################################################################

module "transform" {
  source = "./modules/transform"

  name                 = "${local.name}-transform"
  log_retention_days   = var.log_retention_days
  package              = var.lambda_packages.transform
  runtime              = var.lambda_runtime
  architecture         = var.lambda_architecture
  memory_mib           = var.transform_memory_mib
  timeout_seconds      = var.transform_timeout_seconds
  reserved_concurrency = var.transform_reserved_concurrency

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

  cluster_name = module.kafka.cluster_name
  cluster_arn  = module.kafka.cluster_arn
  topic_name   = module.kafka.topic_name
  read_from    = var.delivery_read_from

  bucket                  = module.lake.bucket
  data_prefix             = module.lake.data_prefix
  error_prefix            = module.lake.error_prefix
  partition_key           = module.lake.partition_key
  glue_database           = module.lake.database
  glue_table              = module.lake.table
  kms_key_arn             = var.kms_key_arn
  buffer_size_mib         = var.delivery_buffer_size_mib
  buffer_interval_seconds = var.delivery_buffer_interval_seconds

  transform_arn                     = module.transform.invoke_arn
  transform_buffer_size_mib         = var.transform_buffer_size_mib
  transform_buffer_interval_seconds = var.transform_buffer_interval_seconds
  transform_retries                 = var.transform_retries
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
