bucket       = "user-events-prod-state"
key          = "user-events/prod.tfstate"
region       = "us-east-1"
use_lockfile = true
encrypt      = true
