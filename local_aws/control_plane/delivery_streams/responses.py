"""The Firehose API: moto's handler, with the whole request handed to the backend.

moto hands on the fields that it knows; a stream from MSK needs others, and none may be dropped in silence.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.firehose.responses import FirehoseResponse

from local_aws.control_plane.delivery_streams import source
from local_aws.control_plane.delivery_streams.exceptions import InvalidArgumentException
from local_aws.control_plane.delivery_streams.models import MskFirehoseBackend, backend_of
from local_aws.control_plane.long_poll import wait_while
from local_aws.control_plane.services import Services


class MskFirehoseResponse(FirehoseResponse):
    """moto's handler over our backend."""

    @property
    def backend(self) -> MskFirehoseBackend:
        return backend_of(self.current_account, self.region)

    def create_delivery_stream(self) -> ActionResult:
        return ActionResult({"DeliveryStreamARN": self.backend.create_msk_stream(_plain(self.params))})

    def describe_delivery_stream(self) -> ActionResult:
        """Held back while the stream is CREATING, save for its data plane, whose start is what the others wait for."""
        name = self._get_param("DeliveryStreamName")
        services = Services.installed
        asker = services.principals.find(self.get_access_key())
        if asker is None or asker.principal != source.SERVICE:
            stream = self.backend.stream(name)
            wait_while(lambda: stream.status() == "CREATING", services.longest_poll_seconds)
        return ActionResult(self.backend.describe_delivery_stream(name))

    def update_destination(self) -> ActionResult:
        request = _plain(self.params)
        updates = [name for name, value in request.items() if name.endswith("DestinationUpdate") and value]
        if updates != ["ExtendedS3DestinationUpdate"]:
            raise InvalidArgumentException(
                f"The local target updates ExtendedS3DestinationUpdate only; the request has {', '.join(updates) or 'none'}."
            )
        self.backend.update_extended_s3(
            str(request["DeliveryStreamName"]),
            str(request["CurrentDeliveryStreamVersionId"]),
            str(request["DestinationId"]),
            request["ExtendedS3DestinationUpdate"],
        )
        return EmptyResult()

    def put_record(self) -> ActionResult:
        name = self._get_param("DeliveryStreamName")
        self.backend.stream(name)
        raise InvalidArgumentException(f"{name} reads from Amazon MSK; PutRecord and PutRecordBatch are for Direct PUT streams.")

    def put_record_batch(self) -> ActionResult:
        return self.put_record()

    def start_delivery_stream_encryption(self) -> ActionResult:
        self.backend.stream(self._get_param("DeliveryStreamName"))
        raise InvalidArgumentException("Server-side encryption is not supported for MSKAsSource delivery stream type.")

    def stop_delivery_stream_encryption(self) -> ActionResult:
        return self.start_delivery_stream_encryption()


def _plain(value: Any) -> Any:
    """Parsed parameters as plain dicts and lists, without the fields that the request left out."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
