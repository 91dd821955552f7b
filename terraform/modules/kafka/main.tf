# The brokers (Amazon MSK, provisioned), who may reach them, and the one topic; or a cluster that is made elsewhere
# (`existing_cluster`), and the topic alone.
#
# Order matters here, for Firehose reads over multi-VPC private connectivity:
#   1. the cluster, with IAM among its ways of authentication; MSK refuses connectivity at creation
#   2. connectivity for IAM: UpdateConnectivity, which the provider calls in the same apply, 20 minutes and more
#   3. the cluster policy for Firehose, refused while connectivity is off
#   4. the topic: MSK's topic API wants an ACTIVE cluster
#   5. the delivery stream, which ends in CREATING_FAILED where any of these is missing
# The output `cluster_arn` waits for all of it, so whoever uses it comes after.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

################################################################################
# Names
################################################################################

locals {
  create       = var.existing_cluster == null
  manage_topic = var.existing_cluster == null ? true : var.existing_cluster.manage_topic
  cluster_name = var.existing_cluster == null ? var.name : element(split("/", var.existing_cluster.arn), 1)

  arn_prefix = "arn:${data.aws_partition.current.partition}:kafka:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  # The last part of a cluster's ARN is a UUID that is known only after creation. Policies written with a wildcard in
  # its place exist, and have spread through IAM, long before the cluster is there.
  any_cluster_arn = "${local.arn_prefix}:cluster/${local.cluster_name}/*"
  any_topic_arn   = "${local.arn_prefix}:topic/${local.cluster_name}/*/${var.topic_name}"

  broker_type  = local.create ? var.broker_type : try(data.aws_msk_cluster.existing[0].broker_node_group_info[0].instance_type, "unknown")
  broker_count = local.create ? var.broker_count : data.aws_msk_cluster.existing[0].number_of_broker_nodes
  express      = startswith(local.broker_type, "express.")

  # Of topics that others create, and of Kafka's own.
  default_copies = min(local.broker_count, 3)
}

################################################################################
# Access to the brokers
################################################################################

# What is open on a broker, and to whom:
#   9098         clients of the VPC, and those of client_cidrs: Kafka with IAM, the one listener
#   14001-14100  addresses of the VPC: Firehose, through MSK's PrivateLink
#   11001-11002  scraper_cidrs alone: Prometheus, where open_monitoring is on
# Out of a broker: the VPC, no further.
resource "aws_security_group" "brokers" {
  count = local.create ? 1 : 0

  name        = "${var.name}-brokers"
  description = "Kafka brokers of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-brokers" }

  lifecycle {
    create_before_destroy = true
  }
}

# 9098 is the listener for IAM inside of AWS (MSK developer guide, "Port information").
resource "aws_vpc_security_group_ingress_rule" "iam_clients" {
  for_each = toset(local.create ? compact(concat([var.vpc_cidr], var.client_cidrs)) : [])

  security_group_id = aws_security_group.brokers[0].id
  description       = "Kafka clients with IAM authentication"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 9098
  to_port           = 9098
}

# The listeners of multi-VPC private connectivity; PrivateLink's traffic has addresses of this VPC
# (MSK developer guide, "Amazon MSK multi-VPC private connectivity in a single Region").
resource "aws_vpc_security_group_ingress_rule" "private_connectivity" {
  count = local.create ? 1 : 0

  security_group_id = aws_security_group.brokers[0].id
  description       = "Firehose, by multi-VPC private connectivity"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 14001
  to_port           = 14100
}

# The exporters of open monitoring have neither TLS nor a login (MSK developer guide, "Monitor with Prometheus").
resource "aws_vpc_security_group_ingress_rule" "open_monitoring" {
  for_each = toset(local.create && var.open_monitoring != null ? var.open_monitoring.scraper_cidrs : [])

  security_group_id = aws_security_group.brokers[0].id
  description       = "Prometheus scrapers: JMX exporter 11001, node exporter 11002"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 11001
  to_port           = 11002
}

