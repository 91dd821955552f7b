# The stream (Amazon Data Firehose): reads the topic, calls the transform, writes Parquet by partition key.
#
# Nearly everything on the source side, and dynamic partitioning, can only be set at creation: a change replaces the
# stream, which then reads again from `read_from`.
#
# A stream whose creation fails (cluster policy, ports, topic) stays in AWS outside of the state and blocks its name:
# delete it there (`aws firehose delete-delivery-stream`), mend the cause, apply again.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

################################################################################
# Names
################################################################################

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  # Without the UUID that only a created cluster has: these policies exist, and have spread through IAM, long before
  # the stream needs them. Firehose's creation is not retried on every answer that a fresh role causes.
  kafka_arn_prefix = "arn:${local.partition}:kafka:${local.region}:${local.account}"
  any_cluster_arn  = "${local.kafka_arn_prefix}:cluster/${var.cluster_name}/*"
  any_topic_arn    = "${local.kafka_arn_prefix}:topic/${var.cluster_name}/*/${var.topic_name}"
  any_group_arn    = "${local.kafka_arn_prefix}:group/${var.cluster_name}/*"

  bucket_arn      = "arn:${local.partition}:s3:::${var.bucket}"
  glue_arn_prefix = "arn:${local.partition}:glue:${local.region}:${local.account}"

  bucket_owner = coalesce(var.bucket_owner, local.account)
  object_arns  = ["${local.bucket_arn}/${var.data_prefix}*", "${local.bucket_arn}/${var.error_prefix}*"]

  # Where the key's value comes from: the transform's answer, or a query over what it answered.
  key_expression = var.partition_key_source == "lambda" ? "partitionKeyFromLambda" : "partitionKeyFromQuery"
  data_prefix    = "${var.data_prefix}${var.partition_key}=!{${local.key_expression}:${var.partition_key}}/"
  error_prefix   = "${var.error_prefix}${var.error_folders}"

  # Not the stream's attribute, which would be a cycle: a stream needs its roles first.
  stream_arn = "arn:${local.partition}:firehose:${local.region}:${local.account}:deliverystream/${var.name}"

  # The confused deputy: no other account's stream may use these roles, nor another stream of this account. Guides of
  # others show aws:SourceArn with Firehose; AWS's own pages show no condition, hence the switch.
  assume_as_stream = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = merge(
        { StringEquals = { "aws:SourceAccount" = local.account } },
        var.bind_roles_to_stream ? { ArnEquals = { "aws:SourceArn" = local.stream_arn } } : {},
      )
    }]
  }
}

################################################################################
# Logs
################################################################################

# Firehose writes to a group and a stream that exist; it makes neither.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/kinesisfirehose/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_cloudwatch_log_stream" "delivery" {
  name           = "DestinationDelivery"
  log_group_name = aws_cloudwatch_log_group.this.name
}

################################################################################
# Source
################################################################################

resource "aws_iam_role" "source" {
  name               = "${var.name}-source"
  description        = "Reads the topic ${var.topic_name} for the stream ${var.name}"
  assume_role_policy = jsonencode(local.assume_as_stream)
}

# Firehose developer guide, "Allow Firehose to assume an IAM role", source Amazon MSK. It joins no consumer group, hence
# no AlterGroup.
resource "aws_iam_role_policy" "source" {
  name = "read-topic"
  role = aws_iam_role.source.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ReachCluster"
        Effect = "Allow"
        Action = [
          "kafka:GetBootstrapBrokers",
          "kafka:DescribeCluster",
          "kafka:DescribeClusterV2",
          "kafka-cluster:Connect",
        ]
        Resource = local.any_cluster_arn
      },
      {
        Sid    = "ReadTopic"
        Effect = "Allow"
        Action = [
          "kafka-cluster:DescribeTopic",
          "kafka-cluster:DescribeTopicDynamicConfiguration",
          "kafka-cluster:ReadData",
        ]
        Resource = local.any_topic_arn
      },
      {
        Sid      = "DescribeGroups"
        Effect   = "Allow"
        Action   = ["kafka-cluster:DescribeGroup"]
        Resource = local.any_group_arn
      },
    ]
  })
}

################################################################################
# Destination
################################################################################

resource "aws_iam_role" "delivery" {
  name               = "${var.name}-delivery"
  description        = "Transforms and writes for the stream ${var.name}"
  assume_role_policy = jsonencode(local.assume_as_stream)
}

# Firehose developer guide, "Grant Firehose access to an Amazon S3 destination". The error prefix belongs to it: if an
# error object cannot be written, delivery stops for good.
resource "aws_iam_role_policy" "bucket" {
  name = "write-bucket"
  role = aws_iam_role.delivery.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.bucket_statements, jsondecode(local.key_statements))
  })
}

locals {
  # Whose bucket it is, is part of the right: a bucket's name that another account takes over gets nothing.
  owned_bucket = { StringEquals = { "s3:ResourceAccount" = local.bucket_owner } }

  # In another account's bucket Firehose hands each object over to the bucket's owner by an ACL, for which the role needs
  # PutObjectAcl; otherwise the owner could not read it (same guide, "Cross-account delivery to an Amazon S3 destination").
  # A bucket with BucketOwnerEnforced, as it should be, takes the ACL and ignores it.
  object_actions = concat(
    ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
    local.bucket_owner == local.account ? [] : ["s3:PutObjectAcl"],
  )

  bucket_statements = [
    {
      Sid       = "FindBucket"
      Effect    = "Allow"
      Action    = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
      Resource  = [local.bucket_arn]
      Condition = local.owned_bucket
    },
    {
      Sid       = "WriteObjects"
      Effect    = "Allow"
      Action    = local.object_actions
      Resource  = local.object_arns
      Condition = local.owned_bucket
    },
  ]

  # S3 asks KMS on the role's behalf, naming the object, or with a bucket key the bucket.
  key_condition = {
    StringEquals = { "kms:ViaService" = "s3.${local.region}.${data.aws_partition.current.dns_suffix}" }
    StringLike   = { "kms:EncryptionContext:aws:s3:arn" = concat([local.bucket_arn], local.object_arns) }
  }

  # As JSON, since the key may be known only after apply, and a choice between lists of unlike shapes is none in HCL.
  key_statements = var.kms_key_arn == null ? "[]" : jsonencode([{
    Sid       = "EncryptObjects"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = var.kms_key_arn
    Condition = local.key_condition
  }])
}

