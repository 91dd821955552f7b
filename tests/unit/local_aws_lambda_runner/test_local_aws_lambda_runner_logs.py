"""What a function prints, cut into log events, and how they are carried away."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from local_aws.lambda_runner.logs import LogShipper, PrintedLines, tail


def printed(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_each_line_is_one_event_and_the_unfinished_one_waits_until_all_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = PrintedLines(path)
    printed(path, b"one\ntwo\nthr")
    assert lines.take(all_of_it=False) == ["one", "two"]
    printed(path, b"ee\nfour")
    assert lines.take(all_of_it=True) == ["three", "four"]
    assert lines.take(all_of_it=True) == []
    lines.close()


def test_what_an_earlier_process_printed_to_the_same_file_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "log"
    printed(path, b"old\n")
    lines = PrintedLines(path)
    printed(path, b"new\n")
    assert lines.take(all_of_it=True) == ["new"]
    lines.close()


def test_the_lines_of_a_traceback_are_one_event(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = PrintedLines(path)
    printed(path, b"[ERROR] ValueError: no\rTraceback (most recent call last):\r\xc2\xa0\xc2\xa0File\nnext\rline\n")
    assert lines.take(all_of_it=True) == ["[ERROR] ValueError: no\nTraceback (most recent call last):\n\xa0\xa0File", "next\rline"]
    lines.close()


def test_bytes_that_are_not_text_are_replaced_and_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = PrintedLines(path)
    printed(path, b"a\xffb\n")
    assert lines.take(all_of_it=True) == ["a\ufffdb"]
    lines.close()


def test_a_log_file_that_has_been_read_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = PrintedLines(path)
    printed(path, (b"x" * 99 + b"\n") * 50_000)
    assert len(lines.take(all_of_it=True)) == 50_000
    assert path.stat().st_size == 0
    printed(path, b"after\n")
    assert lines.take(all_of_it=True) == ["after"]
    lines.close()


def test_the_tail_is_the_last_four_kib() -> None:
    assert tail([]) == b""
    assert tail(["a", "b"]) == b"a\nb\n"
    long = tail(["x" * 5000, "end"])
    assert len(long) == 4096
    assert long.endswith(b"x\nend\n")


def test_lines_are_written_in_batches_and_in_order_and_stop_writes_what_waits() -> None:
    calls: list[tuple[str, str, list[str]]] = []
    shipper = LogShipper(lambda group, stream, lines: calls.append((group, stream, list(lines))))
    for number in range(100):
        shipper.write("g", f"s{number % 2}", [str(number)])
    shipper.stop()
    assert len(calls) < 20
    for stream in ("s0", "s1"):
        assert [line for _, name, lines in calls if name == stream for line in lines] == [str(n) for n in range(int(stream[1]), 100, 2)]


def test_a_writer_that_fails_or_hangs_holds_nothing_up_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    free = threading.Event()

    def hanging(group: str, stream: str, lines: Sequence[str]) -> None:
        free.wait(5)
        raise RuntimeError("CloudWatch is away")

    shipper = LogShipper(hanging)
    started = time.monotonic()
    for _ in range(1000):
        shipper.write("g", "s", ["line"])
    assert time.monotonic() - started < 0.5
    free.set()
    shipper.stop()
    assert shipper.notices() == ["1,000 log lines of g were lost; the control plane's log says why."]
    told = [record for record in caplog.records if "are lost" in record.getMessage()]
    assert len(told) == 1
    assert "CloudWatch is away" in caplog.text