resource "aws_vpc_security_group_egress_rule" "vpc" {
  count = local.create ? 1 : 0

  security_group_id = aws_security_group.brokers[0].id
  description       = "Within the VPC"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "-1"
}

################################################################################
# Broker logs
################################################################################

resource "aws_cloudwatch_log_group" "brokers" {
  count = local.create ? 1 : 0

  name              = "/aws/msk/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

################################################################################
# Configuration
################################################################################

# No kafka_versions: a configuration that names them would have to be replaced at each upgrade of the brokers. And nothing
# of the topic: it carries its own settings, so that changing them does not restart the brokers.

locals {
  # Express brokers hold three copies, two in sync and clean elections by themselves, and refuse to be told so
  # (MSK developer guide, "Express brokers read-only configurations").
  server_properties = merge(
    { "auto.create.topics.enable" = "false" },
    local.express ? {} : {
      "default.replication.factor"     = tostring(local.default_copies)
      "min.insync.replicas"            = tostring(max(local.default_copies - 1, 1))
      "unclean.leader.election.enable" = "false"
    },
    var.server_properties,
  )
}

resource "aws_msk_configuration" "this" {
  count = local.create ? 1 : 0

  name        = var.name
  description = "Brokers of ${var.name}"

  server_properties = join("", [for name, value in local.server_properties : "${name}=${value}\n"])
}

################################################################################
# Cluster
################################################################################

# What replaces the cluster, and with it topic, records and stream: name, zones or subnets, disk key, an older version.
# MSK moves no cluster from ZooKeeper to KRaft: that needs a new one, with a name of its own. What MSK changes in place, a
# broker at a time: type, count (a whole number of zones), disk, configuration, version upwards.
#
# Disks never shrink. Once storage scaling has grown them, a plan shows the smaller number of volume_size, and MSK
# refuses it: raise broker_volume_gib to what the disks have. The size is not ignored, for the rules count with it.
resource "aws_msk_cluster" "this" {
  count = local.create ? 1 : 0

  cluster_name           = var.name
  kafka_version          = var.kafka_version
  number_of_broker_nodes = var.broker_count
  enhanced_monitoring    = var.monitoring_level

  # Express brokers have no choice, and an answer that was not asked for would be a change in every plan.
  storage_mode = local.express ? null : var.storage_mode

  configuration_info {
    arn      = aws_msk_configuration.this[0].arn
    revision = aws_msk_configuration.this[0].latest_revision
  }

  broker_node_group_info {
    instance_type   = var.broker_type
    client_subnets  = var.subnet_ids
    security_groups = aws_security_group.brokers[*].id

    # Express brokers bring their own storage.
    dynamic "storage_info" {
      for_each = local.express ? [] : [var.broker_volume_gib]

      content {
        ebs_storage_info {
          volume_size = storage_info.value

          dynamic "provisioned_throughput" {
            for_each = var.provisioned_throughput_mib == null ? [] : [var.provisioned_throughput_mib]

            content {
              enabled           = true
              volume_throughput = provisioned_throughput.value
            }
          }
        }
      }
    }

    connectivity_info {
      public_access {
        type = "DISABLED"
      }

      vpc_connectivity {
        client_authentication {
          sasl {
            iam = true
          }
        }
      }
    }
  }

  client_authentication {
    unauthenticated = false

    sasl {
      iam = true
    }
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.kms_key_arn

    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.brokers[0].name
      }

      dynamic "s3" {
        for_each = var.broker_logs_s3 == null ? [] : [var.broker_logs_s3]

        content {
          enabled = true
          bucket  = s3.value.bucket
          prefix  = s3.value.prefix
        }
      }
    }
  }

  dynamic "open_monitoring" {
    for_each = var.open_monitoring == null ? [] : [var.open_monitoring]

    content {
      prometheus {
        jmx_exporter {
          enabled_in_broker = open_monitoring.value.jmx_exporter
        }

        node_exporter {
          enabled_in_broker = open_monitoring.value.node_exporter
        }
      }
    }
  }

  # A cluster that cannot be reached never serves: let the doors be open first.
  depends_on = [
    aws_vpc_security_group_ingress_rule.iam_clients,
    aws_vpc_security_group_ingress_rule.private_connectivity,
    aws_vpc_security_group_egress_rule.vpc,
  ]
}

