bucket       = "user-events-local-state"
key          = "user-events/local.tfstate"
region       = "us-east-1"
use_lockfile = true
encrypt      = true
