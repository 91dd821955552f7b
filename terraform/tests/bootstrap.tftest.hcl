# The bootstrap module: the state's bucket, who may plan and who may apply, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::user-events-test-state" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
}

variables {
  environment = "test"
  bucket_name = "user-events-test-state"
}

run "keeps_the_state_encrypted_versioned_and_closed_and_makes_no_roles_unasked" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled" && !aws_s3_bucket.state.force_destroy
    error_message = "A former state could not be taken back."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms" && aws_kms_key.state[0].enable_key_rotation
    error_message = "The state is not encrypted with a key of its own, or the key is never rotated."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.state.block_public_acls,
      aws_s3_bucket_public_access_block.state.block_public_policy,
      aws_s3_bucket_public_access_block.state.ignore_public_acls,
      aws_s3_bucket_public_access_block.state.restrict_public_buckets,
    ])
    error_message = "The bucket is not closed to the public."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.state[0].rule[0].noncurrent_version_expiration).noncurrent_days == 90
    error_message = "Former states do not expire after 90 days."
  }

  assert {
    condition     = length(aws_iam_role.plan) + length(aws_iam_role.apply) + length(aws_iam_openid_connect_provider.github) == 0
    error_message = "Roles or an identity provider are made although no repository is named."
  }
}

run "lets_pull_requests_plan_and_approved_environments_apply" {
  command = apply

  module {
    source = "./modules/bootstrap"
  }

  variables {
    github = { repository = "example/user-events" }
  }

  assert {
    condition     = jsondecode(aws_iam_role.plan[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:example/user-events:pull_request", "repo:example/user-events:ref:refs/heads/main"]
    error_message = "The plan role is not for pull requests and the main branch of the repository."
  }

  assert {
    condition     = jsondecode(aws_iam_role.apply[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:example/user-events:environment:test"]
    error_message = "The apply role is not for the approved environment alone."
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.plan[0], aws_iam_role.apply[0]] : jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"])
    error_message = "A token that was made for someone else would be taken."
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.plan[0], aws_iam_role.apply[0]] : !startswith(role.name, "user-events-test")])
    error_message = "The apply role may change roles named after the stack, so no CI role may be called so."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.plan[0].policy).Statement : alltrue([
      for action in statement.Action : can(regex(":(Get|List|Describe|Decrypt$)", action))
    ])])
    error_message = "The plan role may change something."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.plan[0].policy).Statement : statement.Resource != "*" || length(setintersection(statement.Action, [
      "s3:GetObject", "s3:ListBucket", "secretsmanager:GetSecretValue", "logs:GetLogEvents", "athena:GetQueryResults", "kms:Decrypt",
    ])) == 0])
    error_message = "The plan role may read data, not only settings."
  }

  assert {
    condition     = alltrue([for policy in concat([aws_iam_role_policy.plan[0]], values(aws_iam_role_policy.apply)) : length(policy.policy) < 6144]) && sum([for policy in aws_iam_role_policy.apply : length(policy.policy)]) <= 10240
    error_message = "The policies exceed what IAM takes in one role: 10,240 characters."
  }

  assert {
    condition     = aws_iam_role.apply[0].max_session_duration >= 7200
    error_message = "Credentials would expire while MSK makes the cluster."
  }
}

run "takes_an_identity_provider_and_a_key_that_exist" {
  command = apply

  module {
    source = "./modules/bootstrap"
  }

  variables {
    create_kms_key  = false
    kms_key_arn     = "arn:aws:kms:us-east-1:123456789012:key/22222222-2222-3333-4444-555555555555"
    former_versions = null
    bucket_names    = ["events-of-example"]

    github = {
      repository            = "example/user-events"
      identity_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
      plan_branches         = []
      apply_environments    = ["production"]
      subject_prefix        = "repository_id:1234"
    }
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) + length(aws_kms_key.state) + length(aws_s3_bucket_lifecycle_configuration.state) == 0
    error_message = "What exists is made a second time."
  }

  assert {
    condition     = jsondecode(aws_iam_role.apply[0].assume_role_policy).Statement[0].Principal.Federated == var.github.identity_provider_arn
    error_message = "The provider that was named is not the one that is trusted."
  }

  assert {
    condition     = jsondecode(aws_iam_role.apply[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repository_id:1234:environment:production"]
    error_message = "The organisation's form of the subject is not used."
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.plan[0].policy, "arn:aws:s3:::events-of-example")
    error_message = "A bucket with a name of its own is out of the plan role's reach."
  }
}

run "lets_s3_encrypt_where_no_key_is_wanted" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  variables {
    create_kms_key = false
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256" && output.kms_key_arn == null
    error_message = "Without a key the state is not encrypted by S3's own."
  }
}

run "warns_of_former_states_that_go_within_a_week" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  variables {
    former_versions = { days = 6 }
  }

  expect_failures = [check.former_states_are_kept_for_a_week]
}

run "rejects_two_keys" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/22222222-2222-3333-4444-555555555555"
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_a_prod_whose_state_destroy_would_remove" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  variables {
    environment   = "prod"
    force_destroy = true
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_branches_that_others_could_fit" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  variables {
    github = { repository = "example/user-events", plan_branches = ["release/*"] }
  }

  expect_failures = [var.github]
}

run "rejects_an_identity_provider_of_another_host" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  variables {
    github = { repository = "example/user-events", identity_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.com" }
  }

  expect_failures = [var.github]
}

run "rejects_former_versions_that_s3_does_not_count" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  variables {
    former_versions = { kept = 101 }
  }

  expect_failures = [var.former_versions]
}

run "rejects_what_aws_or_github_would_refuse" {
  command = plan

  module {
    source = "./modules/bootstrap"
  }

  variables {
    name            = "UserEvents"
    environment     = "pre-prod"
    bucket_name     = "user.events"
    kms_key_arn     = "alias/state"
    former_versions = { days = 0 }
    bucket_names    = ["events-*"]
    github          = { repository = "user-events" }
  }

  expect_failures = [
    var.name,
    var.environment,
    var.bucket_name,
    var.kms_key_arn,
    var.former_versions,
    var.bucket_names,
    var.github,
  ]
}
