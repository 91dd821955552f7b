"""The WSGI application of the target: routes each request and logs each AWS call.

    /_local/...                                          this target's own questions, `internal`
    POST /2015-03-31/functions/{function}/invocations    Lambda invocations, `lambda_functions.invocations`
    everything else                                      moto

Whatever fails unexpectedly is answered in the shape of an AWS error with status 500, and its traceback is logged.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Iterable

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local_aws.control_plane.body import IncompleteBody, WholeBody
from local_aws.control_plane.call_log import CallLog
from local_aws.control_plane.faults import Answer, fault, status_line
from local_aws.control_plane.internal import Internal
from local_aws.control_plane.lambda_functions.invocations import Invocations
from local_aws.control_plane.naming import Named, name_of
from local_aws.control_plane.principals import Principals
from local_aws.control_plane.server import Environ, StartResponse

log = logging.getLogger(__name__)

_NOT_OURS = frozenset({"connection", "keep-alive", "transfer-encoding"})
"""Headers about the connection, which the server alone decides on."""
_INVOCATION = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations/?$")


class Front:
    """The target's WSGI application."""

    def __init__(self, principals: Principals, calls: CallLog, internal: Internal, invocations: Invocations) -> None:
        self._principals = principals
        self._calls = calls
        self._internal = internal
        self._invocations = invocations
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.bytes_moved = 0
        """Of bodies, both ways, since someone last set it to 0; about right, since many threads add to it."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith("/_local/"):
            return _send(self._internal.answer(environ), environ, start_response)
        began = time.perf_counter()
        body = WholeBody(environ["wsgi.input"], _length(environ)) if environ.get("CONTENT_LENGTH") else None
        if body is not None:
            environ["wsgi.input"] = body
        try:
            named = name_of(environ)
        except IncompleteBody as error:
            return _send(fault(environ, "s3", 400, "IncompleteBody", str(error)), environ, start_response)
        if path.startswith("/moto-api"):  # it changes resources behind the processes that serve them
            return _send(_not_here(environ, named, "moto's own interface"), environ, start_response)
        try:
            invocation = _INVOCATION.match(path) if environ["REQUEST_METHOD"] == "POST" else None
            answer = self._invocations.answer(invocation[1], environ) if invocation else self._from_moto(environ, named)
        except NotImplementedError as error:
            answer = _not_here(environ, named, str(error))
        except Exception as error:
            log.exception("%s:%s failed", named.service, named.action)
            message = f"The local target failed at {named.service}:{named.action}: {type(error).__name__}: {error}"
            answer = fault(environ, named.service, 500, "InternalFailure", message)
        if body is not None and body.incomplete:  # moto makes a 500 of it; the client is gone and hears neither
            answer = fault(environ, named.service, 400, "IncompleteBody", "The body is shorter than its Content-Length.")
        self.bytes_moved += _length(environ) + len(answer.body)
        self._log(named, answer.status, (time.perf_counter() - began) * 1000)
        return _send(answer, environ, start_response)

    def _from_moto(self, environ: Environ, named: Named) -> Answer:
        kept: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
            kept.append((status, headers))

        result = self._moto(environ, start_response)
        try:
            body = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        status, headers = int(kept[-1][0].split(" ", 1)[0]), kept[-1][1]
        if status in (404, 405) and body.lstrip()[:9].lower() == b"<!doctype":  # Flask's own page: moto has no such route
            return _not_here(environ, named, "no such address")
        return Answer(status, tuple(headers), body)

    def _log(self, named: Named, status: int, milliseconds: float) -> None:
        owner = self._principals.find(named.access_key_id) if named.access_key_id else None
        principal = owner.principal if owner else ("unknown" if named.access_key_id else "anonymous")
        self._calls.write(
            principal=principal,
            access_key_id=named.access_key_id,
            service=named.service,
            action=named.action,
            resource=named.resource,
            status=status,
            milliseconds=milliseconds,
        )


def _length(environ: Environ) -> int:
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


def _not_here(environ: Environ, named: Named, why: str) -> Answer:
    log.warning("%s:%s is not implemented (%s)", named.service, named.action, why)
    return fault(
        environ, named.service, 501, "NotImplemented", f"The local target does not implement {named.service}:{named.action} ({why})."
    )


def _send(answer: Answer, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Read what is left of the request, so that the connection can be used again, then answer."""
    with contextlib.suppress(IncompleteBody):
        while environ["wsgi.input"].read(1 << 20):
            pass
    headers = [(name, value) for name, value in answer.headers if name.lower() not in _NOT_OURS]
    bodiless = answer.status in (204, 304) or environ["REQUEST_METHOD"] == "HEAD"
    if answer.status in (204, 304):  # moto puts a body there, which the next answer on the connection would begin with
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
    elif all(name.lower() != "content-length" for name, _ in headers):
        headers.append(("Content-Length", str(len(answer.body))))
    start_response(status_line(answer.status), headers)
    return () if bodiless else (answer.body,)
