"""The Firehose backend: moto's FirehoseBackend with MSK as the source and a data plane for each stream.

A stream is CREATING until its data plane reads the topic, then ACTIVE; or CREATING_FAILED with the reason. It stays
in that state, and keeps its name, until it is deleted, as on AWS. Each change of the destination adds one to the
version, which object names carry.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast

from moto.firehose.models import MAX_TAGS_PER_DELIVERY_STREAM, DeliveryStream, FirehoseBackend, firehose_backends

from console import PipelineError
from local_aws.control_plane.delivery_streams import rules, source
from local_aws.control_plane.delivery_streams.exceptions import (
    ConcurrentModificationException,
    InvalidArgumentException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from local_aws.control_plane.delivery_streams.source import Failure
from local_aws.control_plane.services import Services

log = logging.getLogger(__name__)

DESTINATION_ID = "destinationId-000000000001"
_DEFAULT_BUFFER_MIB, _DEFAULT_BUFFER_MIB_CONVERTING, _DEFAULT_INTERVAL_SECONDS = 5, 128, 300
_ONLY_EXTENDED = ("DataFormatConversionConfiguration", "DynamicPartitioningConfiguration", "ProcessingConfiguration", "S3BackupMode",
                  "FileExtension", "CustomTimeZone")  # fmt: skip


class MskStream(DeliveryStream):
    """A delivery stream that reads an MSK topic."""

    def __init__(self, name: str, msk: Mapping[str, Any], destination: dict[str, Any], account_id: str, region: str) -> None:
        super().__init__(
            account_id=account_id,
            region=region,
            delivery_stream_name=name,
            delivery_stream_type="MSKAsSource",
            encryption={},
            kinesis_stream_source_configuration={},
            destination_name="ExtendedS3",
            destination_config=destination,
        )
        self.msk = dict(msk)
        self.created = datetime.now(UTC)
        self.updated: datetime | None = None
        self.activated: datetime | None = None
        self.failure: Failure | None = None

    @property
    def destination(self) -> dict[str, Any]:
        """The extended S3 destination, in the API's field names."""
        found: dict[str, Any] = self.destinations[0]["ExtendedS3"]
        return found

    def replace_destination(self, destination: dict[str, Any]) -> None:
        self.destinations[0] = {"destination_id": DESTINATION_ID, "ExtendedS3": destination}
        self.version_id = str(int(self.version_id) + 1)
        self.updated = datetime.now(UTC)

    def status(self) -> str:
        """CREATING, ACTIVE or CREATING_FAILED; a stream that was ACTIVE once stays so (or is SUSPENDED)."""
        if self.failure is not None:
            return "CREATING_FAILED"
        state = Services.installed.data_planes.state(self.delivery_stream_name)
        status = str(getattr(state.status, "value", state.status))
        if status == "ACTIVE" and self.activated is None:
            self.activated = datetime.now(UTC)
        if status == "CREATING_FAILED":
            kind, details = state.failure or ("UNKNOWN_ERROR", "The data plane did not start.")
            self.failure = Failure(kind, details)
        if status == "CREATING" and self.activated is not None:
            return "ACTIVE"  # its process is being started again
        return status

    def describe(self) -> dict[str, Any]:
        """Shape DeliveryStreamDescription."""
        status = self.status()
        described: dict[str, Any] = {
            "DeliveryStreamName": self.delivery_stream_name,
            "DeliveryStreamARN": self.delivery_stream_arn,
            "DeliveryStreamStatus": status,
            "DeliveryStreamType": self.delivery_stream_type,
            "VersionId": self.version_id,
            "CreateTimestamp": self.created,
            "Source": {"MSKSourceDescription": {**self.msk, "DeliveryStartTimestamp": self.activated or self.created}},
            "Destinations": [_describe_destination(self.destination)],
            "HasMoreDestinations": False,
        }
        if self.updated:
            described["LastUpdateTimestamp"] = self.updated
        if self.failure:
            described["FailureDescription"] = {"Type": self.failure.kind, "Details": self.failure.details[:1024]}
        return described


