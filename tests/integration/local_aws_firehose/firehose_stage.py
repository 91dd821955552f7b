"""A stage for the data plane: brokers with IAM, an AWS endpoint (moto, and what moto lacks faked), and data planes to run.

The data plane is the real process, started by the real supervisor; only the control plane is a stand-in, so that a test
can say what the function answers, fail S3 at will, or update a destination.
"""

from __future__ import annotations

import base64
import io
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
from confluent_kafka import Producer
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.sts.models import sts_backends
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local_aws.firehose.ledger import read as read_ledger
from local_aws.firehose.supervisor import DataPlaneSupervisor
from local_aws.home import Home
from local_aws.kafka.cluster import KafkaCluster

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/firehose"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:foreign:1"
CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/test/0"
BUCKET = "lake"

Answer = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Key:
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Say nothing."""


class FakeAws:
    """moto, with streams, brokers and functions that a test sets."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(8)
        self.service = Key("AKIASERVICE000000000", secrets.token_hex(16))
        self.bootstrap = ""
        self.streams: dict[str, dict[str, Any]] = {}
        self.function: Answer = lambda event: {"records": []}
        self.refuse_puts = threading.Event()
        self.put_seconds = 0.0
        self.unanswered_puts = 0
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()

    def client(self, service: str) -> Any:
        key = {"aws_access_key_id": self.service.access_key_id, "aws_secret_access_key": self.service.secret_access_key}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **key)  # type: ignore[call-overload]

    def _app(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ, populate_request=False)
        target = request.headers.get("X-Amz-Target", "")
        if request.path == "/_local/secret":
            return self._secret(request.args["access_key_id"])(environ, start_response)
        if target == "Firehose_20150804.DescribeDeliveryStream":
            return self._describe(request.get_json(force=True)["DeliveryStreamName"])(environ, start_response)
        if request.path.endswith("/bootstrap-brokers"):
            return _json({"bootstrapBrokerStringSaslIam": self.bootstrap})(environ, start_response)
        if request.path.endswith("/invocations"):
            return self._invoke(request.get_json(force=True))(environ, start_response)
        if request.method == "PUT" and request.path.startswith(f"/{BUCKET}/"):
            return self._put(environ, start_response)
        return self._moto(environ, start_response)

    def _put(self, environ: dict[str, Any], start_response: Any) -> Any:
        if self.refuse_puts.is_set():
            body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
            return Response(body, 403, content_type="application/xml")(environ, start_response)
        if self.put_seconds:
            return self._put_slowly(environ)(environ, start_response)
        return self._moto(environ, start_response)

    def _put_slowly(self, environ: dict[str, Any]) -> Response:
        """Store the object, and let its sender wait for the answer."""
        response = Response.from_app(self._moto, environ, buffered=True)
        self.unanswered_puts += 1
        time.sleep(self.put_seconds)
        self.unanswered_puts -= 1
        return response

    def _secret(self, access_key_id: str) -> Response:
        if access_key_id == self.service.access_key_id:
            return _json(
                {"secret_access_key": self.service.secret_access_key, "session_token": None, "principal_arn": "service", "expires": None}
            )
        for role in sts_backends[ACCOUNT]["aws"].assumed_roles:
            if role.access_key_id == access_key_id:
                return _json(
                    {
                        "secret_access_key": role.secret_access_key,
                        "session_token": role.session_token,
                        "principal_arn": role.arn,
                        "expires": None,
                    }
                )
        return _json({"error": "unknown"}, 404)

    def _describe(self, name: str) -> Response:
        if name not in self.streams:
            return _json({"__type": "ResourceNotFoundException", "message": "no such stream"}, 400)
        return _json({"DeliveryStreamDescription": self.streams[name]})

    def _invoke(self, event: dict[str, Any]) -> Response:
        answer = self.function(event)
        return answer if isinstance(answer, Response) else _json(answer)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


def per_record(result: Callable[[bytes], Mapping[str, Any]]) -> Answer:
    """A function that says something of each value by itself."""

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        return {"records": [{"recordId": one["recordId"], **result(base64.b64decode(one["kafkaRecordValue"]))} for one in event["records"]]}

    return answer


def ok(payload: bytes, **keys: str) -> dict[str, Any]:
    return {"result": "Ok", "kafkaRecordValue": base64.b64encode(payload).decode(), "metadata": {"partitionKeys": keys}}


@dataclass
class Stream:
    """One stream with its topic and its data plane."""

    name: str
    aws: FakeAws
    home: Home
    cluster: KafkaCluster
    supervisor: DataPlaneSupervisor
    producer: Producer = field(repr=False)

    @property
    def directory(self) -> Path:
        return self.home.firehose / self.name

    def send(self, *values: bytes | None, partition: int = 0) -> None:
        for value in values:
            self.producer.produce(self.name, value, partition=partition)
            self.producer.poll(0)
        assert self.producer.flush(20) == 0

    def status(self) -> dict[str, Any]:
        return dict(self.supervisor.state(self.name).report)

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        s3 = self.aws.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{self.name}/{prefix}")
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def rows(self) -> list[dict[str, Any]]:
        """All rows, with the folder that they lie in."""
        found = []
        for key, body in self.objects("data/").items():
            folder = key.split("/")[2]
            found += [{**row, "folder": folder} for row in pq.read_table(io.BytesIO(body)).to_pylist()]
        return found

    def errors(self) -> list[dict[str, Any]]:
        """All error records, with the error type that is in their key."""
        found = []
        for key, body in self.objects("errors/").items():
            found += [{**json.loads(line), "type": key.split("/")[2]} for line in body.splitlines()]
        return found

    def ledger(self) -> list[dict[str, Any]]:
        return list(read_ledger(self.directory / "ledger.jsonl"))

    def until(self, question: Callable[[], Any], seconds: float = 25) -> Any:
        """Ask until the answer is true."""
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"not within {seconds} s; {self.supervisor.state(self.name)}"
            time.sleep(0.1)
        return answer


def partitioned(name: str, **changes: Any) -> dict[str, Any]:
    """A destination with a function, dynamic partitioning by `region`, and Parquet by the foreign table."""
    return {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{BUCKET}",
        "Prefix": f"{name}/data/region=!{{partitionKeyFromLambda:region}}/",
        "ErrorOutputPrefix": f"{name}/errors/!{{firehose:error-output-type}}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "CompressionFormat": "UNCOMPRESSED",
        "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": "firehose", "LogStreamName": "errors"},
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {"Enabled": True, "Processors": [function_processor()]},
        "DataFormatConversionConfiguration": {
            "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "foreign", "TableName": "orders", "Region": REGION},
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
        },
        **changes,
    }


def plain(name: str, **changes: Any) -> dict[str, Any]:
    """A destination without function, partitions or conversion."""
    return {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{BUCKET}",
        "Prefix": f"{name}/data/",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        **changes,
    }


def function_processor(**parameters: str) -> dict[str, Any]:
    values = {"LambdaArn": FUNCTION, "BufferIntervalInSeconds": "10", "NumberOfRetries": "1", **parameters}
    return {"Type": "Lambda", "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in values.items()]}
