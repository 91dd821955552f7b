# The whole pipeline with every setting at its default, but for those that have none.

################################################################################
# Network
################################################################################

module "network" {
  source = "../../modules/network"

  name = var.name
}

################################################################################
# Kafka
################################################################################

module "kafka" {
  source = "../../modules/kafka"

  name                = var.name
  vpc_id              = module.network.vpc_id
  vpc_cidr            = module.network.vpc_cidr
  subnet_ids          = module.network.subnet_ids
  subnet_count        = module.network.subnet_count
  log_retention_days  = var.log_retention_days
  topic_package       = var.lambda_packages.topic
  lambda_runtime      = var.lambda_runtime
  lambda_architecture = var.lambda_architecture
}

################################################################################
# Lake
################################################################################

module "lake" {
  source = "../../modules/lake"

  name             = var.name
  schema_file      = "${path.module}/../../../schema/user_events.json"
  first_event_date = "2025-01-01"
}

################################################################################
# Transform
################################################################################

module "transform" {
  source = "../../modules/transform"

  name               = "${var.name}-transform"
  schema_file        = "${path.module}/../../../schema/user_events.json"
  log_retention_days = var.log_retention_days
  package            = var.lambda_packages.transform
  runtime            = var.lambda_runtime
  architecture       = var.lambda_architecture
  accepted_window    = { max_event_age_days = 30 }
}

################################################################################
# Delivery
################################################################################

module "delivery" {
  source = "../../modules/delivery"

  name               = var.name
  log_retention_days = var.log_retention_days
  cluster_name       = module.kafka.cluster_name
  cluster_arn        = module.kafka.cluster_arn
  topic_name         = module.kafka.topic_name
  bucket             = module.lake.bucket
  data_prefix        = module.lake.data_prefix
  error_prefix       = module.lake.error_prefix
  partition_key      = module.lake.partition_key
  glue_database      = module.lake.database
  glue_table         = module.lake.table
  transform_arn      = module.transform.invoke_arn
}