# Firehose developer guide, "Grant Firehose access to AWS Glue for data format conversion".
resource "aws_iam_role_policy" "schema" {
  name = "read-schema"
  role = aws_iam_role.delivery.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "ReadSchema"
      Effect = "Allow"
      Action = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
      Resource = [
        "${local.glue_arn_prefix}:catalog",
        "${local.glue_arn_prefix}:database/${var.glue_database}",
        "${local.glue_arn_prefix}:table/${var.glue_database}/${var.glue_table}",
      ]
    }]
  })
}

resource "aws_iam_role_policy" "logs" {
  name = "write-logs"
  role = aws_iam_role.delivery.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:log-stream:${aws_cloudwatch_log_stream.delivery.name}"
    }]
  })
}

################################################################################
# Transform
################################################################################

resource "aws_iam_role_policy" "transform" {
  name = "call-transform"
  role = aws_iam_role.delivery.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "CallTransform"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
      Resource = var.transform_arn
    }]
  })
}

locals {
  # The provider takes a parameter that equals Firehose's default out of its state; writing it would be a difference in
  # every plan. Firehose uses the same value when it is left out.
  transform_parameters = {
    for name, parameter in {
      BufferSizeInMBs         = { value = tostring(var.transform_buffer_size_mib), default = "1" }
      BufferIntervalInSeconds = { value = tostring(var.transform_buffer_interval_seconds), default = "60" }
      NumberOfRetries         = { value = tostring(var.transform_retries), default = "3" }
    } : name => parameter.value if parameter.value != parameter.default
  }
}

################################################################################
# Partitioning
################################################################################

locals {
  # With `query` Firehose takes the key out of the record that the transform returned: the fallback should Firehose not
  # honour metadata.partitionKeys for an MSK source, of which no AWS page shows an example. It costs jq hours on top.
  # JSON spells the field as the schema does, the prefix and the table in lower case.
  extraction_parameters = {
    MetadataExtractionQuery = "{${var.partition_key}:.${coalesce(var.partition_field, var.partition_key)}}"
    JsonParsingEngine       = "JQ-1.6"
  }

  extractions = var.partition_key_source == "query" ? [local.extraction_parameters] : []
}

################################################################################
# Stream
################################################################################

resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = var.name
  destination = "extended_s3"

  msk_source_configuration {
    msk_cluster_arn     = var.cluster_arn
    topic_name          = var.topic_name
    read_from_timestamp = var.read_from

    authentication_configuration {
      connectivity = var.connectivity
      role_arn     = aws_iam_role.source.arn
    }
  }

  extended_s3_configuration {
    bucket_arn          = local.bucket_arn
    role_arn            = aws_iam_role.delivery.arn
    prefix              = local.data_prefix
    error_output_prefix = local.error_prefix
    custom_time_zone    = var.time_zone
    buffering_size      = var.buffer_size_mib
    buffering_interval  = var.buffer_interval_seconds
    kms_key_arn         = var.kms_key_arn

    # Parquet compresses its own pages; Firehose refuses any other value with conversion.
    compression_format = "UNCOMPRESSED"

    dynamic_partitioning_configuration {
      enabled = true
    }

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = var.transform_arn
        }

        dynamic "parameters" {
          for_each = local.transform_parameters

          content {
            parameter_name  = parameters.key
            parameter_value = parameters.value
          }
        }
      }

      # Firehose runs it after the transform, wherever it stands (Firehose developer guide, "Configure destination
      # settings").
      dynamic "processors" {
        for_each = local.extractions

        content {
          type = "MetadataExtraction"

          dynamic "parameters" {
            for_each = processors.value

            content {
              parameter_name  = parameters.key
              parameter_value = parameters.value
            }
          }
        }
      }
    }

    data_format_conversion_configuration {
      enabled = true

      input_format_configuration {
        deserializer {
          open_x_json_ser_de {
            case_insensitive = true
          }
        }
      }

      output_format_configuration {
        serializer {
          # Firehose's own defaults stated are no difference in later plans, unlike those of processors.
          parquet_ser_de {
            compression                   = var.parquet.compression
            block_size_bytes              = var.parquet.block_size_mib * 1048576
            page_size_bytes               = var.parquet.page_size_kib * 1024
            enable_dictionary_compression = var.parquet.dictionary
          }
        }
      }

      schema_configuration {
        database_name = var.glue_database
        table_name    = var.glue_table
        region        = local.region
        role_arn      = aws_iam_role.delivery.arn
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.this.name
      log_stream_name = aws_cloudwatch_log_stream.delivery.name
    }
  }

  # Firehose takes five calls a second of each kind from one account; creation waits for the private connection to MSK,
  # some minutes.
  timeouts {
    create = "45m"
  }

  # Nothing above refers to the policies, yet Firehose tries the roles when the stream is created.
  depends_on = [
    aws_iam_role_policy.source,
    aws_iam_role_policy.bucket,
    aws_iam_role_policy.schema,
    aws_iam_role_policy.transform,
    aws_iam_role_policy.logs,
  ]
}
