"""Real Kafka brokers that stand in for MSK clusters.

`cluster` is the door; it puts together what the others do: `jars` and `class_archive` (what brokers run from),
`server_properties`, `versions`, `ports`, `certificates`, `storage` (what a broker is told), `brokers` (their processes),
`topics` and `propagation` (administration). `java/` holds the brokers' check of MSK IAM tokens.
"""