class MskFirehoseBackend(FirehoseBackend):
    """All streams of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.delivery_streams: dict[str, MskStream] = {}  # type: ignore[assignment]
        self._lock = threading.RLock()

    def create_msk_stream(self, request: Mapping[str, Any]) -> str:
        """Check a CreateDeliveryStream request as AWS does, keep the stream, start its data plane; returns the ARN."""
        name, msk, destination, tags = _parts(request)
        _check_region(self.region_name)
        destination = with_defaults(destination)
        rules.check_destination(destination)
        with self._lock:
            if name in self.delivery_streams:
                raise ResourceInUseException(f"Firehose {name} under accountId {self.account_id} already exists")
            if len(self.delivery_streams) == DeliveryStream.MAX_STREAMS_PER_REGION:
                raise LimitExceededException(
                    f"You have already consumed your firehose quota of {DeliveryStream.MAX_STREAMS_PER_REGION} hoses."
                )
            self._check_tags(tags)
            cluster = source.check_source(msk, self.account_id)
            source.check_destination_resources(destination, self.account_id, self.region_name)
            stream = MskStream(name, msk, destination, self.account_id, self.region_name)
            _check_data_plane(stream)
            self.delivery_streams[name] = stream
            self.tagger.tag_resource(stream.delivery_stream_arn, tags)
        stream.failure = source.policy_failure(cluster, self.account_id)
        if stream.failure is None:
            services = Services.installed
            services.data_planes.start(name, services.principals.service(source.SERVICE))
        return str(stream.delivery_stream_arn)

    def stream(self, name: str) -> MskStream:
        found = self.delivery_streams.get(name)
        if found is None:
            raise ResourceNotFoundException(f"Firehose {name} under account {self.account_id} not found.")
        return found

    def delete_delivery_stream(self, delivery_stream_name: str) -> None:
        """Stop the data plane, then forget the stream."""
        stream = self.stream(delivery_stream_name)
        Services.installed.data_planes.stop(delivery_stream_name)
        with self._lock:
            self.delivery_streams.pop(delivery_stream_name, None)
            self.tagger.delete_all_tags_for_resource(stream.delivery_stream_arn)

    def describe_delivery_stream(self, delivery_stream_name: str) -> dict[str, Any]:
        return {"DeliveryStreamDescription": self.stream(delivery_stream_name).describe()}

    def update_extended_s3(self, name: str, version: str, destination_id: str, update: Mapping[str, Any]) -> None:
        """Put the given fields of the destination in place of the stream's own; the others stay."""
        with self._lock:
            stream = self.stream(name)
            if stream.version_id != version:
                raise ConcurrentModificationException(
                    f"Cannot update firehose: {name} since the current version id: {stream.version_id} "
                    f"and specified version id: {version} do not match"
                )
            if destination_id != DESTINATION_ID:
                raise InvalidArgumentException(f"Destination Id {destination_id} not found")
            changed = {**stream.destination, **copy.deepcopy(dict(update))}
            if rules.partitions(changed) != rules.partitions(stream.destination):
                raise InvalidArgumentException(
                    "Dynamic Partitioning can be enabled only when the delivery stream is created, and never disabled."
                )
            rules.check_destination(changed)
            source.check_destination_resources(changed, self.account_id, self.region_name)
            candidate = copy.copy(stream)
            candidate.destinations = [{"destination_id": DESTINATION_ID, "ExtendedS3": changed}]
            _check_data_plane(candidate)
            stream.replace_destination(changed)

    def stop(self) -> None:
        """Stop all data planes, when the target ends."""
        names = list(self.delivery_streams)
        if names:
            with ThreadPoolExecutor(max_workers=len(names)) as pool:
                list(pool.map(Services.installed.data_planes.stop, names))

    def _check_tags(self, tags: list[dict[str, str]]) -> None:
        problem = self.tagger.validate_tags(tags)
        if problem:
            raise ValidationException(problem)
        if len(tags) > MAX_TAGS_PER_DELIVERY_STREAM:
            raise ValidationException(f"A delivery stream can have at most {MAX_TAGS_PER_DELIVERY_STREAM} tags.")


