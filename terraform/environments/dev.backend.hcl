bucket       = "user-events-dev-state"
key          = "user-events/dev.tfstate"
region       = "us-east-1"
use_lockfile = true
encrypt      = true
