"""Log lines of functions, on their way into moto's CloudWatch Logs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from moto.awslambda.models import lambda_backends
from moto.logs.models import logs_backends


def write_log(account_id: str, region: str, group: str, stream: str, lines: Sequence[str]) -> None:
    """Append lines to a log stream; the group and the stream are made where they are missing, as Lambda does.

    Lines that a deleted function left behind do not bring its deleted group back.
    """
    backend = logs_backends[account_id][region]
    if group not in backend.groups:
        if not any(function.logs_group_name == group for function in lambda_backends[account_id][region].list_functions(None)):
            return
        backend.ensure_log_group(group)
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])
