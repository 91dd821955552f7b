"""The READMEs under terraform/: their generated parts are true, their written parts have the same order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lint import modules, readmes
from lint.errors import NotWritten

MODULES = sorted(path for path in (readmes.TERRAFORM / "modules").iterdir() if path.is_dir())
VARIABLES = """variable "size" {
  description = "How large; \\"big\\" | small."
  type        = number
}

variable "more" {
  description = <<-EOT
    What else:
    - `a`: one,
    - `b`: two.
  EOT
  type = object({
    a = string
    b = optional(list(string), ["x"])
  })
  default = {}
}

variable "none" {
  description = "Nothing."
  type        = string
  default     = null
}
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module with one example, and a README without its generated parts."""
    example, made = tmp_path / "examples" / "small", tmp_path / "modules" / "box"
    for directory in (example, made):
        directory.mkdir(parents=True)
    banner = "#" * 80
    (made / "variables.tf").write_text(VARIABLES, encoding="utf-8")
    (made / "outputs.tf").write_text('output "id" {\n  description = "The box."\n  value       = 1\n}\n', encoding="utf-8")
    (made / "main.tf").write_text(
        f'data "aws_region" "current" {{}}\n\n{banner}\n# Box\n{banner}\n\nresource "aws_box" "this" {{}}\n\nmodule "lid" {{}}\n',
        encoding="utf-8",
    )
    (example / "main.tf").write_text(
        'module "box" {\n  source = "../../modules/box"\n\n  size = 1\n}\n\nmodule "other" {}\n', encoding="utf-8"
    )
    marks = "<!-- begin example: small -->\n<!-- end example -->\n\n<!-- begin tables -->\nold\n<!-- end tables -->\n"
    (made / "README.md").write_text(f"# box\n\nWhat for.\n\n{marks}", encoding="utf-8")
    return made


@pytest.mark.parametrize("directory", readmes.documented(), ids=lambda path: path.relative_to(readmes.TERRAFORM).as_posix())
def test_the_generated_parts_are_what_the_sources_say(directory: Path) -> None:
    assert readmes.stale([directory]) == [], "run `make docs`"


@pytest.mark.parametrize("directory", MODULES, ids=lambda path: path.name)
def test_every_module_explains_itself_in_the_same_order(directory: Path) -> None:
    text = (directory / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^# (.+)$", text, re.MULTILINE) == [directory.name]
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == readmes.SECTIONS
    purpose = text.partition("\n")[2].partition("\n## ")[0].strip()
    assert len(purpose.split()) >= 15, "say what the module is for"


def test_tables_hold_every_variable_output_and_resource(module: Path) -> None:
    assert readmes.write([module]) == [module / "README.md"]
    text = (module / "README.md").read_text(encoding="utf-8")
    assert '| `size` | How large; "big" \\| small. | `number` | required |' in text
    assert (
        '| `more` | What else:<br>• `a`: one,<br>• `b`: two. | `object({a = string, b = optional(list(string), ["x"])})` | `{}` |' in text
    )
    assert "| `none` | Nothing. | `string` | `null` |" in text
    assert "| `id` | The box. |" in text
    assert "|  | `data.aws_region.current` |\n| Box | `aws_box.this`, `module.lid` |" in text
    assert "old" not in text
    assert readmes.stale([module]) == []
    assert readmes.write([module]) == []


def test_an_example_is_the_block_that_is_planned(module: Path) -> None:
    readmes.write([module])
    text = (module / "README.md").read_text(encoding="utf-8")
    assert '```hcl\nmodule "box" {\n  source = "../../modules/box"\n\n  size = 1\n}\n```' in text


def test_a_change_of_the_sources_makes_a_readme_stale(module: Path) -> None:
    readmes.write([module])
    outputs = module / "outputs.tf"
    outputs.write_text(outputs.read_text(encoding="utf-8").replace("The box.", "The crate."), encoding="utf-8")
    assert readmes.stale([module]) == [module / "README.md"]


def test_a_readme_without_a_place_for_its_tables_is_named(module: Path) -> None:
    (module / "README.md").write_text("# box\n", encoding="utf-8")
    with pytest.raises(NotWritten, match="has no place for its tables"):
        readmes.write([module])


def test_a_missing_readme_is_named(module: Path) -> None:
    (module / "README.md").unlink()
    with pytest.raises(NotWritten, match=r"README\.md is missing"):
        readmes.stale([module])


def test_an_example_that_is_not_there_is_named(module: Path) -> None:
    readme = module / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace("example: small", "example: large"), encoding="utf-8")
    with pytest.raises(NotWritten, match="Name another example"):
        readmes.write([module])


@pytest.mark.parametrize(
    ("read", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        ([], "[]"),
        ({"a": '"b"', "__is_block__": True}, '{ a = "b" }'),
        ("${list(string)}", "list(string)"),
    ],
)
def test_values_are_shown_as_they_are_written(read: object, shown: str) -> None:
    assert modules.expression(read) == shown
