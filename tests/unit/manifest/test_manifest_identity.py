"""Identity: what is written into an event is what is read back, and never another run's."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifest import ClassCount, Expect, Identifier, Identity, Manifest, State, identify_payload
from manifest.draws import SHARES
from manifest.identity import explicit_user, sku, tagged_name, token, user_id, white_space

HOUR = 3_600_000_000
BASE = 1_795_000_000_123_456
A = Manifest(
    run="aaaaaa1",
    seed=1,
    created_at="",
    state=State.COMPLETE,
    topic="t",
    base_us=BASE,
    step_us=500,
    workers=3,
    late_unit_us=HOUR,
    late_units=72,
    events_planned=100_000,
    classes={"valid": ClassCount(Expect.ROW, None, True, 1, SHARES)},
)
B = replace(A, run="bbbbbb2", step_us=7, workers=2)
"""Overlaps A in time."""
BOTH = Identifier([A, B])


def time_of(run: Manifest, worker: int, index: int, late: int = 0) -> int:
    return run.base_us + (index * run.workers + worker) * run.step_us - late * run.late_unit_us


EVENTS = st.sampled_from([A, B]).flatmap(
    lambda run: st.tuples(st.just(run), st.integers(0, run.workers - 1), st.integers(0, 33_000), st.integers(0, run.late_units))
)


@given(EVENTS, st.integers(0, 20_000))
def test_a_plain_row_is_known_by_either_carrier_and_its_time(event: tuple[Manifest, int, int, int], rank: int) -> None:
    run, worker, index, late = event
    expected = Identity(run.run, worker, index)
    us = time_of(run, worker, index, late)
    assert BOTH.of(user_id(run.run, rank), sku(run.run, rank), us) == expected
    assert BOTH.of(user_id(run.run, rank), None, us) == expected
    assert BOTH.of(None, sku(run.run, rank), us) == expected
    assert BOTH.of("", sku(run.run, rank), us) == expected
    assert BOTH.of(None, None, us, tagged_name(run.run, "view")) == expected


@given(EVENTS)
def test_spelled_identities_are_read_back_from_text_user_ids_and_white_space(event: tuple[Manifest, int, int, int]) -> None:
    run, worker, index, _ = event
    identity = Identity(run.run, worker, index)
    assert identify_payload(b'{"x":"' + token(identity).encode() + b'"}') == identity
    assert identify_payload(token(identity).encode("utf-16")) == identity
    assert identify_payload(b"null" + white_space(identity)) == identity
    assert identify_payload(white_space(identity) + b"-1.5") == identity
    assert BOTH.of(explicit_user(identity), None, 0) == identity


def test_rows_says_of_every_row_what_of_says() -> None:
    strings = [
        None,
        "",
        "user_12345",
        "user_zzzzzz9_4",
        user_id("aaaaaa1", 5),
        user_id("bbbbbb2", 5),
        explicit_user(Identity("aaaaaa1", 2, 9)),
    ]
    strings += [
        explicit_user(Identity("aaaaaa1", 3, 9)),
        explicit_user(Identity("bbbbbb2", 1, 50_000)),
        "user_aaaaaa1_",
        "user_aaaaaa1_w1i",
    ]
    products = [None, "SKU-1001", sku("aaaaaa1", 1), sku("bbbbbb2", 2), "SKU-aaaaaa1-"]
    times = [time_of(A, 1, 7), time_of(A, 1, 7) + 1, time_of(B, 1, 7), time_of(A, 0, 0, 72), time_of(A, 0, 0, 73), BASE + HOUR, 0, None]
    names = [None, "view", tagged_name("bbbbbb2", "view")]
    rows = [(us, user, product, name) for us in times for user in strings for product in products for name in names]
    table = pa.table(
        {
            "event_datetime": pa.array([row[0] for row in rows], pa.timestamp("us", "UTC")),
            "user_id": [row[1] for row in rows],
            "SKU": [row[2] for row in rows],
            "event_name": [row[3] for row in rows],
        }
    )
    found = Identifier([A, B]).rows(table).to_pylist()
    for (us, user, product, name), row in zip(rows, found, strict=True):
        single = Identifier([A, B]).of(user, product, us if us is not None else -(1 << 62), name)
        assert row == ({"run": None, "worker": None, "index": None} if single is None else vars(single)), (us, user, product, name)
    assert {row["run"] for row in found} == {None, "aaaaaa1", "bbbbbb2"}


@pytest.mark.parametrize("unit", ["us", "ns", "ms"])
def test_rows_come_with_any_unit_chunking_and_dictionary(unit: str) -> None:
    run = replace(A, base_us=BASE // 1000 * 1000, step_us=1000, workers=1)
    times = pa.array([time_of(run, 0, index) for index in range(10)], pa.timestamp("us")).cast(pa.timestamp(unit))
    users = pa.array([user_id(run.run, index % 2) for index in range(10)])
    for column in (users, users.dictionary_encode(), users.cast(pa.large_string())):
        table = pa.table({"sku": pa.nulls(10, pa.string()), "event_datetime": times, "user_id": column})
        chunked = pa.concat_tables([table.slice(0, 3), table.slice(3, 7)])
        assert Identifier([run]).rows(chunked)["index"].to_pylist() == list(range(10))


def test_chunks_with_dictionaries_of_their_own_and_small_indices_are_read() -> None:
    run = replace(A, workers=1)
    all_times = pa.array([time_of(run, 0, index) for index in range(256)], pa.timestamp("us"))
    times = pa.chunked_array([all_times[:128], all_times[128:]])
    small = pa.dictionary(pa.int8(), pa.string())
    users = pa.chunked_array([pa.array([user_id(run.run, index + shift) for index in range(128)], small) for shift in (0, 64)])
    table = pa.table({"event_datetime": times, "user_id": users, "sku": pa.nulls(256, pa.string())})
    assert Identifier([run]).rows(table)["index"].to_pylist() == list(range(256))


def test_no_rows_give_no_identities_and_a_column_that_lacks_is_named() -> None:
    empty = pa.table(
        {"event_datetime": pa.array([], pa.timestamp("us")), "user_id": pa.array([], pa.string()), "sku": pa.array([], pa.string())}
    )
    assert Identifier([A]).rows(empty).num_rows == 0
    assert Identifier([]).rows(empty).column_names == ["run", "worker", "index"]
    with pytest.raises(ValueError, match="no column user_id"):
        Identifier([A]).rows(empty.drop_columns(["user_id"]))


def test_runs_that_overlap_in_time_never_claim_each_others_rows() -> None:
    us = time_of(A, 0, 0)
    assert time_of(B, 0, 0) == us
    assert BOTH.of(user_id("aaaaaa1", 1), None, us) == Identity("aaaaaa1", 0, 0)
    assert BOTH.of(user_id("bbbbbb2", 1), None, us) == Identity("bbbbbb2", 0, 0)
    assert BOTH.of(user_id("aaaaaa1", 1), sku("bbbbbb2", 1), us) is None
    assert BOTH.of(None, None, us, "view") is None


def test_a_row_outside_the_plan_is_foreign() -> None:
    known = user_id("aaaaaa1", 1)
    assert BOTH.of(known, None, time_of(A, 0, 0) + 1) is None
    assert BOTH.of(known, None, BASE + A.span_us) is None
    assert BOTH.of(known, None, time_of(A, 0, 0, A.late_units + 1)) is None
    assert BOTH.of(explicit_user(Identity("aaaaaa1", 3, 0)), None, BASE) is None
    assert BOTH.of("user_12345", "SKU-1001", BASE, "view") is None
    assert BOTH.payload(token(Identity("aaaaaa1", 0, 10**17)).encode()) is None
    assert BOTH.payload(b"") is None


@given(EVENTS)
def test_a_payload_is_known_whether_as_sent_or_as_the_flat_record(event: tuple[Manifest, int, int, int]) -> None:
    run, worker, index, late = event
    us = time_of(run, worker, index, late)
    text = f"{pa.scalar(us, pa.timestamp('us')).as_py().isoformat(timespec='microseconds')}"
    expected = Identity(run.run, worker, index)
    sent = f'{{"timestamp":"{text}Z","event_name":"view","user_identifiers":{{"id":"{user_id(run.run, 3)}"}}}}'
    flat = f'{{"event_datetime":"{text.rstrip("0").rstrip(".")}Z","user_id":null,"SKU":"{sku(run.run, 4)}"}}'
    assert BOTH.payload(sent.encode()) == expected
    assert BOTH.payload(flat.encode()) == expected


def test_two_manifests_of_one_run_are_refused() -> None:
    with pytest.raises(ValueError, match="two manifests of the same run: aaaaaa1"):
        Identifier([A, B, A])
