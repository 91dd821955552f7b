bucket       = "user-events-staging-state"
key          = "user-events/staging.tfstate"
region       = "us-east-1"
use_lockfile = true
encrypt      = true
