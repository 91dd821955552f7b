# The brokers (Amazon MSK, provisioned), who may reach them, and the one topic.
#
# Order matters here: Firehose reads over multi-VPC private connectivity, which MSK refuses at creation. The provider
# therefore creates the cluster and switches connectivity on in a second step of the same apply; only then can the
# cluster policy be put, and only an ACTIVE cluster takes a topic. The outputs carry that order to whoever uses them.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

################################################################################
# Names
################################################################################

locals {
  arn_prefix = "arn:${data.aws_partition.current.partition}:kafka:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  # The last part of a cluster's ARN is a UUID that is known only after creation. Policies written with a wildcard in
  # its place exist, and have spread through IAM, long before the cluster is there.
  any_cluster_arn = "${local.arn_prefix}:cluster/${var.name}/*"
  any_topic_arn   = "${local.arn_prefix}:topic/${var.name}/*/${var.topic_name}"

  express = startswith(var.broker_type, "express.")

  # Of topics that others create, and of Kafka's own.
  default_copies = min(var.broker_count, 3)
}

################################################################################
# Access to the brokers
################################################################################

resource "aws_security_group" "brokers" {
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
  for_each = toset(concat([var.vpc_cidr], var.client_cidrs))

  security_group_id = aws_security_group.brokers.id
  description       = "Kafka clients with IAM authentication"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 9098
  to_port           = 9098
}

# The listeners of multi-VPC private connectivity; PrivateLink's traffic has addresses of this VPC
# (MSK developer guide, "Amazon MSK multi-VPC private connectivity in a single Region").
resource "aws_vpc_security_group_ingress_rule" "private_connectivity" {
  security_group_id = aws_security_group.brokers.id
  description       = "Firehose, by multi-VPC private connectivity"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 14001
  to_port           = 14100
}

resource "aws_vpc_security_group_egress_rule" "vpc" {
  security_group_id = aws_security_group.brokers.id
  description       = "Within the VPC"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "-1"
}

################################################################################
# Broker logs
################################################################################

resource "aws_cloudwatch_log_group" "brokers" {
  name              = "/aws/msk/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

################################################################################
# Configuration
################################################################################

# No kafka_versions: a configuration that names them would have to be replaced at each upgrade of the brokers. And nothing
# of the topic: it carries its own settings, so that changing them does not restart the brokers.
resource "aws_msk_configuration" "this" {
  name        = var.name
  description = "Brokers of ${var.name}"

  server_properties = <<-EOT
    auto.create.topics.enable=false
    default.replication.factor=${local.default_copies}
    min.insync.replicas=${max(local.default_copies - 1, 1)}
    unclean.leader.election.enable=false
  EOT
}

################################################################################
# Cluster
################################################################################

resource "aws_msk_cluster" "this" {
  cluster_name           = var.name
  kafka_version          = var.kafka_version
  number_of_broker_nodes = var.broker_count
  enhanced_monitoring    = var.monitoring_level

  configuration_info {
    arn      = aws_msk_configuration.this.arn
    revision = aws_msk_configuration.this.latest_revision
  }

  broker_node_group_info {
    instance_type   = var.broker_type
    client_subnets  = var.subnet_ids
    security_groups = [aws_security_group.brokers.id]

    # Express brokers bring their own storage.
    dynamic "storage_info" {
      for_each = local.express ? [] : [var.broker_volume_gib]

      content {
        ebs_storage_info {
          volume_size = storage_info.value
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
        log_group = aws_cloudwatch_log_group.brokers.name
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

################################################################################
# Cluster policy
################################################################################

# Firehose makes the VPC connection as a service, not with the stream's role (Firehose developer guide, "Grant
# Firehose access to your private Amazon MSK cluster"). The condition keeps it from doing so for another account's stream.
resource "aws_msk_cluster_policy" "firehose" {
  cluster_arn = aws_msk_cluster.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "FirehosePrivateConnectivity"
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action = [
        "kafka:CreateVpcConnection",
        "kafka:GetBootstrapBrokers",
        "kafka:DescribeCluster",
        "kafka:DescribeClusterV2",
      ]
      Resource  = aws_msk_cluster.this.arn
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
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
  name              = "/aws/lambda/${local.topic_function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_iam_role" "topic" {
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
  name = "manage-topic"
  role = aws_iam_role.topic.id

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
        Resource = "${aws_cloudwatch_log_group.topic.arn}:*"
      },
    ]
  })
}

resource "aws_lambda_function" "topic" {
  function_name = local.topic_function_name
  description   = "Creates, grows and deletes the topic ${var.topic_name} of ${var.name}"
  role          = aws_iam_role.topic.arn

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
  topic_configs = {
    # Firehose takes a record's age from its Kafka timestamp; producers' clocks would distort DataFreshness
    # (Firehose developer guide, "Troubleshooting Amazon MSK as a source").
    "message.timestamp.type" = "LogAppendTime"
    # Firehose retries for as long as the topic keeps the records: retention is the budget for an outage.
    "retention.ms"        = tostring(var.topic_retention_hours * 3600 * 1000)
    "min.insync.replicas" = tostring(var.topic_min_insync_replicas)
    "max.message.bytes"   = tostring(var.topic_max_message_bytes)
  }
}

resource "aws_lambda_invocation" "topic" {
  function_name   = aws_lambda_function.topic.function_name
  lifecycle_scope = "CRUD"

  input = jsonencode({
    cluster_arn        = aws_msk_cluster.this.arn
    topic              = var.topic_name
    partitions         = var.topic_partitions
    replication_factor = var.topic_replication_factor
    configs            = local.topic_configs
  })

  # A change of these replaces the topic, and with it its records. Anything else updates it in place.
  triggers = {
    cluster_arn        = aws_msk_cluster.this.arn
    topic              = var.topic_name
    replication_factor = var.topic_replication_factor
  }

  lifecycle {
    # The provider keeps the new input in its state even if the function refused it; the result tells.
    postcondition {
      condition     = jsondecode(self.result).asked == jsondecode(self.input)
      error_message = "The last change of topic ${var.topic_name} failed. If it was refused, take it back. If it was interrupted, run `terraform state rm module.kafka.aws_lambda_invocation.topic` and apply: the topic is taken as it is and brought to what is asked for."
    }
  }

  depends_on = [aws_iam_role_policy.topic]
}
