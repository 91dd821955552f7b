"""An archive of the classes that a broker loads (JEP 350, dynamic application class-data sharing).

It takes about a third off the processor time of a broker's start, which counts where three start on two cores. Made
once, by a broker that starts alone and ends; it serves one build and one version of Java. Without it brokers start
just the same, more slowly, so a failure to make it is no error.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import subprocess
import tempfile
import time
from pathlib import Path

from local_aws.home import Home
from local_aws.kafka import certificates, jars, ports, server_properties
from local_aws.kafka.server_properties import Listener, Seat
from local_aws.kafka.storage import format_storage, random_id

UP = "Kafka Server started"
"""What a broker logs when the cluster has let it in."""
_START_SECONDS, _END_SECONDS = 60.0, 60.0


def options(build: Path, java: str) -> tuple[str, ...]:
    """JVM options that use the archive of this build and this Java, none where there is no such archive."""
    archive = _archive(build, java)
    return (f"-XX:SharedArchiveFile={archive}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off") if archive.exists() else ()


def make(build: Path, java: str) -> None:
    """Make the archive where it is not there yet; whoever calls holds the build's lock."""
    archive = _archive(build, java)
    if archive.exists():
        return
    with tempfile.TemporaryDirectory(prefix=f".{archive.name}-", dir=build.parent) as work:
        made = Path(work, "classes.jsa")
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            _run_a_broker(build, java, Home(Path(work, "home")), made)
        if made.exists():
            made.replace(archive)


@functools.cache
def _archive(build: Path, java: str) -> Path:
    version = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return build / f"classes-{hashlib.sha256(version.encode()).hexdigest()[:12]}.jsa"


def _run_a_broker(build: Path, java: str, home: Home, archive: Path) -> None:
    listeners = (Listener.IAM, Listener.INTERNAL, Listener.CONTROLLER)
    seat = Seat(1, dict(zip(listeners, ports.choose(len(listeners)), strict=True)), home.kafka / "broker-1")
    home.kafka.mkdir(parents=True)
    key_store = home.kafka / "broker.pem"
    certificates.issue_broker_certificate(home, key_store)
    format_storage(build, seat, server_properties.render(seat, [seat], {}, region="us-east-1", key_store=key_store), random_id())
    settings = {"LOCAL_AWS_SECRET_URL": "http://127.0.0.1:1/", "LOCAL_AWS_TOKEN": "none", "LOCAL_AWS_KAFKA_REGION": "us-east-1"}
    log = home.kafka / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                java,
                "-XX:+UseSerialGC",
                f"-XX:ArchiveClassesAtExit={archive}",
                f"-Djava.io.tmpdir={home.kafka}",
                *jars.class_path(build),
                "kafka.Kafka",
                str(seat.server_properties),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings},
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while UP not in log.read_text(encoding="utf-8", errors="replace") and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.terminate()
        process.wait(_END_SECONDS)
    finally:
        process.kill()
        process.wait()