# A cluster that is made elsewhere must be ready for Firehose: what its owner forgot is said here, at plan, and not by a
# stream that fails after minutes.
data "aws_msk_cluster" "existing" {
  count = local.create ? 0 : 1

  cluster_name = local.cluster_name

  lifecycle {
    precondition {
      condition     = split(":", var.existing_cluster.arn)[4] == data.aws_caller_identity.current.account_id
      error_message = "existing_cluster.arn names account ${split(":", var.existing_cluster.arn)[4]}, and this is ${data.aws_caller_identity.current.account_id}. Policies here reach this account's clusters alone: apply the stack in the cluster's account."
    }

    # MSK developer guide, "Amazon MSK multi-VPC private connectivity in a single Region".
    precondition {
      condition     = split(":", var.existing_cluster.arn)[3] == data.aws_region.current.name
      error_message = "existing_cluster.arn is in ${split(":", var.existing_cluster.arn)[3]}, and the stack in ${data.aws_region.current.name}; private connectivity does not leave a region. Set aws_region to the cluster's."
    }

    postcondition {
      condition     = try(self.broker_node_group_info[0].connectivity_info[0].vpc_connectivity[0].client_authentication[0].sasl[0].iam, false)
      error_message = "existing_cluster ${local.cluster_name} has no multi-VPC private connectivity for IAM, by which Firehose reads. Its owner switches it on: aws kafka update-connectivity, or vpc_connectivity of aws_msk_cluster."
    }

    postcondition {
      condition     = self.arn == var.existing_cluster.arn
      error_message = "existing_cluster.arn is ${var.existing_cluster.arn}, but the cluster of that name is ${self.arn}. It was made again since: give the new ARN."
    }
  }
}

data "aws_msk_bootstrap_brokers" "existing" {
  count = local.create ? 0 : 1

  cluster_arn = var.existing_cluster.arn
}

locals {
  cluster_arn = local.create ? aws_msk_cluster.this[0].arn : var.existing_cluster.arn
}

################################################################################
# Storage scaling
################################################################################

# MSK grows a disk by a tenth or by 10 GiB, whichever is more, at most once in six hours, and never shrinks it (MSK developer
# guide, "Automatic scaling for Amazon MSK clusters"): a cushion against growth, not a stand-in for a disk of the right size.
resource "aws_appautoscaling_target" "storage" {
  count = local.create && !local.express && var.storage_autoscaling != null ? 1 : 0

  service_namespace  = "kafka"
  scalable_dimension = "kafka:broker-storage:VolumeSize"
  resource_id        = aws_msk_cluster.this[0].arn
  max_capacity       = var.storage_autoscaling.maximum_gib

  # MSK takes nothing else, whatever size the disks have.
  min_capacity = 1
}

