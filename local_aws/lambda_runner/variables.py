"""The environment variables of a function's process: what AWS documents, and nothing of this machine's.

Lambda developer guide, "Defined runtime environment variables". Reserved ones win over the function's own, the
others may be set by it. Not as on AWS: HOME and TMPDIR name a folder of this environment alone, so that the user's
own AWS configuration is never read and functions do not meet in /tmp; AWS_ENDPOINT_URL names the local target.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local_aws.lambda_runner.function import Function, RoleCredentials


def variables(
    function: Function,
    credentials: RoleCredentials,
    *,
    task_root: Path,
    runtime_dir: Path,
    scratch: Path,
    runtime_api: str,
    log_stream: str,
    region: str,
    endpoint_url: str,
) -> Mapping[str, str]:
    """The whole environment of the process."""
    unreserved = {
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "AWS_ENDPOINT_URL": endpoint_url,
    }
    reserved = {
        "_HANDLER": function.handler,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": str(runtime_dir),
        "TZ": ":UTC",
    }
    return {**unreserved, **function.environment, **reserved}
