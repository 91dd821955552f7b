"""The generated parts of the READMEs under `terraform/`: tables of a module, and examples that are planned in tests.

A README is written by hand, save between markers:

    <!-- begin example: minimal -->     the block `module "<this module>"` of examples/minimal/main.tf
    <!-- end example -->                of main.tf of the stack itself, where the name is `stack`

    <!-- begin tables -->               sections Resources, Inputs, Outputs
    <!-- end tables -->

`write` puts in what the sources say; `stale` names the READMEs where that would be a change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lint import modules
from lint.errors import NotWritten

TERRAFORM = Path(__file__).resolve().parent.parent / "terraform"
SECTIONS = ("Example", "Order", "Worth knowing", "Resources", "Inputs", "Outputs")
"""The sections of a module's README, in this order."""
_TABLES = re.compile(r"(<!-- begin tables -->\n).*?(<!-- end tables -->)", re.DOTALL)
_EXAMPLE = re.compile(r"(<!-- begin example: (?P<example>[\w-]+) -->\n).*?(<!-- end example -->)", re.DOTALL)


def documented(root: Path = TERRAFORM) -> list[Path]:
    """The directories whose README has generated parts: the stack, its modules, the bootstrap root and the examples."""
    children = (path for parent in ("modules", "examples") for path in sorted((root / parent).iterdir()) if path.is_dir())
    return [root, root / "bootstrap", *children]


def write(directories: Iterable[Path]) -> list[Path]:
    """Bring every README up to date; returns those that changed.

    Raises:
        NotWritten: a README, or its markers, are missing.
    """
    changed = []
    for directory in directories:
        readme = directory / "README.md"
        before, after = _read(readme), render(directory)
        if before != after:
            readme.write_text(after, encoding="utf-8")
            changed.append(readme)
    return changed


def stale(directories: Iterable[Path]) -> list[Path]:
    """The READMEs that `write` would change.

    Raises:
        NotWritten: a README, or its markers, are missing.
    """
    return [directory / "README.md" for directory in directories if _read(directory / "README.md") != render(directory)]


def render(directory: Path) -> str:
    """The README of a directory with its generated parts as the sources say."""
    readme = directory / "README.md"
    text = _read(readme)
    if not _TABLES.search(text):
        raise NotWritten(f"{readme} has no place for its tables.", "Put `<!-- begin tables -->` and `<!-- end tables -->` at its end.")
    text = _EXAMPLE.sub(lambda found: f"{found[1]}{_example(directory, found['example'])}{found[3]}", text)
    return _TABLES.sub(lambda found: f"{found[1]}\n{_tables(directory)}\n{found[2]}", text)


def _read(readme: Path) -> str:
    if not readme.exists():
        headings = ", ".join(SECTIONS[:3])
        raise NotWritten(f"{readme} is missing.", f"Write what the module is for, then {headings}; the rest is generated (`make docs`).")
    return readme.read_text(encoding="utf-8")


def _example(module: Path, name: str) -> str:
    root = module.parent.parent
    source = (root if name == "stack" else root / "examples" / name) / "main.tf"
    block = modules.block_text(source, f'module "{module.name}"') if source.exists() else None
    if block is None:
        raise NotWritten(f'{module / "README.md"} shows module "{module.name}" of {source}, where there is none.', "Name another example.")
    return f"\n```hcl\n{block}\n```\n\n"


def _tables(directory: Path) -> str:
    made = [(part.section, ", ".join(f"`{address}`" for address in part.addresses)) for part in modules.made(directory)]
    inputs = [
        (
            f"`{item.name}`",
            _cell(item.description),
            f"`{_cell(item.type)}`",
            "required" if item.default is modules.REQUIRED else _default(item),
        )
        for item in modules.variables(directory)
    ]
    outputs = [(f"`{item.name}`", _cell(item.description)) for item in modules.outputs(directory)]
    return "\n".join(
        (
            _table("Resources", ("section", "what it makes or reads"), made),
            _table("Inputs", ("name", "what it is", "type", "default"), inputs),
            _table("Outputs", ("name", "what it is"), outputs),
        )
    )


def _default(variable: modules.Variable) -> str:
    return f"`{_cell(modules.expression(variable.default))}`"


def _table(heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]
    return f"## {heading}\n\n" + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """One line of a table: lists keep their lines by <br>, and no bar ends the cell."""
    return re.sub(r"\s*\n- ", "<br>• ", text).replace("\n", " ").replace("|", "\\|")
