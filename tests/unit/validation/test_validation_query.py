"""SQL over the lake: the seven fields, partitions pruned, and no way to write anything anywhere."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import boto3
import pytest
from fake_lake import BUCKET, FakeLake, sent_run
from moto.server import ThreadedMotoServer

from schema import load
from validation.__main__ import main
from validation.errors import QueryFailed, WrongQuery
from validation.lake import Lake
from validation.query import LakeDatabase, dataset, file_system
from validation.storage import Storage


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """Arrow's own S3 client is not Python, so it needs a server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def served(s3_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLake]:
    environment = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session = boto3.session.Session(region_name="us-east-1")
    client = session.client("s3")
    client.create_bucket(Bucket=BUCKET)
    lake = FakeLake(client, session, tmp_path)
    yield lake
    lake.empty()


def database(lake: FakeLake) -> LakeDatabase:
    contents = Lake(Storage(lake.session, BUCKET), "events/", load()).list()
    return LakeDatabase(dataset(file_system(lake.session), BUCKET, contents, load()), load(), "user_events")


def test_all_seven_fields_come_back_from_both_kinds_of_timestamps(served: FakeLake) -> None:
    sent = sent_run()
    served.deliver(sent)
    answer = database(served).ask("select * from user_events where event_date = date '2026-11-24' order by event_datetime limit 1")
    assert answer.columns == ("event_datetime", "event_date", "event_name", "user_id", "platform", "product_name", "SKU")
    (row,) = list(answer.rows)
    assert row[0].startswith("2026-11-24T") and row[0].endswith("Z") and row[1] == date(2026, 11, 24)
    assert row[6].startswith("SKU-abc123-")
    counts = dict(database(served).ask("select event_date, count(*) from user_events group by 1 order by 1").rows)
    assert set(counts) == {date(2026, 11, 23), date(2026, 11, 24)}
    assert sum(counts.values()) == len(sent.events("valid")) + 2 * len(sent.events("duplicate"))


def test_a_filter_on_the_date_reads_no_object_of_other_dates(served: FakeLake) -> None:
    served.deliver(sent_run())
    served.put("events/event_date=2026-11-22/broken.parquet", b"not parquet")
    ask = database(served).ask
    assert next(ask("select count(SKU) from user_events where event_date >= '2026-11-23'").rows)[0] > 0
    with pytest.raises(QueryFailed, match=r"broken\.parquet"):
        list(ask("select count(SKU) from user_events").rows)


@pytest.mark.parametrize(
    "sql",
    [
        "copy user_events to '/tmp/never.parquet'",
        "select * from read_text('/etc/hostname')",
        "attach '/tmp/never.db'",
        "install httpfs",
        "set enable_external_access = true",
        "insert into user_events (event_name) values ('x')",
        "select nonsense from user_events",
        "not sql",
        "select cast(event_name as int) from user_events",
        "select nope(SKU) from user_events",
        "select error('x') from user_events",
    ],
)
def test_what_is_no_question_about_the_lake_is_refused(served: FakeLake, sql: str) -> None:
    served.deliver(sent_run(events=40))
    with pytest.raises(WrongQuery):
        list(database(served).ask(sql).rows)
    assert not list(Path("/tmp").glob("never.*"))


def test_an_empty_lake_answers_with_no_rows(served: FakeLake) -> None:
    assert list(database(served).ask("select count(*) from user_events").rows) == [(0,)]
    assert list(database(served).ask("select * from user_events").rows) == []
    assert list(database(served).ask("-- nothing").rows) == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("selec 1", 'query: Parser Error: syntax error at or near "selec"'),
        ("select nonsense from user_events", 'query: Binder Error: Referenced column "nonsense" not found'),
    ],
)
def test_a_wrong_query_is_wrong_use_in_duckdb_s_words_without_a_word_on_objects(
    served: FakeLake, capsys: pytest.CaptureFixture[str], sql: str, said: str
) -> None:
    served.outputs()
    assert main(["query", sql, "--outputs", str(served.directory / "outputs.json")]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint and "object" not in complaint


def test_a_broken_object_is_a_failed_check_with_the_way_to_all_that_are(served: FakeLake, capsys: pytest.CaptureFixture[str]) -> None:
    served.outputs()
    served.put("events/event_date=2026-11-22/broken.parquet", b"not parquet")
    assert main(["query", "select count(SKU) from user_events", "--outputs", str(served.directory / "outputs.json")]) == 1
    assert "`python -m validation lake` names all that are" in capsys.readouterr().err


def test_times_are_spelled_as_in_the_output_record(served: FakeLake) -> None:
    answer = database(served).ask("select timestamp '2023-10-23 12:34:56', timestamp '2023-10-23 12:34:56.5'")
    assert list(answer.rows) == [("2023-10-23T12:34:56Z", "2023-10-23T12:34:56.500000Z")]
