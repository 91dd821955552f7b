variable "name" {
  description = "What the stack is called: aliases are alias/<name>-<purpose>, and the key for logs is for log groups /aws/<service>/<name>…."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9/_-]{1,240}$", var.name)) && !startswith(var.name, "aws/")
    error_message = "name is ${var.name}; an alias takes letters, digits, slashes, hyphens and underscores, and may not begin with aws/."
  }
}

################################################################################
# Keys
################################################################################

variable "create" {
  description = "Whether a key is made for each purpose that existing_keys names none for; if not, AWS's own keys encrypt."
  type        = bool
  default     = true
  nullable    = false
}

variable "existing_keys" {
  description = <<-EOT
    ARNs of keys to use instead of new ones, known when planning. Each key's policy needs the statements that the output
    `policy_statements` has for its purpose.
    - `data`: objects, query results, brokers' disks, variables of functions.
    - `logs`: log groups.
    - `alarms`: the alarms' topic and secret.
  EOT
  type = object({
    data   = optional(string)
    logs   = optional(string)
    alarms = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in values(var.existing_keys) : arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", arn))])
    error_message = "existing_keys must be ARNs of keys (…:key/<id>), not of aliases: Firehose and Lambda take keys only."
  }
}

variable "rotation_days" {
  description = "Days after which KMS makes new key material; the old material still decrypts. Null is KMS's own default, 365."
  type        = number
  default     = null

  validation {
    condition     = var.rotation_days == null ? true : var.rotation_days >= 90 && var.rotation_days <= 2560 && floor(var.rotation_days) == var.rotation_days
    error_message = "rotation_days is ${coalesce(var.rotation_days, 0)}; KMS takes 90 to 2560."
  }
}

variable "deletion_window_days" {
  description = "Days between destroy and the end of a key, in which its deletion can be cancelled."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30 && floor(var.deletion_window_days) == var.deletion_window_days
    error_message = "deletion_window_days is ${var.deletion_window_days}; KMS takes 7 to 30."
  }
}
