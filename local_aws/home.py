"""Where one local target keeps its files: everything under one directory, nothing outside it.

A checkout's target lives in `.local/`. Another one (the demo's, a test's) has a directory of its own and shares
only the cache of downloads, so that two targets never touch each other's state.

    .local/
      env            dotenv for boto3, the AWS CLI, Terraform and Kafka clients
      status.json    what runs, written by the control plane
      cache/         downloads and builds that any target may share; never state
      processes/     one JSON file per process that was started, so that it can be stopped by id
      logs/          one file per process, and calls.jsonl: every AWS call with the role that made it
      kafka/         brokers' data, certificates
      lambda/        unpacked functions
      firehose/      positions and delivery ledgers, one directory per stream
      s3/            spooled objects
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """The directory of one local target."""

    root: Path

    @staticmethod
    def default() -> Home:
        """The directory named by LOCAL_AWS_HOME, else `.local` in this checkout."""
        return Home(Path(os.environ.get("LOCAL_AWS_HOME") or CHECKOUT / ".local").resolve())

    @property
    def env_file(self) -> Path:
        return self.root / "env"

    @property
    def status_file(self) -> Path:
        return self.root / "status.json"

    @property
    def cache(self) -> Path:
        """Downloads and builds, shared by all targets of this checkout."""
        return Path(os.environ.get("LOCAL_AWS_CACHE") or CHECKOUT / ".local" / "cache").resolve()

    @property
    def processes(self) -> Path:
        return self.root / "processes"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def call_log(self) -> Path:
        """JSON lines: every AWS call with the principal that made it."""
        return self.logs / "calls.jsonl"

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def functions(self) -> Path:
        return self.root / "lambda"

    @property
    def firehose(self) -> Path:
        return self.root / "firehose"

    @property
    def s3(self) -> Path:
        return self.root / "s3"
