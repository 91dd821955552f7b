"""MSK IAM tokens made by hand, to be wrong in any one way: a second writing of the signature, apart from the signer's."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote


def token(
    key: str = "AKIAROOT",
    secret: str = "root/secret+1",
    *,
    region: str = "eu-west-1",
    host: str | None = None,
    signed_at: datetime | None = None,
    expires: object = 900,
    action: str = "kafka-cluster:Connect",
    service: str = "kafka-cluster",
    session_token: str | None = None,
    path: str = "/",
    scheme: str = "https",
    signed_headers: str = "host",
    unsigned: str = "",
    change: tuple[str, str] = ("", ""),
) -> str:
    """A token; `change` replaces text in the URL after it was signed, `unsigned` is put at its end."""
    host = host or f"kafka.{region}.amazonaws.com"
    date = (signed_at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    parameters = {
        "Action": action,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key}/{scope}",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": signed_headers,
    }
    if session_token is not None:
        parameters["X-Amz-Security-Token"] = session_token
    query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(parameters.items()))
    request = f"GET\n{path}\n{query}\nhost:{host}\n\n{signed_headers}\n{hashlib.sha256(b'').hexdigest()}"
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signing = f"AWS4{secret}".encode()
    for part in (date[:8], region, service, "aws4_request"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signature = hmac.digest(signing, to_sign.encode(), "sha256").hex()
    url = f"{scheme}://{host}{path}?{query}&X-Amz-Signature={signature}{unsigned}".replace(*change)
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
