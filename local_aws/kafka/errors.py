"""What can go wrong with the brokers of the local target.

CouldNotRun (console)
├── JarsNotPrepared        Java or Maven is missing, or the build failed
├── KafkaDidNotStart       the brokers did not answer as one cluster; the log's end is in the advice
└── KafkaUnavailable       brokers that ran do not answer an administrative request
PipelineError (console)
├── KafkaVersionRefused    a Kafka version that is not run locally
├── BrokerPropertyRefused  a property of the MSK configuration that Kafka does not know, or that MSK owns
├── AuthenticationRefused  a way to authenticate that is not run locally
└── TopicError
    ├── TopicExists
    ├── NoSuchTopic
    └── InvalidTopicConfig name, partitions, replication or configuration are not acceptable to Kafka
"""

from __future__ import annotations

from console import CouldNotRun, PipelineError


class JarsNotPrepared(CouldNotRun):
    """The jars of the brokers could not be made."""


class KafkaDidNotStart(CouldNotRun):
    """The brokers did not come up as one cluster."""


class KafkaUnavailable(CouldNotRun):
    """The brokers run, or are being restarted, and do not answer in time."""


class KafkaVersionRefused(PipelineError):
    """The cluster asks for a Kafka version that the local target does not run."""


class BrokerPropertyRefused(PipelineError):
    """The cluster's configuration has a property that cannot be applied."""


class AuthenticationRefused(PipelineError):
    """The cluster declares no way to authenticate that the local target has."""


class TopicError(PipelineError):
    """A request about a topic was refused."""


class TopicExists(TopicError):
    """There is a topic of this name."""


class NoSuchTopic(TopicError):
    """There is no topic of this name."""


class InvalidTopicConfig(TopicError):
    """Kafka does not accept what was asked of the topic."""
