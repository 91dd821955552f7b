"""Scenarios and the command line: what is asked for is what is done, and what cannot be is refused by name."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import schema
from console import TextOutput
from manifest.draws import SHARES
from producer_sim import report, scenario
from producer_sim.command_line import main
from producer_sim.errors import ScenarioError
from producer_sim.send_file import Sent, lines_of
from simulated_events.classes import Group, assemble

CLASSES = assemble(schema.load())


def shares_of(found: scenario.Scenario) -> dict[str, float]:
    up_to = found.up_to(CLASSES)
    shares = [(after - before) / SHARES for before, after in zip([0, *up_to], up_to, strict=False)]
    return {known.name: share for known, share in zip(CLASSES, shares, strict=True)}


@pytest.mark.parametrize("name", sorted(path.stem for path in scenario.SHIPPED.glob("*.toml")))
def test_each_shipped_scenario_gives_away_everything(name: str) -> None:
    found = scenario.load(name)
    assert found.up_to(CLASSES)[-1] == SHARES
    shares = shares_of(found)
    for group in set(Group) - {Group.VALID}:
        in_group = sum(shares[known.name] for known in CLASSES if known.group is group and known.name not in found.classes)
        assert in_group == pytest.approx(found.groups.get(group, 0.0), abs=1e-6)


def test_the_clean_scenario_has_valid_events_alone() -> None:
    assert shares_of(scenario.load("clean"))["valid"] == 1.0


def test_a_group_can_be_changed_and_a_class_can_have_its_own_share(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "x"\n[groups]\nbad = 0.5\n[classes]\n"not_json:bom" = 0.25\n')
    found = shares_of(scenario.load(str(path)).changed({Group.BAD: 0.1, Group.LATE: 0.2}))
    assert found["not_json:bom"] == pytest.approx(0.25)
    assert found["valid"] == pytest.approx(0.45)
    assert found["late_hours"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[groups]\nbad = 1.5", "groups.bad is 1.5; a share is a number from 0 to 1"),
        ("[groups]\nbad = true", "groups.bad is True"),
        ("[groups]\nworse = 0.1", "there is no group worse; there are late, duplicate, varied, missing, bad"),
        ("[classes]\nodd = 0.1", "there is no class odd"),
        ("[groups]\nbad = 0.6\nlate = 0.6", "the shares add up to 1.200"),
        ("groups = 3", "groups must be a table"),
        ("[speed]\n", "unknown speed"),
        ("bad = ", "is not TOML"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        scenario.load(str(path)).up_to(CLASSES)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["load"], "one of the arguments --events --duration is required"),
        (["load", "--events", "0"], "argument --events: 0 is not from 1 to"),
        (["load", "--events", str(1 << 41)], "is not from 1 to 1,099,511,627,776"),
        (["load", "--events", "5", "--duration", "5"], "not allowed with argument"),
        (["load", "--events", "x"], "argument --events: 'x' is no whole number"),
        (["load", "--duration", "-1"], "argument --duration"),
        (["load", "--duration", "5y"], "argument --duration: '5y' is not a duration such as 90, 90s, 10m or 1h"),
        (["load", "--duration", "5", "--rate", "max"], "--duration needs a --rate; max has none"),
        (["load", "--events", "5", "--rate", "0"], "argument --rate: 0 is not from 0.001"),
        (["load", "--events", "5", "--rate", "nan"], "argument --rate: 'nan' is not a number"),
        (["load", "--events", "5", "--run", "No"], "argument --run: 'No' is not 6 to 12 of 0-9 and a-z"),
        (["load", "--events", "5", "--workers", "65"], "argument --workers: 65 is not from 1 to 64"),
        (["load", "--events", "5", "--seed", "-1"], "argument --seed: -1 is not from 0"),
        (["load", "--events", "5", "--share-bad", "2"], "argument --share-bad: 2 is not from 0 to 1"),
        (["load", "--events", "5", "--share-bad", "0.7", "--share-late", "0.7"], "the shares add up to"),
        (["load", "--events", "5", "--scenario", "none"], "scenario none: there is no such file. | Shipped are clean, hostile, mission."),
        (["load", "--events", "5", "--base", "yesterday"], "argument --base: 'yesterday' is no ISO 8601 time"),
        (["send", "/nowhere/x"], "/nowhere/x: cannot be read (No such file or directory)"),
        (["send", "/"], "/: cannot be read (Is a directory)"),
        (["event", "nothere.json", "0", "0"], "nothere.json: there is no such manifest"),
        (["play"], "invalid choice: 'play'"),
    ],
)
def test_bad_usage_is_refused_with_what_is_allowed(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--output", "json"]) == 2
    error = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert said in " | ".join([error["error"], *error["advice"]])


def test_without_a_stack_nothing_is_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "--events", "5", "--outputs", str(tmp_path / "outputs.json")]) == 3
    assert "no stack's outputs are kept there" in capsys.readouterr().err


def test_classes_are_listed_with_what_becomes_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classes", "--output", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {"class": "tombstone", "group": "bad", "becomes": "error", "reason": "empty_value", "times": 1} in rows
    assert len({row["class"] for row in rows}) == len(rows) == len(CLASSES)


def test_a_file_of_nothing_is_remarked_on(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_sent(Sent(0, 0, {}, Counter()), "user-events", TextOutput())
    assert "There was no line to send" in capsys.readouterr().err


def test_the_help_of_send_says_what_an_empty_line_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["send", "--help"])
    assert "An empty line is an empty value" in " ".join(capsys.readouterr().out.split())


def test_lines_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"a":1}\r\n\n \xff\n{"last": true}')
    with path.open("rb") as file:
        assert list(lines_of(file)) == [b'{"a":1}\r', b"", b" \xff", b'{"last": true}']
