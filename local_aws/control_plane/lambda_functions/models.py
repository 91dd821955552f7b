"""The Lambda backend: moto's, whose functions the local runner runs.

A running environment has the code and configuration with which it started, so the runner forgets a function when it
is deleted; a changed one is told by its fingerprint.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.core.exceptions import JsonRESTError

from console import PipelineError
from local_aws.control_plane.services import Services


class RunningLambdaBackend(LambdaBackend):
    """All functions of one account and region."""

    def create_function(self, spec: dict[str, Any]) -> LambdaFunction:
        """Refuses by name what cannot run here; on AWS the same code says that a parameter's value is invalid."""
        if spec.get("PackageType") == "Image":
            raise _refused("PackageType Image", "use Zip.")
        if spec.get("Layers"):
            raise _refused("Layers", "put the code in the zip.")
        _check_observability(spec)
        try:
            Services.installed.functions.check(str(spec.get("Runtime")), (spec.get("Architectures") or ["x86_64"])[0])
        except PipelineError as error:
            raise LambdaClientError("InvalidParameterValueException", str(error)) from error
        return super().create_function(spec)

    def update_function_configuration(self, function_name: str, qualifier: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Refuses by name what cannot run here, as `create_function` does."""
        _check_observability(body)
        updated: dict[str, Any] | None = super().update_function_configuration(function_name, qualifier, body)
        return updated

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        super().delete_function(function_name, qualifier)
        Services.installed.functions.forget(arn)

    def put_function_event_invoke_config(self, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        """Replaces what was there, as AWS does; moto would keep answering the first."""
        self.get_function(function_name).event_invoke_config.clear()
        answer: dict[str, Any] = super().put_function_event_invoke_config(function_name, config)
        return answer

    def invoke(self, *_: Any, **__: Any) -> str | bytes | None:
        """Invocations never come here: the front takes them before moto, as bytes."""
        raise JsonRESTError("ServiceException", "Invoke must be sent to the target's front.")


def _check_observability(spec: Mapping[str, Any]) -> None:
    """Traces go nowhere here, and a log has the runtime's own lines as text."""
    if (spec.get("TracingConfig") or {}).get("Mode", "PassThrough") != "PassThrough":
        raise _refused("TracingConfig.Mode Active", "leave tracing off.")
    logging = spec.get("LoggingConfig") or {}
    if logging.get("LogFormat", "Text") != "Text":
        raise _refused(f"LoggingConfig.LogFormat {logging['LogFormat']}", "use Text.")
    for name in sorted(logging.keys() - {"LogFormat", "LogGroup"}):
        raise _refused(f"LoggingConfig.{name}", "leave it out.")


def _refused(what: str, instead: str) -> LambdaClientError:
    return LambdaClientError("InvalidParameterValueException", f"The local target does not implement {what}: {instead}")


def write_zip(function: LambdaFunction, directory: Path) -> Path:
    """The deployed package as a file, named by its hash; written once. Safe to call from several threads."""
    name = "".join(letter if letter.isalnum() else "-" for letter in function.code_sha_256)
    path = directory / f"{name}.zip"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=directory, prefix=f"{name}.", suffix=".tmp", delete=False) as temporary:
            temporary.write(function.code_bytes)
        Path(temporary.name).replace(path)
    return path
