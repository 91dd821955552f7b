"""SQL over the lake: DuckDB over an Arrow dataset, with one view of the seven fields under the table's own name.

The view has `SKU` as the mission spells it, `event_date` as a DATE and `event_datetime` as a TIMESTAMP in UTC, so that
the same SQL runs on the Athena view. Filters on `event_date` choose partition folders and filters on other columns use
the row groups' statistics; both happen before data are read. DuckDB itself has no way out: it sees the registered view
and nothing else, neither files nor network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs

from schema import FieldType, Schema
from validation.errors import QueryFailed, WrongQuery
from validation.lake import Contents, arrow_type

if TYPE_CHECKING:
    import boto3

MEMORY_LIMIT = "1GB"
_SCANNED = "scanned_objects"
_FETCH = 1_000
_OF_THE_SQL = (
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.InvalidTypeException,
    duckdb.DataError,  # a cast or a number that does not fit
    duckdb.ConstraintException,
    duckdb.NotImplementedException,
    duckdb.PermissionException,  # files and network, which this database has none of
)


@dataclass(frozen=True)
class Answer:
    """What a query gave; rows come as they are asked for."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def file_system(session: boto3.session.Session) -> pyarrow.fs.S3FileSystem:
    """S3 for Arrow's own reader, with the session's credentials and endpoint."""
    credentials = session.get_credentials()
    frozen = credentials.get_frozen_credentials() if credentials else None
    endpoint: str = session.client("s3").meta.endpoint_url
    local = not endpoint.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    return pyarrow.fs.S3FileSystem(
        access_key=frozen.access_key if frozen else None,
        secret_key=frozen.secret_key if frozen else None,
        session_token=frozen.token if frozen else None,
        region=session.region_name,
        endpoint_override=endpoint if local else None,
    )


def dataset(files: pyarrow.fs.FileSystem, bucket: str, contents: Contents, schema: Schema) -> pyarrow.dataset.Dataset:
    """The listed objects as one Arrow dataset with Glue's column names and the partition key as a date.

    Timestamps are given without a zone (they are UTC), as Athena gives them.
    """
    stored = [pa.field(item.column, _in_sql(item.type)) for item in schema.columns]
    key = pa.field(schema.partition_key.column, pa.date32())
    return pyarrow.dataset.dataset(
        [f"{bucket}/{item.stored.key}" for item in contents.objects],
        schema=pa.schema([*stored, key]),
        format=pyarrow.dataset.ParquetFileFormat(coerce_int96_timestamp_unit="us"),
        filesystem=files,
        partitioning=pyarrow.dataset.partitioning(pa.schema([key]), flavor="hive"),
    )


class LakeDatabase:
    """A DuckDB connection that sees one dataset as one view."""

    def __init__(self, data: pyarrow.dataset.Dataset, schema: Schema, view: str, memory_limit: str = MEMORY_LIMIT) -> None:
        self._connection = duckdb.connect(config={"memory_limit": memory_limit, "python_enable_replacements": False})
        self._connection.register(_SCANNED, data)
        columns = ", ".join(f'"{item.column}" AS "{item.output}"' for item in schema.fields)
        self._connection.execute(f'CREATE VIEW "{view}" AS SELECT {columns} FROM {_SCANNED}')
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def ask(self, sql: str) -> Answer:
        """Run one query.

        Raises:
            WrongQuery: the SQL is wrong, or asks for what this database does not do.
            QueryFailed: an object that it needs is broken.
        """
        try:
            found = self._connection.execute(sql)
            columns: Sequence[Any] = (found.description if found is not None else None) or ()
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise _failed(error) from error
        return Answer(tuple(str(column[0]) for column in columns), self._rows() if columns else iter(()))

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        try:
            while rows := self._connection.fetchmany(_FETCH):
                yield from (tuple(_spelled(value) for value in row) for row in rows)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise _failed(error) from error


def _failed(error: Exception) -> QueryFailed | WrongQuery:
    """Whose fault it is, by the exception's type. DuckDB has one type for two faults: an InvalidInputException is an argument
    that a function refuses, or Arrow's trouble with an object; only the latter names the data's registration."""
    said = str(error).strip()
    of_the_sql = isinstance(error, _OF_THE_SQL) or (isinstance(error, duckdb.InvalidInputException) and _SCANNED not in said)
    if of_the_sql:
        return WrongQuery(f"query: {said}")
    return QueryFailed(f"query: {said}", "If an object is broken, `python -m validation lake` names all that are.")


def _spelled(value: Any) -> Any:
    """A time as the transform spells it, in UTC with `Z` and without a zero fraction; anything else as it is."""
    if not isinstance(value, datetime):
        return value
    utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"{utc.isoformat()}Z"


def _in_sql(kind: FieldType) -> pa.DataType:
    return pa.timestamp("us") if kind is FieldType.TIMESTAMP else arrow_type(kind)