resource "aws_appautoscaling_policy" "storage" {
  count = length(aws_appautoscaling_target.storage)

  name               = "${var.name}-broker-storage"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.storage[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.storage[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.storage[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value     = var.storage_autoscaling.target_percent
    disable_scale_in = true

    predefined_metric_specification {
      predefined_metric_type = "KafkaBrokerStorageUtilization"
    }
  }
}

################################################################################
# Cluster policy
################################################################################

# Firehose makes the VPC connection as a service, not with the stream's role (Firehose developer guide, "Grant
# Firehose access to your private Amazon MSK cluster"). The conditions keep it from doing so for another account's stream.
# AWS's own examples go without, so whether Firehose sends both keys is not known: cluster_policy_source takes them away.

locals {
  stream_arn = "arn:${data.aws_partition.current.partition}:firehose:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:deliverystream/${coalesce(var.delivery_stream_name, "*")}"

  from_this_account = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }

  # As objects they would have to be of one type.
  policy_conditions = jsondecode({
    account = jsonencode({ Condition = local.from_this_account })
    stream  = jsonencode({ Condition = merge(local.from_this_account, { ArnLike = { "aws:SourceArn" = local.stream_arn } }) })
    none    = jsonencode({})
  }[var.cluster_policy_source])

  firehose_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge({
      Sid       = "FirehosePrivateConnectivity"
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action = [
        "kafka:CreateVpcConnection",
        "kafka:GetBootstrapBrokers",
        "kafka:DescribeCluster",
        "kafka:DescribeClusterV2",
      ]
      Resource = local.cluster_arn
    }, local.policy_conditions)]
  })
}

# A cluster has one policy: put here, it would take the place of the one that an existing cluster's owner has written.
resource "aws_msk_cluster_policy" "firehose" {
  count = local.create || try(var.existing_cluster.manage_policy, false) ? 1 : 0

  cluster_arn = local.cluster_arn
  policy      = local.firehose_policy

  # Postconditions of the data source first: a policy is refused while connectivity is off.
  depends_on = [data.aws_msk_cluster.existing]
}

################################################################################
# Clients
################################################################################

# For roles outside of the stack. What a client needs: MSK developer guide, "Common use cases for client authorization
# policy". The ARNs are the cluster's own, with its UUID, so a right ends with the cluster it was given for.

locals {
  topic_arn = "${replace(local.cluster_arn, ":cluster/", ":topic/")}/${var.topic_name}"
  group_arn = "${replace(local.cluster_arn, ":cluster/", ":group/")}/${var.name}-*"

  producer_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Connect"
        Effect = "Allow"
        # Producers are idempotent unless told otherwise, and MSK gives that right on the cluster, never on a topic.
        Action   = ["kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"]
        Resource = local.cluster_arn
      },
      {
        Sid      = "WriteTheTopic"
        Effect   = "Allow"
        Action   = ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"]
        Resource = local.topic_arn
      },
    ]
  })

  consumer_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Connect"
        Effect   = "Allow"
        Action   = ["kafka-cluster:Connect"]
        Resource = local.cluster_arn
      },
      {
        Sid      = "ReadTheTopic"
        Effect   = "Allow"
        Action   = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"]
        Resource = local.topic_arn
      },
      {
        Sid      = "JoinGroups"
        Effect   = "Allow"
        Action   = ["kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup"]
        Resource = local.group_arn
      },
    ]
  })
}

################################################################################
# Topic function
################################################################################

# Provider 5.x has no resource for a topic. MSK's topic API needs no network path to the brokers, so a small function
# outside of the VPC does the work, called by Terraform on create, update and destroy.

locals {
  topic_function_name = "${var.name}-topic"
}

resource "aws_cloudwatch_log_group" "topic" {
  count = local.manage_topic ? 1 : 0

  name              = "/aws/lambda/${local.topic_function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_iam_role" "topic" {
  count = local.manage_topic ? 1 : 0

  name        = local.topic_function_name
  description = "Manages the topic ${var.topic_name} of ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# What each topic operation needs: MSK developer guide, "Topic operations".
resource "aws_iam_role_policy" "topic" {
  count = local.manage_topic ? 1 : 0

  name = "manage-topic"
  role = aws_iam_role.topic[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Connect"
        Effect   = "Allow"
        Action   = ["kafka-cluster:Connect"]
        Resource = local.any_cluster_arn
      },
      {
        Sid    = "ManageTopic"
        Effect = "Allow"
        Action = [
          "kafka-cluster:CreateTopic",
          "kafka-cluster:DescribeTopic",
          "kafka-cluster:DescribeTopicDynamicConfiguration",
          "kafka-cluster:AlterTopic",
          "kafka-cluster:AlterTopicDynamicConfiguration",
          "kafka-cluster:DeleteTopic",
        ]
        Resource = local.any_topic_arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.topic[0].arn}:*"
      },
    ]
  })
}

