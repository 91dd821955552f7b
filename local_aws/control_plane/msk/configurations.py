"""MSK configurations: named server.properties with revisions, as `aws_msk_configuration` manages them."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from console import PipelineError
from local_aws.control_plane.msk.exceptions import BadRequestException, ConflictException
from local_aws.control_plane.services import Services


@dataclass(frozen=True)
class Revision:
    """One revision of a configuration."""

    number: int
    server_properties: bytes
    description: str
    created: datetime

    def summary(self) -> dict[str, Any]:
        return {"Revision": self.number, "Description": self.description, "CreationTime": self.created}


@dataclass
class Configuration:
    """A named configuration and all its revisions, oldest first."""

    arn: str
    name: str
    description: str
    kafka_versions: list[str]
    created: datetime
    revisions: list[Revision] = field(default_factory=list)

    def add_revision(self, server_properties: bytes, description: str) -> Revision:
        revision = Revision(len(self.revisions) + 1, server_properties, description, datetime.now(UTC))
        self.revisions.append(revision)
        return revision

    def describe(self) -> dict[str, Any]:
        return {
            "Arn": self.arn,
            "Name": self.name,
            "Description": self.description,
            "KafkaVersions": self.kafka_versions,
            "CreationTime": self.created,
            "LatestRevision": self.revisions[-1].summary(),
            "State": "ACTIVE",
        }


class Configurations:
    """All configurations of one account and region."""

    def __init__(self, arn_prefix: str) -> None:
        self._arn_prefix = arn_prefix
        self._lock = threading.Lock()
        self._by_arn: dict[str, Configuration] = {}

    def create(self, name: str, description: str, kafka_versions: list[str], server_properties: bytes) -> Configuration:
        _check(server_properties)
        with self._lock:
            if any(configuration.name == name for configuration in self._by_arn.values()):
                raise ConflictException(f"A resource with this name already exists: {name}.")
            arn = f"{self._arn_prefix}:configuration/{name}/{uuid4()}-{random.randint(1, 25)}"
            configuration = Configuration(arn, name, description, kafka_versions, datetime.now(UTC))
            configuration.add_revision(server_properties, description)
            self._by_arn[arn] = configuration
        return configuration

    def get(self, arn: str) -> Configuration:
        """The configuration, or the error with which AWS answers for one that is gone (Terraform waits for it)."""
        found = self._by_arn.get(arn)
        if found is None:
            raise BadRequestException("Configuration ARN does not exist.")
        return found

    def revision(self, arn: str, number: int) -> Revision:
        configuration = self.get(arn)
        if not 1 <= number <= len(configuration.revisions):
            raise BadRequestException(f"Configuration revision {number} of {arn} does not exist.")
        return configuration.revisions[number - 1]

    def update(self, arn: str, server_properties: bytes, description: str) -> Configuration:
        _check(server_properties)
        configuration = self.get(arn)
        with self._lock:
            configuration.add_revision(server_properties, description)
        return configuration

    def delete(self, arn: str) -> None:
        self.get(arn)
        with self._lock:
            self._by_arn.pop(arn, None)

    def all(self) -> list[Configuration]:
        with self._lock:
            return list(self._by_arn.values())


def _check(server_properties: bytes) -> None:
    """Refuse, naming it, a property that no broker of this target would start with."""
    properties = parse_properties(server_properties)
    try:
        Services.installed.check_properties(properties)
    except PipelineError as error:
        raise BadRequestException(str(error)) from error


def parse_properties(text: bytes) -> Mapping[str, str]:
    """Read server.properties as MSK takes them: `name = value` lines, blank lines and # comments."""
    try:
        lines = text.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadRequestException("serverProperties is not UTF-8 text.") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "!")):
            continue
        name, equals, value = stripped.partition("=")
        if not equals or not name.strip():
            raise BadRequestException(f"serverProperties line {number} is not `name=value`: {stripped[:80]}")
        found[name.strip()] = value.strip()
    return found
