"""Where an interpreter has the packages that AWS's Python runtime brings: prints one JSON object.

Run as a script by the interpreter in question, with any of the supported versions; it imports nothing of this project.
`links` maps the names that belong in the runtime's folder to where they are; `missing` names what is not installed.
"""

import json
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution

BROUGHT = ("awslambdaric", "boto3")
"""AWS's Python runtimes contain the runtime client and the SDK (developer guide, "Runtime-included SDK versions")."""


def layout() -> dict[str, object]:
    links: dict[str, str] = {}
    missing: list[str] = []
    versions: dict[str, str] = {}
    pending = list(BROUGHT)
    while pending:
        name = pending.pop()
        if name in versions or name in missing:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        versions[name] = found.version
        for file in found.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__", "/"):
                links[top] = str(found.locate_file(top))
        for requirement in found.requires or ():
            if "extra ==" not in requirement:
                pending.append(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0])
    return {"python": platform.python_version(), "executable": sys.executable, "links": links, "missing": missing, "versions": versions}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(layout()))
