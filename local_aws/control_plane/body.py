"""A request's body that is whole, or an error: a client that dies while it sends must leave nothing behind.

cheroot ends a body quietly where the connection ends, and moto would store what had come as the object. S3 keeps no
part of a request that it did not get whole ("RequestTimeout" and "IncompleteBody", S3 API reference, error responses).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO


class IncompleteBody(Exception):
    """The connection ended before all bytes that Content-Length promised."""


class WholeBody:
    """`wsgi.input` of a request with a Content-Length."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self._left = length
        self.incomplete = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, or all that is left.

        Raises:
            IncompleteBody: the client is gone.
        """
        wanted = self._left if size < 0 else min(size, self._left)
        return self._taken(self._stream.read(wanted) if wanted else b"", all_of=wanted if size < 0 else min(wanted, 1))

    def readline(self, size: int = -1) -> bytes:
        """One line, its end included.

        Raises:
            IncompleteBody: the client is gone.
        """
        wanted = self._left if size < 0 else min(size, self._left)
        return self._taken(self._stream.readline(wanted) if wanted else b"", all_of=min(wanted, 1))

    def readlines(self, _hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _taken(self, data: bytes, *, all_of: int) -> bytes:
        self._left -= len(data)
        if len(data) < all_of:
            self.incomplete = True
            raise IncompleteBody(f"The connection ended {self._left} bytes before the end of the body.")
        return data
