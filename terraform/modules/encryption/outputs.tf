################################################################################
# Policies
################################################################################

output "policy_statements" {
  description = "By purpose, the statements (JSON) that a key of one's own needs in its policy."
  value       = local.statements
}

################################################################################
# Keys
################################################################################

output "key_arns" {
  description = "By purpose (`data`, `logs`, `alarms`), the key's ARN; null where AWS's own key is used."
  value       = { for purpose in keys(local.purposes) : purpose => try(aws_kms_key.this[purpose].arn, var.existing_keys[purpose]) }
}
