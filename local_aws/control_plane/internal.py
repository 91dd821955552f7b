"""`/_local/...`: questions that the target's own parts ask, on loopback, with the target's token.

GET /_local/secret?access_key_id=...   the secret behind a key, for the brokers' token check; 404 if unknown
GET /_local/status                     what status.json holds, as of now
GET /_local/health                     200; needs no token
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from local_aws.control_plane.faults import Answer
from local_aws.control_plane.principals import Principals
from local_aws.control_plane.server import Environ

TOKEN_HEADER = "X-Local-Token"


class Internal:
    """Answers the questions."""

    def __init__(self, token: str, principals: Principals, status: Callable[[], Mapping[str, Any]]) -> None:
        self._token = token
        self._principals = principals
        self._status = status

    def answer(self, environ: Environ) -> Answer:
        path = environ["PATH_INFO"]
        if path == "/_local/health":
            return _json(200, {"health": "up"})
        if not hmac.compare_digest(environ.get("HTTP_X_LOCAL_TOKEN", "").encode("latin-1", "replace"), self._token.encode()):
            return _json(403, {"error": f"the header {TOKEN_HEADER} is missing or wrong"})
        if path == "/_local/secret":
            return self._secret(parse_qs(environ.get("QUERY_STRING", "")).get("access_key_id", [""])[0])
        if path == "/_local/status":
            return _json(200, self._status())
        return _json(404, {"error": f"no such address: {path}"})

    def _secret(self, access_key_id: str) -> Answer:
        found = self._principals.find(access_key_id)
        if found is None:
            return _json(404, {"error": f"nobody here issued the key {access_key_id}"})
        return _json(
            200,
            {
                "secret_access_key": found.secret_access_key,
                "session_token": found.session_token,
                "principal_arn": found.principal_arn,
                "expires": found.expires.isoformat() if found.expires else None,
            },
        )


def _json(status: int, value: Mapping[str, Any]) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(value, default=str).encode())
