"""Answers for what went wrong outside the models: shaped as the called service shapes its errors.

An AWS SDK must always find a code and a message. The traceback goes to the log only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from local_aws.control_plane.server import Environ

_XML_SERVICES = {
    "s3",
    "iam",
    "sts",
    "ec2",
    "sqs",
    "sns",
    "elasticloadbalancing",
    "autoscaling",
    "rds",
    "cloudwatch",
    "route53",
    "cloudfront",
}


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


_REASONS = {
    200: "OK", 202: "Accepted", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Payload Too Large",
    429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
}  # fmt: skip


def status_line(status: int) -> str:
    return f"{status} {_REASONS.get(status, 'Status')}"


def fault(environ: Environ, service: str, status: int, code: str, message: str) -> Answer:
    """An error in the protocol that the request speaks."""
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        body = b"\xa2" + _cbor_text("__type") + _cbor_text(code) + _cbor_text("message") + _cbor_text(message)
        return Answer(status, (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")), body)
    if service in _XML_SERVICES and not environ.get("HTTP_X_AMZ_TARGET"):
        said = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        text = f"<Error>{said}</Error>" if service == "s3" else f"<ErrorResponse><Error><Type>Receiver</Type>{said}</Error></ErrorResponse>"
        return Answer(status, (("Content-Type", "text/xml"),), b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode())
    body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
    return Answer(status, (("Content-Type", "application/json"), ("X-Amzn-ErrorType", code)), body)


def _cbor_text(text: str) -> bytes:
    """A CBOR text string (RFC 8949, major type 3)."""
    encoded = text.encode()
    length = len(encoded)
    if length < 24:
        return bytes([0x60 + length]) + encoded
    if length < 256:
        return bytes([0x78, length]) + encoded
    return b"\x79" + min(length, 65535).to_bytes(2, "big") + encoded[:65535]
