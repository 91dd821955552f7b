"""What is made of terraform's machine-readable output: counts, names, warnings, errors in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operations import changes
from operations.changes import Action


def planned(address: str, action: str) -> dict[str, Any]:
    module = ".".join(address.split(".")[:2]) if address.startswith("module.") else ""
    return {"type": "planned_change", "change": {"resource": {"addr": address, "module": module}, "action": action}}


def diagnostic(severity: str, summary: str, detail: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "diagnostic", "diagnostic": {"severity": severity, "summary": summary, "detail": detail, **more}}


def lines(*found: dict[str, Any]) -> str:
    return "\n".join(["Initializing...", *map(json.dumps, found)])


def test_changes_are_counted_in_all_and_by_module() -> None:
    found = changes.read(
        lines(
            planned("module.lake.aws_s3_bucket.this", "create"),
            planned("module.lake.aws_glue_catalog_table.events", "update"),
            planned("module.kafka.aws_msk_cluster.this", "replace"),
            planned("terraform_data.rules", "delete"),
            planned("module.lake.data.aws_partition.current", "read"),
            planned("module.lake.aws_s3_bucket_policy.this", "noop"),
        )
    )
    assert found.counts() == {"add": 1, "change": 1, "replace": 1, "destroy": 1}
    assert found.counts("module.lake") == {"add": 1, "change": 1, "replace": 0, "destroy": 0}
    assert found.modules == ("", "module.kafka", "module.lake")
    assert found.replaced == ("module.kafka.aws_msk_cluster.this", "terraform_data.rules")
    assert changes.summary(found) == "Plan: 1 to add, 1 to change, 1 to replace, 1 to destroy; no warning."


def test_an_action_that_is_not_counted_is_still_said() -> None:
    found = changes.read(lines(planned("module.lake.aws_s3_bucket.this", "move")))
    assert not found.empty
    assert "1 to move" in changes.summary(found)


def test_an_unknown_action_is_an_error() -> None:
    with pytest.raises(ValueError, match="evaporate"):
        changes.read(lines(planned("aws_s3_bucket.this", "evaporate")))


def test_a_plan_without_changes_is_empty_unless_an_output_changes() -> None:
    assert changes.read(lines({"type": "outputs", "outputs": {"bucket": {"sensitive": False, "action": "noop"}}})).empty
    assert changes.read(lines({"type": "outputs", "outputs": {"bucket": {"sensitive": False, "action": "create"}}})).outputs == ("bucket",)


def test_a_warning_has_the_name_of_its_check_or_its_resource() -> None:
    check = diagnostic("warning", "Check block assertion failed", "Too many\ndates.", snippet={"context": 'check "accepted_dates"'})
    resource = diagnostic("warning", "Argument is deprecated", "Use another.", address="module.lake.aws_s3_bucket.this")
    other = diagnostic("warning", "Version constraints inside provider blocks are deprecated")
    found = changes.read(lines(check, check, resource, other)).warnings
    assert [(one.name, one.text) for one in found] == [
        ('check "accepted_dates"', "Too many dates."),
        ("module.lake.aws_s3_bucket.this", "Use another."),
        ("Version constraints inside provider blocks are deprecated", "Version constraints inside provider blocks are deprecated"),
    ]


def test_errors_are_said_in_words_and_warnings_are_left_out() -> None:
    said = changes.error_text(
        lines(
            diagnostic("warning", "Deprecated"),
            diagnostic("error", "Resource precondition failed", "Set it\nto 64.", address="terraform_data.rules"),
        )
    )
    assert said.splitlines() == [
        "Initializing...",
        "Error: Resource precondition failed",
        "with terraform_data.rules",
        "Set it",
        "to 64.",
    ]


def test_arguments_that_differ_are_named_for_what_is_updated_or_replaced() -> None:
    document = {
        "resource_changes": [
            {
                "address": "a",
                "change": {
                    "actions": ["update"],
                    "before": {"memory": 1, "name": "x", "version": "1"},
                    "after": {"memory": 2, "name": "x"},
                    "after_unknown": {"version": True},
                },
            },
            {
                "address": "b",
                "change": {"actions": ["delete", "create"], "before": {"name": "x"}, "after": {"name": "y"}, "after_unknown": {}},
            },
            {"address": "c", "change": {"actions": ["create"], "before": None, "after": {"name": "z"}, "after_unknown": {}}},
            {"address": "d", "change": {"actions": ["no-op"], "before": {"name": "z"}, "after": {"name": "z"}, "after_unknown": {}}},
        ]
    }
    assert changes.attributes(document) == {"a": ("memory", "version"), "b": ("name",)}
    (change,) = changes.read(lines(planned("a", "update")), changes.attributes(document)).changes
    assert (change.action, change.attributes) == (Action.UPDATE, ("memory", "version"))
