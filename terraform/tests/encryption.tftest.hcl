# The encryption module: which keys there are, who may use them, and each of its rules. No network, no account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name = "user-events-test"
}

run "makes_a_rotating_key_for_each_purpose" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  assert {
    condition     = keys(aws_kms_key.this) == ["alarms", "data", "logs"] && alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "There is not a key for each purpose, or one does not rotate."
  }

  assert {
    condition     = [for alias in aws_kms_alias.this : alias.name] == ["alias/user-events-test-alarms", "alias/user-events-test-data", "alias/user-events-test-logs"]
    error_message = "Keys cannot be told apart by their aliases."
  }
}

run "lets_nobody_use_a_key_without_a_service_and_a_condition" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  assert {
    condition = alltrue(flatten([for key in aws_kms_key.this : [
      for statement in jsondecode(key.policy).Statement : !contains(keys(statement.Principal), "*") && alltrue([for action in statement.Action : !strcontains(action, "*")])
    ]]))
    error_message = "A key's policy names a wildcard principal or action."
  }

  assert {
    condition = alltrue(flatten([for key in aws_kms_key.this : [
      for statement in jsondecode(key.policy).Statement :
      statement.Sid == "AdministerByIam" ? length(setintersection(statement.Action, ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"])) == 0 : (statement.Sid == "PublishEvents" || can(statement.Condition))
    ]]))
    error_message = "An administrator may decrypt, or a statement has no condition."
  }
}

run "lets_s3_msk_and_lambda_use_the_data_key_for_a_caller" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["data"].policy).Statement[1].Condition.StringEquals["kms:ViaService"] == ["s3.us-east-1.amazonaws.com", "kafka.us-east-1.amazonaws.com", "lambda.us-east-1.amazonaws.com"]
    error_message = "The data key cannot be used through S3, MSK and Lambda, or through more."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["data"].policy).Statement[2].Action == ["kms:CreateGrant"] && jsondecode(aws_kms_key.this["data"].policy).Statement[2].Condition.Bool["kms:GrantIsForAWSResource"] == "true"
    error_message = "MSK and Lambda cannot go on using the key after the call that named it, or anyone may grant its use."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["data"].policy).Statement[1].Principal.AWS == "arn:aws:iam::123456789012:root"
    error_message = "Another account may use the data key."
  }
}

run "lets_cloudwatch_logs_encrypt_log_groups_of_this_stack" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["logs"].policy).Statement[1].Principal.Service == "logs.us-east-1.amazonaws.com"
    error_message = "CloudWatch Logs of this region cannot use the key."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["logs"].policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/*/user-events-test*"
    error_message = "The key encrypts log groups of others, or not this stack's."
  }
}

run "lets_cloudwatch_and_events_publish_to_the_alarms_topic" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  assert {
    condition     = flatten([for statement in jsondecode(aws_kms_key.this["alarms"].policy).Statement : try(statement.Principal.Service, [])]) == ["cloudwatch.amazonaws.com", "scheduler.amazonaws.com", "events.amazonaws.com"]
    error_message = "Alarms would be raised and reach nobody, for their service may not use the topic's key."
  }
}

run "uses_keys_that_exist_and_makes_the_others" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  variables {
    existing_keys = { data = "arn:aws:kms:us-east-1:210987654321:key/11111111-2222-3333-4444-555555555555" }
  }

  assert {
    condition     = keys(aws_kms_key.this) == ["alarms", "logs"] && output.key_arns.data == "arn:aws:kms:us-east-1:210987654321:key/11111111-2222-3333-4444-555555555555"
    error_message = "The key that exists is not used, or one is made beside it."
  }

  assert {
    condition     = jsondecode(output.policy_statements.data)[0].Sid == "UseThroughServices"
    error_message = "Nobody is told what the existing key's policy needs."
  }
}

run "leaves_encryption_to_aws_where_asked_to" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  variables {
    create = false
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && jsonencode(output.key_arns) == jsonencode({ alarms = null, data = null, logs = null })
    error_message = "A key is made although none is wanted."
  }
}

run "rejects_a_key_of_another_region" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  variables {
    existing_keys = { logs = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  expect_failures = [terraform_data.rules]
}

run "rejects_an_alias_for_a_key" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  variables {
    existing_keys = { data = "arn:aws:kms:us-east-1:123456789012:alias/data" }
  }

  expect_failures = [var.existing_keys]
}

run "rejects_what_kms_would_refuse" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  variables {
    name                 = "aws/user-events"
    rotation_days        = 89
    deletion_window_days = 6
  }

  expect_failures = [var.name, var.rotation_days, var.deletion_window_days]
}
