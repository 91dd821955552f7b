"""A broker's directory before it starts: formatted storage and its server.properties."""

from __future__ import annotations

import base64
import shutil
import uuid
from pathlib import Path

from local_aws.kafka.server_properties import Seat


def random_id() -> str:
    """An id as Kafka writes them: a UUID's bytes in base64url; never with a leading dash, as Kafka's own."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
        if not text.startswith("-"):
            return text


def format_storage(build: Path, seat: Seat, text: str, cluster_id: str) -> None:
    """Do what `kafka-storage.sh format` does, from the checkpoint that the build keeps; `text` is the server.properties."""
    shutil.rmtree(seat.directory, ignore_errors=True)
    data = seat.directory / "data"
    data.mkdir(parents=True)
    shutil.copy(build / "bootstrap.checkpoint", data)
    meta = {"version": "1", "cluster.id": cluster_id, "node.id": str(seat.broker_id), "directory.id": random_id()}
    (data / "meta.properties").write_text("".join(f"{name}={value}\n" for name, value in meta.items()), encoding="utf-8")
    seat.server_properties.write_text(text, encoding="utf-8")
