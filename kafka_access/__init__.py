"""How a Kafka client connects to what a stack's outputs name: brokers, MSK IAM tokens, TLS.

    connection = Connection.of(outputs.kafka_bootstrap_brokers, outputs.kafka_auth, outputs.aws_region)
    check(connection, outputs.kafka_topic)                      # raises, in words, if it cannot be used
    Producer(confluent.client_config(connection) | {...})       # confluent-kafka
    KafkaConsumer(**kafka_python.client_config(connection))     # kafka-python

A `Connection` can be sent to worker processes; the settings are made in the process that uses them.
"""

from kafka_access.connection import Auth, Connection
from kafka_access.errors import (
    AuthenticationRefused,
    CertificateRefused,
    KafkaAccessError,
    NoBrokerAnswered,
    NoCredentials,
    TopicAbsent,
)
from kafka_access.probe import Found, check
from kafka_access.tokens import CredentialSource, environment_credentials, session_credentials

__all__ = [
    "Auth",
    "AuthenticationRefused",
    "CertificateRefused",
    "Connection",
    "CredentialSource",
    "Found",
    "KafkaAccessError",
    "NoBrokerAnswered",
    "NoCredentials",
    "TopicAbsent",
    "check",
    "environment_credentials",
    "session_credentials",
]
