"""S3 as the validation sees it: objects listed under a prefix, and their bytes held to bounded memory.

An object is fetched at the version that was listed (`If-Match`), so that one that is replaced between listing and
reading is told from one that is broken. Up to `MEMORY_LIMIT` an object is held in memory, beyond it in a temporary file
that is mapped, so the memory needed does not grow with the size of objects.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from validation.errors import ObjectUnavailable, StorageRefused

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client

MEMORY_LIMIT = 64 * 1024 * 1024
"""Objects above this many bytes go through a temporary file."""
_PARALLEL = 4
_CHUNK = 4 * 1024 * 1024
_CHANGED = {"412", "PreconditionFailed", "404", "NoSuchKey"}


@dataclass(frozen=True)
class StoredObject:
    """One object as the listing showed it."""

    key: str
    size: int
    etag: str
    last_modified: datetime
    """UTC, by the store's own clock."""

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rsplit("/", 1)[-1]

    @property
    def is_folder_marker(self) -> bool:
        """The empty object that consoles make for a folder."""
        return self.key.endswith("/") and self.size == 0


class Storage:
    """One bucket, read-only."""

    def __init__(self, session: boto3.session.Session, bucket: str, memory_limit: int = MEMORY_LIMIT) -> None:
        self._client: S3Client = session.client("s3")
        self._memory_limit = memory_limit
        self.bucket = bucket

    def list(self, prefix: str) -> list[StoredObject]:
        """Every object under `prefix`, in key order, without folder markers.

        Raises:
            StorageRefused: no answer, no such bucket, or no permission.
        """
        found: list[StoredObject] = []
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    found.append(StoredObject(item["Key"], item["Size"], item.get("ETag", ""), item["LastModified"]))
        except (ClientError, BotoCoreError) as error:
            raise StorageRefused(f"s3://{self.bucket}/{prefix}: cannot be listed ({_said(error)}).", *_advice(error)) from error
        return [item for item in found if not item.is_folder_marker]

    def made_at(self) -> datetime | None:
        """When the bucket was made (UTC); None where the credentials may not list buckets."""
        try:
            buckets = self._client.list_buckets().get("Buckets", [])
        except (ClientError, BotoCoreError):
            return None
        return next((found.get("CreationDate") for found in buckets if found.get("Name") == self.bucket), None)

    def fetch(self, item: StoredObject) -> pa.Buffer:
        """The object's bytes, in memory or mapped from a temporary file.

        Raises:
            ObjectUnavailable: refused, gone, replaced since the listing, or cut off on the way.
        """
        where = f"s3://{self.bucket}/{item.key}"
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=item.key, IfMatch=item.etag)
            body = answer["Body"]
            if item.size <= self._memory_limit:
                return pa.py_buffer(body.read())
            with tempfile.NamedTemporaryFile(prefix="lake-object-") as spooled:
                for chunk in body.iter_chunks(_CHUNK):
                    spooled.write(chunk)
                spooled.flush()
                return pa.memory_map(spooled.name).read_buffer()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code", "") in _CHANGED:
                raise ObjectUnavailable(f"{where}: was replaced or removed while it was being checked.", "Run the check again.") from error
            raise ObjectUnavailable(f"{where}: cannot be read ({_said(error)}).", *_advice(error)) from error
        except (BotoCoreError, OSError) as error:
            raise ObjectUnavailable(f"{where}: cannot be read ({_said(error)}).", *_advice(error)) from error

    def fetch_all(self, items: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, pa.Buffer | ObjectUnavailable]]:
        """The bytes of each object in order, fetched a few ahead; an object that could not be had comes as its error."""
        waiting: deque[tuple[StoredObject, Future[pa.Buffer]]] = deque()
        with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="fetch") as pool:
            try:
                for item in items:
                    waiting.append((item, pool.submit(self.fetch, item)))
                    if len(waiting) > _PARALLEL:
                        yield _taken(*waiting.popleft())
                while waiting:
                    yield _taken(*waiting.popleft())
            finally:
                for _, future in waiting:
                    future.cancel()


def _taken(item: StoredObject, future: Future[pa.Buffer]) -> tuple[StoredObject, pa.Buffer | ObjectUnavailable]:
    try:
        return item, future.result()
    except ObjectUnavailable as error:
        return item, error


def _said(error: Exception) -> str:
    if isinstance(error, ClientError):
        detail = error.response.get("Error", {})
        return f"{detail.get('Code', 'error')}: {detail.get('Message', '')}".rstrip(": ")
    return str(error) or type(error).__name__


def _advice(error: Exception) -> tuple[str, ...]:
    if isinstance(error, NoCredentialsError):
        return ("There are no AWS credentials in the environment.",)
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("AccessDenied", "403"):
            return ("The credentials need s3:ListBucket on the bucket and s3:GetObject on its objects.",)
        if code == "NoSuchBucket":
            return ("The outputs name a bucket that is gone; bring the stack up again, or name its outputs with --outputs.",)
        return ()
    return ("Is the target up? Locally: `make up`.",)
