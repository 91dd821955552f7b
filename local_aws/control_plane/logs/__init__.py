"""Amazon CloudWatch Logs: moto's, which keeps every event for ever; here each log stream keeps its newest."""
