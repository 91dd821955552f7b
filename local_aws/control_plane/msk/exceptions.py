"""Errors of the MSK API, with the codes and HTTP statuses of its service model."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class BadRequestException(ServiceException):
    """HTTP 400: the request cannot be done as it is."""

    code = "BadRequestException"


class NotFoundException(ServiceException):
    """HTTP 404: no such cluster, topic, operation or policy."""

    code = "NotFoundException"


class ConflictException(ServiceException):
    """HTTP 409: the name is taken."""

    code = "ConflictException"


class TopicExistsException(ServiceException):
    """HTTP 409: the topic is there already."""

    code = "TopicExistsException"


class UnknownTopicOrPartitionException(ServiceException):
    """HTTP 404: no such topic on the cluster."""

    code = "UnknownTopicOrPartitionException"


class KafkaTimeoutException(ServiceException):
    """HTTP 409: the brokers did not answer in time."""

    code = "KafkaTimeoutException"


def refused(what: str, why: str) -> BadRequestException:
    """A request that AWS may take and this target does not: it says so by name."""
    return BadRequestException(f"The local target does not implement {what}: {why}")
