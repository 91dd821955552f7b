"""Amazon MSK: moto's `kafka` with what it lacks, over real brokers.

cluster           one cluster: its description, its state, and the brokers behind it
rules             what CreateCluster and UpdateConnectivity refuse, as AWS does or by name
configurations    MSK configurations and their revisions
topics            the topic operations, against the brokers
models            the backend: moto's KafkaBackend with the parts above
responses, urls   the REST API, parsed and answered after botocore's model
"""
