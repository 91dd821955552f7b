"""What a request asks for: service, action and, where that is cheap, the resource.

The signature names the service. The action comes from `X-Amz-Target` (JSON), from `Action` (query), from the address
(REST, by botocore's model; S3 by its own short table, since its requests are the many ones).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from local_aws.control_plane.server import Environ

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d+)/([^/,]+)/([^/,]+)/aws4_request")
_PREFIXES = {"monitoring": "cloudwatch"}
"""Services whose requests are signed for another name than the one in their IAM actions."""
_LARGEST_BODY_READ = 64 * 1024
_REST = {"lambda", "kafka", "scheduler"}
_SMITHY = re.compile(r"^/service/[^/]+/operation/([^/]+)$")
_BODY_FIELDS = (
    "DeliveryStreamName",
    "logGroupName",
    "RoleArn",
    "RoleName",
    "SecretId",
    "KeyId",
    "WorkGroup",
    "Namespace",
    "UserName",
    "PolicyArn",
)
_S3_SUBRESOURCES = {
    "acl": "Acl", "cors": "Cors", "encryption": "Encryption", "lifecycle": "LifecycleConfiguration", "location": "Location",
    "logging": "Logging", "notification": "NotificationConfiguration", "object-lock": "ObjectLockConfiguration",
    "ownershipControls": "OwnershipControls", "policy": "Policy", "publicAccessBlock": "PublicAccessBlock", "replication": "Replication",
    "requestPayment": "RequestPayment", "tagging": "Tagging", "versioning": "Versioning", "website": "Website",
    "accelerate": "AccelerateConfiguration", "policyStatus": "PolicyStatus",
}  # fmt: skip


@dataclass(frozen=True)
class Named:
    """A request's names; `unknown` or None where nothing says so."""

    access_key_id: str | None
    service: str
    action: str
    resource: str | None


def name_of(environ: Environ) -> Named:
    """Name a request. Small bodies may be read; they are put back for whoever comes next."""
    access_key_id, service = _signer(environ)
    target = environ.get("HTTP_X_AMZ_TARGET")
    smithy = _SMITHY.match(environ["PATH_INFO"])
    resource: str | None = None
    if target:
        action = target.rpartition(".")[2]
        resource = _resource_of(_json_body(environ))
    elif smithy:
        action = smithy[1]
    elif service == "s3":
        action, resource = _s3(environ)
    elif service in _REST:
        action, resource = _rest(environ, service)
    else:
        fields = _query_fields(environ)
        action, resource = fields.get("Action", "unknown"), _resource_of(fields)
    return Named(access_key_id, service, action, resource)


def _signer(environ: Environ) -> tuple[str | None, str]:
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found:
        return found[1], _PREFIXES.get(found[4], found[4])
    query = parse_qs(environ.get("QUERY_STRING", ""))
    if "X-Amz-Credential" in query:
        parts = query["X-Amz-Credential"][0].split("/")
        return parts[0], parts[3] if len(parts) == 5 else "unknown"
    return None, "s3" if not environ.get("HTTP_X_AMZ_TARGET") else "unknown"


def _json_body(environ: Environ) -> Mapping[str, Any]:
    body = _small_body(environ)
    try:
        parsed = json.loads(body) if body else {}
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _query_fields(environ: Environ) -> Mapping[str, str]:
    fields = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        fields |= dict(parse_qsl(_small_body(environ).decode("utf-8", "replace")))
    return fields


def _small_body(environ: Environ) -> bytes:
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return b""
    if not 0 < length <= _LARGEST_BODY_READ:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    return body


def _resource_of(fields: Mapping[str, Any]) -> str | None:
    table = fields.get("TableName") or fields.get("Name") if "DatabaseName" in fields else None
    if table:
        return f"{fields['DatabaseName']}.{table}"
    return next((str(fields[name]) for name in _BODY_FIELDS if isinstance(fields.get(name), str)), None)


def _rest(environ: Environ, service: str) -> tuple[str, str | None]:
    try:
        operation, parameters = get_service_router(service).match(Request(environ.copy()))
    except (NotFound, NotImplementedError):
        return "unknown", None
    return str(operation.name), next((str(value) for value in parameters.values()), None)


def _s3(environ: Environ) -> tuple[str, str | None]:
    method = environ["REQUEST_METHOD"]
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if not bucket:
        return "ListBuckets", None
    arn = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    verb = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}.get(method, method.title())
    sub = next((name for name in query if name in _S3_SUBRESOURCES), None)
    if sub is not None:
        return f"{verb}{'Object' if key else 'Bucket'}{_S3_SUBRESOURCES[sub]}", arn
    return (_s3_object(verb, query, environ) if key else _s3_bucket(verb, query)), arn


def _s3_object(verb: str, query: Mapping[str, str], environ: Environ) -> str:
    if "uploads" in query:
        return "CreateMultipartUpload"
    if "uploadId" in query:
        return {"Put": "UploadPart", "Post": "CompleteMultipartUpload", "Delete": "AbortMultipartUpload"}.get(verb, "ListParts")
    if verb == "Put" and "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return "CopyObject"
    return f"{verb}Object"


def _s3_bucket(verb: str, query: Mapping[str, str]) -> str:
    if verb == "Get":
        return next((name for key, name in _LISTS.items() if key in query), "ListObjects")
    if verb == "Post" and "delete" in query:
        return "DeleteObjects"
    return {"Put": "CreateBucket", "Delete": "DeleteBucket", "Head": "HeadBucket"}.get(verb, f"{verb}Bucket")


_LISTS = {"list-type": "ListObjectsV2", "versions": "ListObjectVersions", "uploads": "ListMultipartUploads"}
