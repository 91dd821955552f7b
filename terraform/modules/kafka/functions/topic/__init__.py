"""The function that keeps one Kafka topic as Terraform describes it."""
