"""Which share of the stream each class has: a scenario file (TOML), changed by the command line.

    description = "..."
    [groups]                  # a group's share of all events, divided among its classes by their weights
    bad = 0.02
    [classes]                 # a class's own share of all events, taken out of its group's division
    "not_json:bom" = 0.001

What is left is plain and valid.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manifest.draws import SHARES
from producer_sim.errors import ScenarioError
from simulated_events.classes import EventClass, Group

SHIPPED = Path(__file__).with_name("scenarios")
DEFAULT = "mission"


@dataclass(frozen=True)
class Scenario:
    """Shares of all events, each from 0 to 1, by group and by class."""

    groups: Mapping[Group, float] = field(default_factory=dict)
    classes: Mapping[str, float] = field(default_factory=dict)

    def up_to(self, classes: Sequence[EventClass]) -> list[int]:
        """The classes' cumulative shares out of 2^32, in their order.

        Raises:
            ScenarioError: a class is not known, or the shares leave nothing.
        """
        if unknown := sorted(set(self.classes) - {known.name for known in classes}):
            raise ScenarioError(f"scenario: there is no class {', '.join(unknown)}.", "`python -m producer_sim classes` lists them.")
        weights: dict[Group, float] = {}
        for known in classes:
            if known.name not in self.classes:
                weights[known.group] = weights.get(known.group, 0.0) + known.weight
        shares = [
            self.classes.get(known.name, self.groups.get(known.group, 0.0) * known.weight / weights.get(known.group, 1.0))
            for known in classes
        ]
        others = sum(shares[1:])
        if others > 1 + 1e-9:
            raise ScenarioError(f"scenario: the shares add up to {others:.3f}; at most 1 can be given away.")
        shares[0] = 1 - others
        total, found = 0.0, []
        for share in shares:
            total += share
            found.append(min(SHARES, round(total * SHARES)))
        last = max(at for at, share in enumerate(shares) if share > 0)
        return [*found[:last], *[SHARES] * (len(found) - last)]

    def changed(self, groups: Mapping[Group, float]) -> Scenario:
        """This scenario with other shares for some groups."""
        return Scenario({**self.groups, **groups}, self.classes)


def load(name: str) -> Scenario:
    """A shipped scenario by its name, or a file's.

    Raises:
        ScenarioError: there is none, it is no TOML, or it says what a scenario cannot say.
    """
    shipped = SHIPPED / f"{name}.toml"
    path = shipped if shipped.is_file() else Path(name)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(found.stem for found in SHIPPED.glob("*.toml")))
        raise ScenarioError(f"scenario {name}: there is no such file.", f"Shipped are {known}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"scenario {name}: cannot be read ({error}).") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"scenario {path}: is not TOML ({error}).") from None
    if unknown := sorted(set(document) - {"description", "groups", "classes"}):
        raise ScenarioError(f"scenario {path}: unknown {', '.join(unknown)}; allowed are description, [groups] and [classes].")
    groups = _shares(path, "groups", document.get("groups", {}))
    allowed = [group.value for group in Group if group is not Group.VALID]
    if wrong := sorted(set(groups) - set(allowed)):
        raise ScenarioError(f"scenario {path}: there is no group {', '.join(wrong)}; there are {', '.join(allowed)}.")
    return Scenario({Group(key): share for key, share in groups.items()}, _shares(path, "classes", document.get("classes", {})))


def _shares(path: Path, table: str, found: Any) -> dict[str, float]:
    if not isinstance(found, dict):
        raise ScenarioError(f"scenario {path}: {table} must be a table, [{table}].")
    for key, share in found.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ScenarioError(f"scenario {path}: {table}.{key} is {share!r}; a share is a number from 0 to 1.")
    return {key: float(share) for key, share in found.items()}
