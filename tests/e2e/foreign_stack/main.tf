# Somebody else's stack: other columns, another partition key, a pass-through function. It shares nothing with ours but
# the cluster, and shows that the laptop target learns all it needs from the AWS API.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6"
    }
  }
}

variable "cluster_arn" {
  description = "ARN of an MSK cluster with IAM and multi-VPC private connectivity."
  type        = string
}

variable "topic" {
  description = "A topic of the cluster that exists."
  type        = string
}

variable "function_zip" {
  description = "Path of the function's zip."
  type        = string
}

variable "function_runtime" {
  description = "Lambda runtime identifier."
  type        = string
}

variable "function_architecture" {
  description = "x86_64 or arm64."
  type        = string
}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["firehose", "lambda"])

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = data.aws_iam_policy_document.trust

  name               = "orders-${each.key}"
  assume_role_policy = each.value.json
}

data "aws_iam_policy_document" "firehose" {
  statement {
    actions = [
      "kafka:GetBootstrapBrokers", "kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka-cluster:Connect",
      "kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration", "kafka-cluster:ReadData", "kafka-cluster:DescribeGroup",
    ]
    resources = [
      var.cluster_arn,
      "${replace(var.cluster_arn, ":cluster/", ":topic/")}/${var.topic}",
      "${replace(var.cluster_arn, ":cluster/", ":group/")}/*",
    ]
  }
  statement {
    actions = [
      "s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject",
    ]
    resources = [aws_s3_bucket.orders.arn, "${aws_s3_bucket.orders.arn}/*"]
  }
  statement {
    actions   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
    resources = ["${aws_lambda_function.pass_through.arn}:*"]
  }
  statement {
    actions   = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "firehose" {
  name   = "deliver"
  role   = aws_iam_role.this["firehose"].id
  policy = data.aws_iam_policy_document.firehose.json
}

resource "aws_s3_bucket" "orders" {
  bucket_prefix = "orders-"
  force_destroy = true
}

resource "aws_glue_catalog_database" "shop" {
  name = "shop"
}

resource "aws_glue_catalog_table" "orders" {
  name          = "orders"
  database_name = aws_glue_catalog_database.shop.name

  partition_keys {
    name = "region"
    type = "string"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.orders.id}/orders/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }
    columns {
      name = "order_id"
      type = "bigint"
    }
    columns {
      name = "amount"
      type = "double"
    }
    columns {
      name = "tags"
      type = "array<string>"
    }
    columns {
      name = "placed"
      type = "timestamp"
    }
  }
}

resource "aws_lambda_function" "pass_through" {
  function_name    = "orders-pass-through"
  role             = aws_iam_role.this["lambda"].arn
  filename         = var.function_zip
  source_code_hash = filebase64sha256(var.function_zip)
  handler          = "pass_through.handler"
  runtime          = var.function_runtime
  architectures    = [var.function_architecture]
  timeout          = 60
}

resource "aws_kinesis_firehose_delivery_stream" "orders" {
  name        = "orders"
  destination = "extended_s3"

  msk_source_configuration {
    msk_cluster_arn     = var.cluster_arn
    topic_name          = var.topic
    read_from_timestamp = "1970-01-01T00:00:00Z"

    authentication_configuration {
      connectivity = "PRIVATE"
      role_arn     = aws_iam_role.this["firehose"].arn
    }
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.this["firehose"].arn
    bucket_arn          = aws_s3_bucket.orders.arn
    prefix              = "orders/region=!{partitionKeyFromLambda:region}/"
    error_output_prefix = "failed/!{firehose:error-output-type}/"
    buffering_size      = 64
    buffering_interval  = 60

    dynamic_partitioning_configuration {
      enabled = true
    }

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"
        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = "${aws_lambda_function.pass_through.arn}:$LATEST"
        }
        parameters {
          parameter_name  = "BufferSizeInMBs"
          parameter_value = "2"
        }
        parameters {
          parameter_name  = "BufferIntervalInSeconds"
          parameter_value = "30"
        }
      }
    }

    data_format_conversion_configuration {
      input_format_configuration {
        deserializer {
          open_x_json_ser_de {}
        }
      }
      output_format_configuration {
        serializer {
          parquet_ser_de {}
        }
      }
      schema_configuration {
        database_name = aws_glue_catalog_database.shop.name
        table_name    = aws_glue_catalog_table.orders.name
        role_arn      = aws_iam_role.this["firehose"].arn
      }
    }
  }

  depends_on = [aws_iam_role_policy.firehose]
}

output "bucket" {
  value = aws_s3_bucket.orders.id
}
