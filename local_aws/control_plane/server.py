"""The HTTP server: cheroot, since moto's own (werkzeug's) closes each connection after one answer.

Threads wait for requests, and an invocation holds one for as long as its function runs, while the function may itself
call the target; so there are many more threads than a laptop has cores. Idle ones cost only their stack.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from cheroot import server as http
from cheroot import wsgi
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, environ_key_for_header, should_preserve_original_header_name

log = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

THREADS = 96
IDLE_SECONDS = 75
"""A connection that says nothing for this long is closed; longer than boto3 keeps one unused and unchecked."""


class MotoGateway(wsgi.Gateway_10):
    """WSGI environ as moto expects it: decoded path, raw address, and S3 metadata names as they were sent."""

    def get_environ(self) -> Environ:  # type: ignore[override]
        environ: Environ = super().get_environ()  # type: ignore[no-untyped-call]
        raw = environ["REQUEST_URI"]
        path = raw.split("?", 1)[0]
        if "://" in path:
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        environ["RAW_URI"] = raw
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        names = {}
        for key in self.req.inheaders:
            name = key.decode("latin-1")
            if should_preserve_original_header_name(name):
                names[environ_key_for_header(name)] = name.lower()
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names
        return environ


class MotoServer(wsgi.Server):
    """cheroot with moto's environ, and its complaints in our log."""

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        super().__init__(address, application, numthreads=THREADS, timeout=IDLE_SECONDS, request_queue_size=512, shutdown_timeout=3)
        self.gateway = MotoGateway
        self.server_name = "127.0.0.1"
        self.version = self.software = "local-aws"

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        log.log(level, "%s", msg, exc_info=traceback)

    @property
    def port(self) -> int:
        """The port it listens on, known after `prepare`."""
        return int(self.bind_addr[1])


__all__ = ["Application", "Environ", "MotoServer", "StartResponse", "http"]
