# What must exist before the stack can be applied by anyone but its first owner: the bucket of Terraform's state, and the
# two roles with which a GitHub repository plans and applies without a key that could leak.
#
# The roles' names begin with `ci-`, not with the stack's name: the apply role may change every role that is named after
# the stack, and must not be able to change itself.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
  stack      = "${var.name}-${var.environment}"
  in_account = "${local.region}:${local.account}"
}

################################################################################
# Key
################################################################################

# Its policy gives the account the key and nothing more, so that IAM policies decide, those below among them.
resource "aws_kms_key" "state" {
  count = var.create_kms_key ? 1 : 0

  description             = "Terraform state of ${local.stack}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecides"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
      # All actions on all that the policy is attached to, which is this key: a key whose policy gives the account less
      # can become one that nobody may administer (KMS developer guide, "Default key policy").
      Action   = "kms:*"
      Resource = "*"
    }]
  })
}

resource "aws_kms_alias" "state" {
  count = var.create_kms_key ? 1 : 0

  name          = "alias/${local.stack}-state"
  target_key_id = aws_kms_key.state[0].key_id
}

locals {
  key_arn = var.create_kms_key ? aws_kms_key.state[0].arn : var.kms_key_arn

  # Known at plan, other than the key's ARN.
  with_key = var.create_kms_key || var.kms_key_arn != null
}

################################################################################
# State
################################################################################

resource "aws_s3_bucket" "state" {
  bucket        = var.bucket_name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket = aws_s3_bucket.state.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    bucket_key_enabled = local.with_key

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.with_key ? "aws:kms" : "AES256"
      kms_master_key_id = local.key_arn
    }
  }
}

# A state that was overwritten or deleted by mistake is the former version of its object.
resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      # A denial must reach every action, by whomever, to be one.
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.state]
}

# Every lock and unlock leaves a former version too, so their number is limited as well as their age.
resource "aws_s3_bucket_lifecycle_configuration" "state" {
  count = var.former_versions == null ? 0 : 1

  bucket = aws_s3_bucket.state.id

  rule {
    id     = "expire-former-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days           = var.former_versions.days
      newer_noncurrent_versions = var.former_versions.kept
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.state]
}

################################################################################
# Identity provider
################################################################################

locals {
  github_host   = "token.actions.githubusercontent.com"
  with_github   = var.github != null
  make_provider = local.with_github && try(var.github.identity_provider_arn, null) == null

  provider_arn = local.make_provider ? one(aws_iam_openid_connect_provider.github[*].arn) : try(var.github.identity_provider_arn, null)
}

# An account can have one provider for a host: the second environment in an account takes the first one's. No thumbprint:
# AWS trusts GitHub's certificate by its authority (IAM user guide, "Obtain the thumbprint for an OpenID Connect identity
# provider").
resource "aws_iam_openid_connect_provider" "github" {
  count = local.make_provider ? 1 : 0

  url            = "https://${local.github_host}"
  client_id_list = ["sts.amazonaws.com"]
}

################################################################################
# Plan role
################################################################################

locals {
  # A job that names an environment has `environment:` in its subject, and neither branch nor pull request (GitHub
  # documentation, "OpenID Connect reference", example subject claims).
  plan_subjects  = local.with_github ? concat(["${local.subject_prefix}:pull_request"], [for branch in var.github.plan_branches : "${local.subject_prefix}:ref:refs/heads/${branch}"]) : []
  apply_subjects = local.with_github ? [for environment in coalescelist(var.github.apply_environments, [var.environment]) : "${local.subject_prefix}:environment:${environment}"] : []
  subject_prefix = local.with_github ? coalesce(var.github.subject_prefix, "repo:${var.github.repository}") : null

  trust = { for role, subjects in { plan = local.plan_subjects, apply = local.apply_subjects } : role => {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      # Equal, not like: a pattern in the subject is how strangers' repositories get in.
      Condition = { StringEquals = {
        "${local.github_host}:aud" = "sts.amazonaws.com"
        "${local.github_host}:sub" = subjects
      } }
    }]
  } }

  read_state = concat([
    {
      Sid      = "FindState"
      Effect   = "Allow"
      Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
      Resource = aws_s3_bucket.state.arn
    },
    {
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = "${aws_s3_bucket.state.arn}/*"
    },
    ], local.with_key ? [{
      Sid      = "DecryptState"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = local.key_arn
  }] : [])

  # What a refresh asks. It shows how things are set up, never what they hold: no object of the lake, no record, no log
  # event, no query result, no secret.
  read_stack = [
    {
      Sid    = "ReadSettings"
      Effect = "Allow"
      # Families of reading actions, as the provider reads other fields of a resource with each version. They name
      # whole services because most lists and descriptions cannot be granted on less (Service Authorization Reference).
      Action = [
        "application-autoscaling:Describe*",
        "application-autoscaling:ListTagsForResource",
        "athena:GetDataCatalog",
        "athena:GetNamedQuery",
        "athena:GetWorkGroup",
        "athena:ListTagsForResource",
        "cloudwatch:Describe*",
        "cloudwatch:GetDashboard",
        "cloudwatch:ListTagsForResource",
        "ec2:Describe*",
        "events:Describe*",
        "events:List*",
        "firehose:Describe*",
        "firehose:List*",
        "glue:GetDatabase*",
        "glue:GetPartitionIndexes",
        "glue:GetTable*",
        "glue:GetTags",
        "iam:GetOpenIDConnectProvider",
        "iam:GetPolicy*",
        "iam:GetRole*",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListPolicyVersions",
        "iam:ListRole*",
        "kafka:Describe*",
        "kafka:Get*",
        "kafka:List*",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListAliases",
        "kms:ListResourceTags",
        "lambda:Get*",
        "lambda:List*",
        "logs:Describe*",
        "logs:List*",
        "s3:GetAccelerateConfiguration",
        "s3:GetBucket*",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "scheduler:Get*",
        "scheduler:List*",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
        "sns:Get*",
        "sns:List*",
        "sqs:GetQueue*",
        "sqs:ListQueueTags",
      ]
      Resource = "*"
    },
    {
      Sid      = "FindBuckets"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = local.bucket_arns
    },
  ]

  bucket_arns = [for name in concat(["${local.stack}-*"], var.bucket_names) : "arn:${local.partition}:s3:::${name}"]
}