resource "aws_lambda_function" "topic" {
  count = local.manage_topic ? 1 : 0

  function_name = local.topic_function_name
  description   = "Creates, grows and deletes the topic ${var.topic_name} of ${var.name}"
  role          = aws_iam_role.topic[0].arn

  filename         = var.topic_package
  source_code_hash = filebase64sha256(var.topic_package)
  handler          = "topic.handler.handler"
  runtime          = var.lambda_runtime
  architectures    = [var.lambda_architecture]
  memory_size      = 256
  timeout          = 300

  depends_on = [aws_cloudwatch_log_group.topic, aws_iam_role_policy.topic]
}

################################################################################
# Topic
################################################################################

locals {
  # Every setting is stated, also where it is Kafka's default: one that is taken back must not stay as it was.
  topic_configs = merge(
    {
      # Retention deletes, by age and size; a compacted topic would drop events that share a key.
      "cleanup.policy" = "delete"
      # Firehose takes a record's age from its Kafka timestamp; producers' clocks would distort DataFreshness
      # (Firehose developer guide, "Troubleshooting Amazon MSK as a source"). Retention counts from the same moment.
      "message.timestamp.type" = "LogAppendTime"
      # Firehose retries for as long as the topic keeps the records: retention is the budget for an outage.
      "retention.ms"      = tostring(var.topic_retention_hours * 3600 * 1000)
      "retention.bytes"   = var.topic_retention_bytes == null ? "-1" : tostring(var.topic_retention_bytes)
      "max.message.bytes" = tostring(var.topic_max_message_bytes)
      "compression.type"  = var.topic_compression_type
    },
    # Express brokers keep these to themselves (MSK developer guide, "Topic-level configurations on Express Brokers").
    local.express ? {} : {
      "min.insync.replicas"            = tostring(var.topic_min_insync_replicas)
      "unclean.leader.election.enable" = "false"
      # Kafka deletes whole segments: a segment that stays open keeps its oldest record past retention.
      "segment.bytes" = tostring(var.topic_segment_mib * 1024 * 1024)
      "segment.ms"    = tostring(var.topic_segment_hours * 3600 * 1000)
    },
    # Never switched off again: MSK takes a topic into tiered storage, but not out of it.
    var.storage_mode == "TIERED" ? {
      "remote.storage.enable" = "true"
      "local.retention.ms"    = tostring(var.topic_local_retention_hours * 3600 * 1000)
    } : {},
  )
}

resource "aws_lambda_invocation" "topic" {
  count = local.manage_topic ? 1 : 0

  function_name   = aws_lambda_function.topic[0].function_name
  lifecycle_scope = "CRUD"

  input = jsonencode({
    cluster_arn        = local.cluster_arn
    topic              = var.topic_name
    partitions         = var.topic_partitions
    replication_factor = var.topic_replication_factor
    configs            = local.topic_configs
  })

  # A change of these replaces the topic, and with it its records. Anything else updates it in place.
  triggers = {
    cluster_arn        = local.cluster_arn
    topic              = var.topic_name
    replication_factor = var.topic_replication_factor
  }

  lifecycle {
    # The provider keeps the new input in its state even if the function refused it; the result tells.
    postcondition {
      condition     = jsondecode(self.result).asked == jsondecode(self.input)
      error_message = "The last change of topic ${var.topic_name} failed. If it was refused, take it back. If it was interrupted, run `terraform state rm 'module.kafka.aws_lambda_invocation.topic[0]'` and apply: the topic is taken as it is and brought to what is asked for."
    }
  }

  depends_on = [aws_iam_role_policy.topic]
}
