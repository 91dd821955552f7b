"""The target schema, read from Glue with the schema role.

Columns are those of the table's storage descriptor: partition keys are no columns of the file. Version `LATEST`
follows the table; how soon is not documented, here at the first delivery after ten seconds. While Glue does not answer,
or the table is gone or unusable, data waits and the error log says why (codes: "Monitor with CloudWatch Logs"): AWS
does not say whether it waits there, and waiting loses nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.firehose.conversion_settings import SchemaReference
from local_aws.firehose.hive_types import BadType, Column, columns

_FRESH_SECONDS = 10.0
_CODES = {
    "EntityNotFoundException": (
        "DataFormatConversion.EntityNotFound",
        "The specified table/database could not be found. Please ensure that the table/database exists and that the values "
        "provided in the schema configuration are correct, especially with regards to casing.",
    ),
    "AccessDeniedException": (
        "DataFormatConversion.AccessDenied",
        "Access was denied when calling Glue. Please ensure that the role specified in the data format conversion "
        "configuration has permission to call the Glue service.",
    ),
    "AccessDenied": (
        "DataFormatConversion.InvalidGlueRole",
        "The role specified in the data format conversion configuration could not be assumed by Firehose.",
    ),
    "ThrottlingException": ("DataFormatConversion.ThrottledByGlue", "Throttled when calling Glue."),
}


class SchemaUnavailable(Exception):
    """There is no usable schema now; `code` and the text are for the error log."""

    def __init__(self, code: str, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.gone = gone
        """Whether Glue answered that it is not there or cannot be used, so that creation fails for good."""


@dataclass(frozen=True)
class Schema:
    columns: tuple[Column, ...]
    version: str


class SchemaSource:
    """One table's schema, kept for a moment. Safe to use from several threads."""

    def __init__(self, reference: SchemaReference, client: Callable[[], Any], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._reference = reference
        self._client = client
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: Schema | None = None
        self._read_at = 0.0

    def get(self) -> Schema:
        """The schema of now, or `SchemaUnavailable`."""
        with self._lock:
            pinned = self._reference.version != "LATEST"
            if self._known is not None and (pinned or self._monotonic() - self._read_at < _FRESH_SECONDS):
                return self._known
            self._known = self._read()
            self._read_at = self._monotonic()
            return self._known

    def _read(self) -> Schema:
        reference = self._reference
        names = {"CatalogId": reference.catalog_id, "DatabaseName": reference.database}
        try:
            if reference.version == "LATEST":
                table = self._client().get_table(**names, Name=reference.table)["Table"]
            else:
                answer = self._client().get_table_version(**names, TableName=reference.table, VersionId=reference.version)
                table = answer["TableVersion"]["Table"]
        except ClientError as error:
            code, message = _CODES.get(error.response["Error"]["Code"], ("DataFormatConversion.InternalError", str(error)))
            raise SchemaUnavailable(code, message, gone=error.response["Error"]["Code"] == "EntityNotFoundException") from error
        except BotoCoreError as error:
            raise SchemaUnavailable("DataFormatConversion.ThrottledByGlue", f"Glue does not answer: {error}") from error
        try:
            return Schema(columns((table.get("StorageDescriptor") or {}).get("Columns") or []), reference.version)
        except BadType as error:
            message = f"The schema of {reference.database}.{reference.table} is invalid: {error}"
            raise SchemaUnavailable("DataFormatConversion.InvalidSchema", message, gone=True) from error
