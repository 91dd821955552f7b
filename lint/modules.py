"""What a Terraform module takes, gives and makes, read from its files with python-hcl2.

Sections are the banners of the files. Nothing is planned or evaluated: a default is shown as it is written.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

_BANNER = re.compile(r"^#{80}\n# (?P<section>.+)\n#{80}$", re.MULTILINE)
_BLOCK = re.compile(r'^(?P<kind>resource|data) "(?P<type>\w+)" "(?P<name>\w+)"|^module "(?P<module>\w+)"', re.MULTILINE)
_WITHOUT_RESOURCES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "rules.tf"}
"""Read already, or without anything that is made: what rules.tf declares makes nothing."""
REQUIRED = object()
"""The default of a variable that has none; `None` is the default null."""


@dataclass(frozen=True)
class Variable:
    """One input."""

    name: str
    description: str
    type: str
    """As in the source, on one line."""
    default: Any
    """REQUIRED, or the value as python-hcl2 reads it."""


@dataclass(frozen=True)
class ModuleOutput:
    """One output."""

    name: str
    description: str


@dataclass(frozen=True)
class Made:
    """What one section declares: addresses, data sources with their `data.`, in the file's order."""

    section: str
    addresses: tuple[str, ...]


def variables(module: Path) -> list[Variable]:
    """The module's inputs in the order of variables.tf."""
    return [
        Variable(name, text_of(body["description"]), expression(body["type"]), body.get("default", REQUIRED))
        for name, body in _blocks(module / "variables.tf", "variable")
    ]


def outputs(module: Path) -> list[ModuleOutput]:
    """The module's outputs in the order of outputs.tf."""
    return [ModuleOutput(name, text_of(body["description"])) for name, body in _blocks(module / "outputs.tf", "output")]


def made(module: Path) -> list[Made]:
    """What each section declares, main.tf first and then the files beside it; sections without a resource are left out."""
    sections: dict[str, list[str]] = {}
    for path in [module / "main.tf", *sorted(path for path in module.glob("*.tf") if path.name not in _WITHOUT_RESOURCES)]:
        source = path.read_text(encoding="utf-8")
        banners = [(found.start(), found["section"]) for found in _BANNER.finditer(source)]
        for block in _BLOCK.finditer(source):
            section = next((name for start, name in reversed(banners) if start < block.start()), "")
            address = f"module.{block['module']}" if block["module"] else f"{block['type']}.{block['name']}"
            sections.setdefault(section, []).append(f"data.{address}" if block["kind"] == "data" else address)
    return [Made(section, tuple(addresses)) for section, addresses in sections.items()]


def block_text(path: Path, opening: str) -> str | None:
    """The text of the block that begins with `opening` in the first column, to its closing brace; None if there is none."""
    found = re.search(rf"^{re.escape(opening)}.*?^\}}$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return found[0] if found else None


def text_of(value: str) -> str:
    """A quoted string or a heredoc without its frame."""
    if value.startswith('"<<'):
        _, _, body = value.strip('"').partition("\n")
        return textwrap.dedent(body.rpartition("\n")[0]).strip()
    return value.removeprefix('"').removesuffix('"').replace('\\"', '"')


def expression(value: Any) -> str:
    """A value as HCL on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(expression(item) for item in value)}]"
    if isinstance(value, dict):
        items = ", ".join(f"{key} = {expression(item)}" for key, item in value.items() if not key.startswith("__"))
        return f"{{ {items} }}" if items else "{}"
    text = str(value)
    return text[2:-1] if text.startswith("${") and text.endswith("}") else text


def _blocks(path: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8") as file:
        document: dict[str, Any] = hcl2.load(file)
    for block in document.get(kind, []):
        for name, body in block.items():
            if isinstance(body, dict):
                yield name.strip('"'), body