resource "aws_iam_role" "plan" {
  count = local.with_github ? 1 : 0

  name                 = "ci-${local.stack}-plan"
  description          = "Plans ${local.stack} from ${var.github.repository}; changes nothing"
  permissions_boundary = var.github.permissions_boundary_arn
  assume_role_policy   = jsonencode(local.trust.plan)
}

resource "aws_iam_role_policy" "plan" {
  count = local.with_github ? 1 : 0

  name   = "read"
  role   = aws_iam_role.plan[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.read_state, local.read_stack) })
}

################################################################################
# Apply role
################################################################################

locals {
  # As Glue spells it.
  database = replace(local.stack, "-", "_")

  change_stack = [
    {
      Sid    = "ChangeWhatIsNamedAfterTheStack"
      Effect = "Allow"
      # All actions, since the provider's versions add to them; the names keep them to one stack.
      Action = [
        "athena:*",
        "cloudwatch:*",
        "events:*",
        "firehose:*",
        "glue:*",
        "kafka:*",
        "lambda:*",
        "logs:*",
        "scheduler:*",
        "sns:*",
        "sqs:*",
      ]
      Resource = [
        "arn:${local.partition}:athena:${local.in_account}:workgroup/${local.stack}*",
        "arn:${local.partition}:cloudwatch:${local.in_account}:alarm:${local.stack}*",
        "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${local.stack}*",
        "arn:${local.partition}:events:${local.in_account}:rule/${local.stack}*",
        "arn:${local.partition}:firehose:${local.in_account}:deliverystream/${local.stack}*",
        "arn:${local.partition}:glue:${local.in_account}:catalog",
        "arn:${local.partition}:glue:${local.in_account}:database/${local.database}*",
        "arn:${local.partition}:glue:${local.in_account}:table/${local.database}*",
        "arn:${local.partition}:glue:${local.in_account}:userDefinedFunction/${local.database}*",
        "arn:${local.partition}:kafka:${local.in_account}:cluster/${local.stack}*",
        "arn:${local.partition}:kafka:${local.in_account}:configuration/${local.stack}*",
        "arn:${local.partition}:kafka:${local.in_account}:topic/${local.stack}*",
        "arn:${local.partition}:lambda:${local.in_account}:function:${local.stack}*",
        "arn:${local.partition}:logs:${local.in_account}:log-group:/aws/*/${local.stack}*",
        "arn:${local.partition}:scheduler:${local.in_account}:schedule-group/${local.stack}*",
        "arn:${local.partition}:scheduler:${local.in_account}:schedule/*/${local.stack}*",
        "arn:${local.partition}:sns:${local.in_account}:${local.stack}*",
        "arn:${local.partition}:sqs:${local.in_account}:${local.stack}*",
      ]
    },
    {
      Sid      = "ChangeBuckets"
      Effect   = "Allow"
      Action   = ["s3:*"] # settings, and the objects where a destroy may take them along
      Resource = concat(local.bucket_arns, [for arn in local.bucket_arns : "${arn}/*"])
    },
    {
      Sid    = "ChangeSecretsWithoutReadingThem"
      Effect = "Allow"
      Action = [
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteResourcePolicy",
        "secretsmanager:DeleteSecret",
        "secretsmanager:PutResourcePolicy",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecret",
      ]
      Resource = "arn:${local.partition}:secretsmanager:${local.in_account}:secret:${local.stack}*"
    },
    {
      Sid    = "ChangeRoles"
      Effect = "Allow"
      Action = [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ]
      Resource = "arn:${local.partition}:iam::${local.account}:role/${local.stack}*"
    },
    {
      Sid      = "PassRoles"
      Effect   = "Allow"
      Action   = ["iam:PassRole"]
      Resource = "arn:${local.partition}:iam::${local.account}:role/${local.stack}*"
      Condition = { StringEquals = { "iam:PassedToService" = [
        "events.amazonaws.com",
        "firehose.amazonaws.com",
        "lambda.amazonaws.com",
        "scheduler.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
      ] } }
    },
    {
      Sid       = "MakeServiceLinkedRoles"
      Effect    = "Allow"
      Action    = ["iam:CreateServiceLinkedRole"]
      Resource  = "arn:${local.partition}:iam::${local.account}:role/aws-service-role/*"
      Condition = { StringEquals = { "iam:AWSServiceName" = ["kafka.amazonaws.com", "kafka.application-autoscaling.amazonaws.com"] } }
    },
    {
      Sid    = "ChangeWhatHasNoNameToGrantBy"
      Effect = "Allow"
      Action = [
        # Brokers' logs go through log delivery (MSK developer guide, "Amazon MSK logging").
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DeleteResourcePolicy",
        "logs:GetLogDelivery",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        # The storage of brokers grows by itself.
        "application-autoscaling:DeleteScalingPolicy",
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:TagResource",
        # Made without a name that a policy could check.
        "cloudwatch:DeleteAnomalyDetector",
        "cloudwatch:PutAnomalyDetector",
        "kafka:CreateCluster",
        "kafka:CreateClusterV2",
        "kafka:CreateConfiguration",
        # Parts of a network have ids, not names.
        "ec2:AssociateRouteTable",
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateFlowLogs",
        "ec2:CreateRouteTable",
        "ec2:CreateSecurityGroup",
        "ec2:CreateSubnet",
        "ec2:CreateTags",
        "ec2:CreateVpc",
        "ec2:CreateVpcEndpoint",
        "ec2:DeleteFlowLogs",
        "ec2:DeleteRouteTable",
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteSubnet",
        "ec2:DeleteTags",
        "ec2:DeleteVpc",
        "ec2:DeleteVpcEndpoints",
        "ec2:DisassociateRouteTable",
        "ec2:ModifySecurityGroupRules",
        "ec2:ModifySubnetAttribute",
        "ec2:ModifyVpcAttribute",
        "ec2:ModifyVpcEndpoint",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
      ]
      # Any resource, for the reason that the statement's name gives; one region alone.
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
    },
    {
      Sid       = "MakeKeysOfTheStack"
      Effect    = "Allow"
      Action    = ["kms:CreateKey", "kms:TagResource"]
      Resource  = "*" # a key has no name, so its tag must tell
      Condition = { StringEquals = { "aws:RequestTag/Application" = var.name, "aws:RequestTag/Environment" = var.environment } }
    },
    {
      Sid    = "ChangeKeysOfTheStack"
      Effect = "Allow"
      Action = [
        "kms:CancelKeyDeletion",
        "kms:CreateAlias",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DeleteAlias",
        "kms:DisableKey",
        "kms:DisableKeyRotation",
        "kms:EnableKey",
        "kms:EnableKeyRotation",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:UntagResource",
        "kms:UpdateAlias",
        "kms:UpdateKeyDescription",
      ]
      Resource  = "arn:${local.partition}:kms:${local.in_account}:key/*"
      Condition = { StringEquals = { "aws:ResourceTag/Application" = var.name, "aws:ResourceTag/Environment" = var.environment } }
    },
    {
      Sid      = "NameKeysOfTheStack"
      Effect   = "Allow"
      Action   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
      Resource = "arn:${local.partition}:kms:${local.in_account}:alias/${local.stack}*"
    },
  ]

  write_state = concat([
    {
      Sid      = "WriteStateAndLock"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = "${aws_s3_bucket.state.arn}/*"
    },
    {
      Sid      = "Unlock"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = "${aws_s3_bucket.state.arn}/*.tflock"
    },
    # The state's bucket may be named like the stack's own, to which this role may do anything.
    {
      Sid    = "KeepStateAsItIs"
      Effect = "Deny"
      # Whatever would change the bucket, or what it remembers.
      Action = [
        "s3:DeleteBucket*",
        "s3:DeleteObjectVersion*",
        "s3:PutBucket*",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
      ]
      Resource = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]
    },
    ], local.with_key ? [{
      Sid      = "EncryptState"
      Effect   = "Allow"
      Action   = ["kms:GenerateDataKey"]
      Resource = local.key_arn
  }] : [])
}

# Two hours: the first apply waits most of an hour for MSK, and credentials that expire meanwhile leave it half done.
resource "aws_iam_role" "apply" {
  count = local.with_github ? 1 : 0

  name                 = "ci-${local.stack}-apply"
  description          = "Applies ${local.stack} from ${var.github.repository}, once its environment approves"
  max_session_duration = 7200
  permissions_boundary = var.github.permissions_boundary_arn
  assume_role_policy   = jsonencode(local.trust.apply)
}

resource "aws_iam_role_policy" "apply" {
  for_each = { for name, statements in {
    read  = concat(local.read_state, local.read_stack)
    state = local.write_state
    stack = local.change_stack
  } : name => jsonencode({ Version = "2012-10-17", Statement = statements }) if local.with_github }

  name   = each.key
  role   = aws_iam_role.apply[0].id
  policy = each.value
}
