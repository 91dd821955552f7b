"""Record format conversion as a stream's destination configures it (API DataFormatConversionConfiguration).

All three of schema, input format and output format are required while it is enabled; an absent `Enabled` means on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.firehose.errors import NotSupportedLocally, RefusedByAws
from local_aws.firehose.reading import Reader

MIB = 1024 * 1024


@dataclass(frozen=True)
class OpenX:
    case_insensitive: bool = True
    dots_to_underscores: bool = False
    json_keys: Mapping[str, str] | None = None
    """From column to JSON key, for columns whose key has another name."""


@dataclass(frozen=True)
class ParquetOptions:
    compression: str = "SNAPPY"
    version: str = "V1"
    block_bytes: int = 256 * MIB
    page_bytes: int = MIB
    dictionary: bool = False


@dataclass(frozen=True)
class SchemaReference:
    role_arn: str
    database: str
    table: str
    region: str
    catalog_id: str
    version: str
    """`LATEST`, or the number of a table version."""


@dataclass(frozen=True)
class Conversion:
    schema: SchemaReference
    openx: OpenX
    parquet: ParquetOptions


def read_conversion(reader: Reader | None, region: str, account: str) -> Conversion | None:
    """The settings, or None where conversion is absent or switched off; raises as `configuration.parse` does."""
    if reader is None:
        return None
    enabled = reader.flag("Enabled", True)
    schema, source, target = (reader.child(f"{part}Configuration") for part in ("Schema", "InputFormat", "OutputFormat"))
    reader.finish()
    if not enabled:
        return None
    if schema is None or source is None or target is None:
        raise RefusedByAws(reader.path, None, "schema, input format and output format are all required.")
    reference = SchemaReference(
        schema.text("RoleARN"),
        schema.text("DatabaseName"),
        schema.text("TableName"),
        schema.text("Region", region),
        schema.text("CatalogId", account),
        schema.text("VersionId", "LATEST"),
    )
    schema.finish()
    return Conversion(reference, _openx(source), _parquet(target))


def _openx(reader: Reader) -> OpenX:
    deserializer = reader.child("Deserializer")
    reader.finish()
    if deserializer is None:
        raise RefusedByAws(reader.at("Deserializer"), None, "a value is required.")
    deserializer.refuse("HiveJsonSerDe", "only OpenXJsonSerDe reads here.")
    hive = deserializer.raw("HiveJsonSerDe")
    openx = deserializer.child("OpenXJsonSerDe")
    deserializer.finish()
    if openx is None:
        if hive is not None:
            raise NotSupportedLocally(deserializer.at("HiveJsonSerDe"), None, "only OpenXJsonSerDe reads here.")
        raise RefusedByAws(deserializer.at("OpenXJsonSerDe"), None, "a deserializer is required.")
    settings = OpenX(
        openx.flag("CaseInsensitive", True),
        openx.flag("ConvertDotsInJsonKeysToUnderscores", False),
        {str(column).lower(): str(key) for column, key in (openx.raw("ColumnToJsonKeyMappings") or {}).items()} or None,
    )
    openx.finish()
    return settings


def _parquet(reader: Reader) -> ParquetOptions:
    serializer = reader.child("Serializer")
    reader.finish()
    parquet = serializer.child("ParquetSerDe") if serializer else None
    if serializer is None or parquet is None:
        raise NotSupportedLocally(reader.at("Serializer"), None, "only ParquetSerDe writes here; ORC is not written.")
    serializer.refuse("OrcSerDe", "ORC is not written here.")
    serializer.finish()
    options = ParquetOptions(
        parquet.choice("Compression", ("SNAPPY", "GZIP", "UNCOMPRESSED"), "SNAPPY", "the API knows no other."),
        parquet.choice("WriterVersion", ("V1", "V2"), "V1", "the API knows no other."),
        parquet.whole("BlockSizeBytes", 256 * MIB),
        parquet.whole("PageSizeBytes", MIB),
        parquet.flag("EnableDictionaryCompression", False),
    )
    if parquet.whole("MaxPaddingBytes", 0):
        raise NotSupportedLocally(parquet.at("MaxPaddingBytes"), parquet.raw("MaxPaddingBytes"), "blocks are not padded here.")
    parquet.finish()
    return options
