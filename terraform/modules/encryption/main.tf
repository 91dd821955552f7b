# The keys (AWS KMS) that everything at rest is encrypted with: one for each purpose, since a key's policy is what tells
# who may read. Whoever reads logs need not be able to read events, and the services that may use the alarms' topic have
# no business with either. A key costs about a dollar a month.
#
# - `data`: objects, query results, brokers' disks, variables of functions. No service principal may use it: MSK, Lambda
#   and S3 use it on behalf of a caller (Firehose's role, a reader), whose own IAM policy must allow it too.
# - `logs`: CloudWatch Logs, for log groups of this stack alone.
# - `alarms`: the alarms' topic, and the secret that their messages are sent with.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

################################################################################
# Policies
################################################################################

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
  region     = data.aws_region.current.name

  # In a key's policy "*" is that key alone (KMS developer guide, "Key policies").
  this_key = "*"

  # The account as principal leaves the decision to its IAM policies; it does not open the key to everyone in it.
  account_principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }

  use_actions = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ]

  # Administration without use: an administrator cannot decrypt.
  administration = {
    Sid       = "AdministerByIam"
    Effect    = "Allow"
    Principal = local.account_principal
    Action = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListKeyRotations",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RevokeGrant",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    Resource = local.this_key
  }

  # Services through which principals of this account may use a key (KMS developer guide, "kms:ViaService"). Athena, Glue
  # and Firehose read and write objects, so to KMS they are S3.
  services = {
    data   = ["s3", "kafka", "lambda"]
    logs   = []
    alarms = ["sns", "sqs", "secretsmanager", "lambda"]
  }

  via_services = { for purpose, names in local.services : purpose => [for name in names : "${name}.${local.region}.${local.dns_suffix}"] }

  use_through_services = {
    for purpose, names in local.via_services : purpose => {
      # Resource "*" as above: this key alone.
      Sid       = "UseThroughServices"
      Effect    = "Allow"
      Principal = local.account_principal
      Action    = local.use_actions
      Resource  = local.this_key
      Condition = { StringEquals = { "kms:ViaService" = names, "kms:CallerAccount" = local.account } }
    } if length(names) > 0
  }

  # MSK and Lambda keep using a key after the call that named it, by a grant: MSK for the brokers' disks, Lambda for the
  # variables of a function (Lambda developer guide, "Securing Lambda environment variables").
  grants = {
    for purpose, names in local.via_services : purpose => {
      Sid       = "GrantToServices"
      Effect    = "Allow"
      Principal = local.account_principal
      Action    = ["kms:CreateGrant"]
      Resource  = local.this_key
      Condition = {
        Bool         = { "kms:GrantIsForAWSResource" = "true" }
        StringEquals = { "kms:ViaService" = names, "kms:CallerAccount" = local.account }
      }
    } if length(names) > 0
  }

  # CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS Key Management Service": the service is a
  # principal, and the encryption context names the log group. The groups of this stack are /aws/<service>/<name>….
  logs_service = {
    Sid       = "EncryptLogGroups"
    Effect    = "Allow"
    Principal = { Service = "logs.${local.region}.${local.dns_suffix}" }
    Action    = local.use_actions
    Resource  = local.this_key
    Condition = {
      ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/*/${var.name}*" }
    }
  }

  # Who publishes to an encrypted topic must be able to use its key (SNS developer guide, "Enable compatibility between
  # event sources from AWS services and encrypted topics").
  publishing_services = {
    Sid       = "PublishAlarms"
    Effect    = "Allow"
    Principal = { Service = ["cloudwatch.amazonaws.com", "scheduler.amazonaws.com"] }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = local.this_key
    Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
  }

  # Without a condition, because EventBridge sends none of the source keys when the topic is encrypted (same page).
  publishing_events = {
    Sid       = "PublishEvents"
    Effect    = "Allow"
    Principal = { Service = "events.amazonaws.com" }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = local.this_key
  }

  # As JSON, because statements have different shapes, and a conditional or a list in HCL wants one.
  statements = {
    data   = jsonencode([local.use_through_services.data, local.grants.data])
    logs   = jsonencode([local.logs_service])
    alarms = jsonencode([local.use_through_services.alarms, local.grants.alarms, local.publishing_services, local.publishing_events])
  }

  purposes = {
    data   = "Events, query results, brokers' disks and functions' variables of ${var.name}"
    logs   = "Log groups of ${var.name}"
    alarms = "The alarms' topic and secret of ${var.name}"
  }
}

################################################################################
# Keys
################################################################################

# What is encrypted with a key is lost with it: destroy only schedules its deletion, and `aws kms cancel-key-deletion`
# brings it back within the window.
resource "aws_kms_key" "this" {
  for_each = { for purpose, description in local.purposes : purpose => description if var.create && var.existing_keys[purpose] == null }

  description             = each.value
  enable_key_rotation     = true
  rotation_period_in_days = var.rotation_days
  deletion_window_in_days = var.deletion_window_days

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.administration], jsondecode(local.statements[each.key]))
  })
}

resource "aws_kms_alias" "this" {
  for_each = aws_kms_key.this

  name          = "alias/${var.name}-${each.key}"
  target_key_id = each.value.key_id
}
