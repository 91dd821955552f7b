variable "name" {
  description = "What the stack is called, as in the stack's own variable `name`."
  type        = string
  default     = "user-events"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "name is ${var.name}; use 3 to 30 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "environment" {
  description = "Environment whose state and roles these are, as in the stack's own variable `environment`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment is ${var.environment}; use 2 to 12 lower-case letters and digits, beginning with a letter."
  }
}

################################################################################
# Key
################################################################################

variable "create_kms_key" {
  description = "Whether the state gets a KMS key of its own; without one, and without kms_key_arn, S3 encrypts with its own keys."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "A KMS key that exists, to encrypt the state with; goes with create_kms_key = false."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (…:key/<id>), not an alias: policies name keys alone."
  }
}

################################################################################
# State
################################################################################

variable "bucket_name" {
  description = "Name of the state's bucket, unique in all of AWS; the same as in the environment's backend file."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name is ${var.bucket_name}; use 3 to 63 lower-case letters, digits and hyphens (a dot would break TLS to the bucket)."
  }
}

variable "former_versions" {
  description = <<-EOT
    How long former states are kept; null keeps all.
    - `days`: a former version is removed after so many days,
    - `kept`: unless it is among so many newest ones, 1 to 100.
  EOT
  type = object({
    days = optional(number, 90)
    kept = optional(number, 50)
  })
  default = {}

  validation {
    condition     = var.former_versions == null ? true : var.former_versions.days >= 1 && floor(var.former_versions.days) == var.former_versions.days
    error_message = "former_versions.days must be a whole number, 1 or more: it is the time in which a broken state can be taken back."
  }

  validation {
    condition     = var.former_versions == null ? true : var.former_versions.kept >= 1 && var.former_versions.kept <= 100 && floor(var.former_versions.kept) == var.former_versions.kept
    error_message = "former_versions.kept must be a whole number from 1 to 100, as S3 asks."
  }
}

variable "force_destroy" {
  description = "Whether destroy removes the bucket with all states in it."
  type        = bool
  default     = false
}

################################################################################
# Identity provider, plan role, apply role
################################################################################

variable "github" {
  description = <<-EOT
    The GitHub repository whose workflow plans and applies; null makes no roles.
    - `repository`: `owner/name`.
    - `identity_provider_arn`: GitHub's identity provider, where the account has it already; null makes it.
    - `plan_branches`: branches that may plan; pull requests always may.
    - `apply_environments`: GitHub environments that may apply; by default the one called like `environment`.
    - `subject_prefix`: beginning of the token's subject, where the organisation has changed it from `repo:<repository>`.
    - `permissions_boundary_arn`: boundary of both roles, where the account asks for one.
  EOT
  type = object({
    repository               = string
    identity_provider_arn    = optional(string)
    plan_branches            = optional(list(string), ["main"])
    apply_environments       = optional(list(string), [])
    subject_prefix           = optional(string)
    permissions_boundary_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.github == null ? true : can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository))
    error_message = "github.repository must be owner/name, e.g. example/user-events: it is compared with GitHub's token letter by letter."
  }

  validation {
    condition     = var.github == null ? true : alltrue([for word in concat(var.github.plan_branches, var.github.apply_environments, [coalesce(var.github.subject_prefix, "repo")]) : !can(regex("[*?]", word))])
    error_message = "github.plan_branches, apply_environments and subject_prefix take no * or ?: they are compared letter by letter, so that no other branch or repository fits."
  }

  validation {
    condition     = try(var.github.identity_provider_arn, null) == null ? true : can(regex("^arn:[^:]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.github.identity_provider_arn))
    error_message = "github.identity_provider_arn must be the ARN of this account's provider for token.actions.githubusercontent.com; `aws iam list-open-id-connect-providers` shows it."
  }
}

variable "bucket_names" {
  description = "Buckets of the stack whose names do not begin with its own (`bucket_name` in its tfvars): both roles must reach them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.bucket_names : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "bucket_names takes names of buckets, 3 to 63 lower-case letters, digits, dots and hyphens, and no pattern."
  }
}
