################################################################################
# Stack
################################################################################

variable "name" {
  description = "What the stack is called, as in the stack's own variable `name`."
  type        = string
  default     = "user-events"
}

variable "environment" {
  description = "Environment whose state and roles are made, e.g. dev, staging or prod."
  type        = string
}

variable "tags" {
  description = "Tags of every resource, next to Application, Environment and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}

################################################################################
# Bootstrap
################################################################################

variable "backend_file" {
  description = "Backend file that names bucket and region; null takes that of the environment."
  type        = string
  default     = null
}

variable "create_kms_key" {
  description = "Whether the state gets a KMS key of its own."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "A KMS key that exists, to encrypt the state with; goes with create_kms_key = false."
  type        = string
  default     = null
}

variable "former_versions" {
  description = "How long former states are kept: `days`, and the `kept` newest ones longer; null keeps all."
  type = object({
    days = optional(number, 90)
    kept = optional(number, 50)
  })
  default = {}
}

variable "force_destroy" {
  description = "Whether destroy removes the bucket with all states in it. Refused for prod."
  type        = bool
  default     = false
}

variable "github" {
  description = "The GitHub repository (`owner/name`) whose workflow plans and applies; null makes no roles. The module says what each field means."
  type = object({
    repository               = string
    identity_provider_arn    = optional(string)
    plan_branches            = optional(list(string), ["main"])
    apply_environments       = optional(list(string), [])
    subject_prefix           = optional(string)
    permissions_boundary_arn = optional(string)
  })
  default = null
}

variable "bucket_names" {
  description = "Buckets of the stack whose names do not begin with its own: the roles must reach them."
  type        = list(string)
  default     = []
  nullable    = false
}
