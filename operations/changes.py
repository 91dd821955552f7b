"""What terraform's machine-readable output says of a plan: changes by action and module, and warnings by name.

The lines are those of `terraform plan -json` (Terraform documentation, "Machine-Readable UI"). What changes inside of a
resource is not in them; `attributes` takes it from `terraform show -json` (documentation, "JSON Output Format").
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Action(Enum):
    """What would be done to a resource; a closed set, terraform's own words."""

    NONE = "noop"
    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    MOVE = "move"
    IMPORT = "import"
    FORGET = "remove"


COUNTED = {Action.CREATE: "add", Action.UPDATE: "change", Action.REPLACE: "replace", Action.DELETE: "destroy"}
"""The actions that a count of a plan tells, in this order, and their names there."""


@dataclass(frozen=True)
class Change:
    """One resource that an apply would change."""

    address: str
    module: str
    """Address of its module, e.g. `module.lake`; empty for the root."""
    action: Action
    attributes: tuple[str, ...] = ()
    """Names of the top-level arguments that differ; empty unless the resource is updated or replaced."""


@dataclass(frozen=True)
class Warned:
    """One warning of terraform."""

    name: str
    """The check that warned, e.g. `check "accepted_dates"`, else the resource or terraform's summary."""
    text: str


@dataclass(frozen=True)
class Changes:
    """What an apply would do."""

    changes: tuple[Change, ...]
    """Resources that change, by address; those that do not are left out."""
    outputs: tuple[str, ...]
    """Names of outputs that would change."""
    warnings: tuple[Warned, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.changes and not self.outputs

    @property
    def replaced(self) -> tuple[str, ...]:
        """Addresses that would be destroyed and made again, or destroyed."""
        return tuple(change.address for change in self.changes if change.action in (Action.REPLACE, Action.DELETE))

    def counts(self, module: str | None = None) -> dict[str, int]:
        """Resources to `add`, `change`, `replace` and `destroy`, in all or in one module."""
        found = Counter(change.action for change in self.changes if module is None or change.module == module)
        return {name: found[action] for action, name in COUNTED.items()}

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules with a change, the root (an empty name) first."""
        return tuple(sorted({change.module for change in self.changes}))


def read(printed: str, attributes: Mapping[str, tuple[str, ...]] | None = None) -> Changes:
    """The plan that `terraform plan -json` printed."""
    changes: dict[str, Change] = {}
    outputs: tuple[str, ...] = ()
    warnings: dict[Warned, None] = {}
    for line in _lines(printed):
        match line.get("type"):
            case "planned_change":
                resource, action = line["change"]["resource"], Action(line["change"]["action"])
                if action not in (Action.NONE, Action.READ):
                    address = resource["addr"]
                    changes[address] = Change(address, resource["module"], action, (attributes or {}).get(address, ()))
            case "outputs":
                outputs = tuple(name for name, output in line["outputs"].items() if output.get("action") not in (None, "noop"))
            case "diagnostic" if line["diagnostic"]["severity"] == "warning":
                warnings[_warned(line["diagnostic"])] = None
    return Changes(tuple(changes[address] for address in sorted(changes)), tuple(sorted(outputs)), tuple(warnings))


def error_text(printed: str) -> str:
    """What went wrong, as terraform would have said it to a person: JSON lines of errors turned into text, other lines kept."""
    said = []
    for line in printed.splitlines():
        parsed = _parsed(line)
        if parsed is None:
            said.append(line)
        elif parsed.get("type") == "diagnostic" and parsed["diagnostic"]["severity"] == "error":
            where = parsed["diagnostic"].get("address")
            said += [f"Error: {parsed['diagnostic']['summary']}", *([f"with {where}"] if where else [])]
            said += parsed["diagnostic"].get("detail", "").splitlines()
    return "\n".join(said)


def attributes(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Top-level arguments that differ, by address, from what `terraform show -json` printed of a plan."""
    found = {}
    for resource in document.get("resource_changes", []):
        change = resource["change"]
        before, after, unknown = (change.get(name) or {} for name in ("before", "after", "after_unknown"))
        if change["actions"] == ["update"] or set(change["actions"]) == {"create", "delete"}:
            names = {*before, *after, *unknown}
            found[resource["address"]] = tuple(
                sorted(name for name in names if unknown.get(name) or before.get(name) != after.get(name)),
            )
    return found


def _warned(diagnostic: Mapping[str, Any]) -> Warned:
    context = (diagnostic.get("snippet") or {}).get("context") or ""
    name = context if context.startswith("check ") else diagnostic.get("address") or diagnostic["summary"]
    return Warned(name, " ".join((diagnostic.get("detail") or diagnostic["summary"]).split()))


def _lines(printed: str) -> Iterator[dict[str, Any]]:
    return (parsed for parsed in map(_parsed, printed.splitlines()) if parsed is not None)


def _parsed(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def summary(changes: Changes) -> str:
    """The counts in one line, as people read them."""
    counted = ", ".join(f"{count} to {name}" for name, count in changes.counts().items())
    others = _others(changes.changes)
    outputs = f"; {len(changes.outputs)} outputs change" if changes.outputs else ""
    return f"Plan: {counted}{others}{outputs}; {_warnings(len(changes.warnings))}."


def _others(changes: Iterable[Change]) -> str:
    found = Counter(change.action for change in changes if change.action not in COUNTED)
    return "".join(f", {count} to {action.value}" for action, count in found.items())


def _warnings(count: int) -> str:
    return "no warning" if count == 0 else f"{count} warning{'s' if count > 1 else ''}"
