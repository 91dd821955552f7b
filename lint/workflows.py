"""The linters of the GitHub workflows: actionlint for what they say, zizmor for how they could be abused."""

from __future__ import annotations

from pathlib import Path

from console import Output
from lint import tools


def check(checkout: Path, output: Output) -> None:
    """Run both over `.github/workflows`.

    Raises:
        Findings: with the linter's own words.
        MissingTool: a linter is not there.
    """
    files = sorted((checkout / ".github" / "workflows").glob("*.yml"))
    names = [str(path.relative_to(checkout)) for path in files]
    actionlint = tools.go_tool(tools.ACTIONLINT, checkout, output)
    # Neither shellcheck nor pyflakes: what they find depends on what the machine has.
    tools.run("actionlint", [str(actionlint), "-no-color", "-shellcheck=", "-pyflakes=", *names], where=checkout)
    output.result("actionlint", {"files": names}, f"actionlint: {len(names)} workflows, no issue.")
    zizmor = tools.python_tool(tools.ZIZMOR, checkout, output)
    command = [str(zizmor), "--offline", "--no-progress", "--persona=pedantic", f"--config={tools.LINT / 'zizmor.yml'}", *names]
    tools.run("zizmor", command, where=checkout)
    output.result("zizmor", {"files": names}, f"zizmor: {len(names)} workflows, no finding.")
