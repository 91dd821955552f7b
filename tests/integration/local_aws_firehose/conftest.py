"""Fixtures of the stage: brokers, endpoint and supervisor once for all tests of this folder, a stream for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from confluent_kafka import Producer
from firehose_stage import ACCOUNT, BUCKET, CLUSTER, REGION, ROLE, FakeAws, Stream

import kafka_access
from kafka_access import confluent
from local_aws.firehose.supervisor import DataPlaneSupervisor
from local_aws.home import Home
from local_aws.kafka.cluster import Authentication, KafkaCluster


@pytest.fixture(scope="session")
def aws() -> Iterator[FakeAws]:
    fake = FakeAws()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", fake.service.access_key_id)
        patch.setenv("AWS_SECRET_ACCESS_KEY", fake.service.secret_access_key)
        yield fake
    fake.stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("firehose"))


@pytest.fixture(scope="session")
def cluster(aws: FakeAws, home: Home) -> Iterator[KafkaCluster]:
    running = KafkaCluster.start(
        home,
        name="firehose",
        brokers=1,
        kafka_version="3.9.1",
        authentication=frozenset({Authentication.IAM, Authentication.NONE}),
        configuration={},
        secret_url=f"{aws.url}/_local/secret",
        token=aws.token,
        region=REGION,
    )
    aws.bootstrap = running.bootstrap(Authentication.IAM)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def supervisor(aws: FakeAws, home: Home, cluster: KafkaCluster) -> Iterator[DataPlaneSupervisor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAFKA_CA_FILE", str(cluster.ca_file))
        made = DataPlaneSupervisor(home, aws.url, REGION, aws.token, clock_speed=120)
        yield made
        for name in made.all():
            made.stop(name)


@pytest.fixture(scope="session")
def lake(aws: FakeAws) -> None:
    """The bucket, and a table of a stack that this project does not have."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "foreign"})
    columns = {"id": "bigint", "amount": "double", "tags": "array<string>", "at": "timestamp"}
    descriptor = {"Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()]}
    glue.create_table(
        DatabaseName="foreign",
        TableInput={"Name": "orders", "StorageDescriptor": descriptor, "PartitionKeys": [{"Name": "region", "Type": "string"}]},
    )
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="firehose")
    logs.create_log_stream(logGroupName="firehose", logStreamName="errors")


@pytest.fixture
def make_stream(
    aws: FakeAws, home: Home, cluster: KafkaCluster, supervisor: DataPlaneSupervisor, lake: None
) -> Iterator[Callable[..., Stream]]:
    made: list[Stream] = []

    def make(
        name: str, destination: Mapping[str, Any], *, partitions: int = 1, read_from: int | None = 0, start: bool = True, topic: bool = True
    ) -> Stream:
        if topic:
            cluster.create_topic(name, partitions, 1, {})
        connection = kafka_access.Connection.of(cluster.bootstrap(Authentication.NONE), "none", REGION)
        producer = Producer({**confluent.client_config(connection), "linger.ms": 5, "message.max.bytes": 8_000_000})
        source = {"MSKClusterARN": CLUSTER, "TopicName": name, "AuthenticationConfiguration": {"RoleARN": ROLE, "Connectivity": "PRIVATE"}}
        if read_from is not None:
            source["ReadFromTimestamp"] = read_from
        aws.streams[name] = {
            "DeliveryStreamName": name,
            "DeliveryStreamARN": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{name}",
            "DeliveryStreamStatus": "CREATING",
            "DeliveryStreamType": "MSKAsSource",
            "VersionId": "1",
            "Source": {"MSKSourceDescription": source},
            "Destinations": [{"DestinationId": "destinationId-000000000001", "ExtendedS3DestinationDescription": dict(destination)}],
            "HasMoreDestinations": False,
        }
        stream = Stream(name, aws, home, cluster, supervisor, producer)
        made.append(stream)
        if start:
            supervisor.start(name, aws.service)
            stream.until(lambda: supervisor.state(name).status.value != "CREATING")
        return stream

    yield make
    for stream in made:
        supervisor.stop(stream.name)
        aws.streams.pop(stream.name, None)
    aws.refuse_puts.clear()
    aws.put_seconds = 0.0
