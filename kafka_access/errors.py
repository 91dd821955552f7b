"""Why a Kafka client could not work, told apart by type.

CouldNotRun (console)
└── KafkaAccessError
    ├── NoBrokerAnswered       nothing listens there, or it does not answer in time; may pass
    ├── AuthenticationRefused  a broker answered and refused the IAM token
    ├── CertificateRefused     the brokers' certificate is not trusted here
    ├── NoCredentials          there are no AWS credentials to sign a token with
    └── TopicAbsent            the brokers answered, and have no such topic
"""

from __future__ import annotations

from console import CouldNotRun


class KafkaAccessError(CouldNotRun):
    """A Kafka cluster cannot be used as it was asked for."""


class NoBrokerAnswered(KafkaAccessError):
    """No broker answered in time."""


class AuthenticationRefused(KafkaAccessError):
    """The brokers refused the IAM token."""


class CertificateRefused(KafkaAccessError):
    """The brokers' TLS certificate is not signed by an authority that is trusted here."""


class NoCredentials(KafkaAccessError):
    """There are no AWS credentials to sign a token with."""


class TopicAbsent(KafkaAccessError):
    """The cluster has no topic of this name."""