def _check_region(region: str) -> None:
    """Data planes ask for their streams, and read clusters, in the region of the target."""
    runs_in = Services.installed.region
    if region != runs_in:
        raise InvalidArgumentException(
            f"The local target does not implement delivery streams in {region}: it runs in {runs_in}. "
            f"Use that, or start it with --region {region}."
        )


def _parts(request: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], dict[str, Any], list[dict[str, str]]]:
    """Name, source, destination and tags; refuses by name every other kind of stream."""
    kind = request.get("DeliveryStreamType") or "DirectPut"
    msk = request.get("MSKSourceConfiguration")
    if msk and kind != "MSKAsSource":
        raise InvalidArgumentException("MSKSourceConfiguration is only applicable for MSKAsSource delivery stream type.")
    if kind != "MSKAsSource":
        raise InvalidArgumentException(
            f"The local target does not implement DeliveryStreamType {kind}: its data plane reads MSK topics (MSKAsSource)."
        )
    if not msk:
        raise InvalidArgumentException("MSKSourceConfiguration is required for MSKAsSource delivery stream type.")
    if request.get("DeliveryStreamEncryptionConfigurationInput"):
        raise InvalidArgumentException("DeliveryStreamEncryptionConfigurationInput is not supported for MSKAsSource delivery stream type.")
    destinations = [name for name, value in request.items() if name.endswith("DestinationConfiguration") and value]
    if len(destinations) != 1:
        raise InvalidArgumentException("Exactly one destination configuration is supported for a Firehose")
    if destinations != ["ExtendedS3DestinationConfiguration"]:
        raise InvalidArgumentException(f"The local target does not implement {destinations[0]}: use ExtendedS3DestinationConfiguration.")
    destination = copy.deepcopy(dict(request["ExtendedS3DestinationConfiguration"]))
    return str(request["DeliveryStreamName"]), msk, destination, list(request.get("Tags") or [])


def with_defaults(destination: Mapping[str, Any]) -> dict[str, Any]:
    """The destination with what AWS fills in and describes."""
    converting = rules.converts(destination)
    defaults = {
        "BufferingHints": {
            "SizeInMBs": _DEFAULT_BUFFER_MIB_CONVERTING if converting or rules.partitions(destination) else _DEFAULT_BUFFER_MIB,
            "IntervalInSeconds": _DEFAULT_INTERVAL_SECONDS,
        },
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "S3BackupMode": "Disabled",
    }
    return {**defaults, **{name: value for name, value in destination.items() if value is not None}}


def _describe_destination(destination: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in destination.items() if name not in _ONLY_EXTENDED}
    return {"DestinationId": DESTINATION_ID, "S3DestinationDescription": plain, "ExtendedS3DestinationDescription": dict(destination)}


def _check_data_plane(stream: MskStream) -> None:
    """Raise InvalidArgumentException, naming the field, where the data plane does not implement the stream's configuration.

    It is given what it will read of the stream, before there is a data plane whose state could be described.
    """
    description = {
        "DeliveryStreamName": stream.delivery_stream_name,
        "DeliveryStreamARN": stream.delivery_stream_arn,
        "DeliveryStreamStatus": "CREATING",
        "DeliveryStreamType": stream.delivery_stream_type,
        "VersionId": stream.version_id,
        "CreateTimestamp": stream.created,
        "Source": {"MSKSourceDescription": {**stream.msk, "DeliveryStartTimestamp": stream.created}},
        "Destinations": [_describe_destination(stream.destination)],
        "HasMoreDestinations": False,
    }
    try:
        Services.installed.check_stream(description)
    except PipelineError as error:
        raise InvalidArgumentException(str(error)) from error


def backend_of(account_id: str, region: str) -> MskFirehoseBackend:
    """The backend of one account and region."""
    return cast(MskFirehoseBackend, firehose_backends[account_id][region])


def all_backends() -> list[MskFirehoseBackend]:
    """Every backend that was asked for so far."""
    return [cast(MskFirehoseBackend, backend) for _, _, backend in firehose_backends.iter_backends()]
