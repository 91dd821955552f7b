"""What a stream is configured to do, as frozen values, read once from the AWS shapes.

`parse` takes a DeliveryStreamDescription or the input of CreateDeliveryStream (the API calls the same structures
`...Description` and `...Configuration`). Defaults are those of the API reference (BufferingHints, ProcessorParameter,
ParquetSerDe, OpenXJsonSerDe, DataFormatConversionConfiguration) and of "Transform source data with AWS Lambda".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from local_aws.firehose.conversion_settings import MIB, Conversion, read_conversion
from local_aws.firehose.errors import NotSupportedLocally, RefusedByAws
from local_aws.firehose.extraction import ENGINE, BadQuery, compile_query
from local_aws.firehose.prefixes import BadPrefix, Prefix
from local_aws.firehose.reading import Reader

ACTIVE_PARTITIONS = 500
"""Active partitions of a stream with dynamic partitioning, unless AWS raised it ("Amazon Data Firehose Quota")."""


@dataclass(frozen=True)
class Source:
    cluster_arn: str
    topic: str
    role_arn: str
    private: bool
    read_from: datetime | None
    """Where reading starts; None means the moment when the stream becomes ACTIVE (API: MSKSourceConfiguration)."""


@dataclass(frozen=True)
class Transform:
    function_arn: str
    role_arn: str
    retries: int
    size_bytes: int
    interval_seconds: float


@dataclass(frozen=True)
class LogTarget:
    group: str
    stream: str


@dataclass(frozen=True)
class Destination:
    bucket: str
    bucket_arn: str
    role_arn: str
    prefix: Prefix
    error_prefix: Prefix
    size_bytes: int
    interval_seconds: float
    compression: str
    extension: str
    zone: tzinfo
    kms_key: str | None
    log: LogTarget | None
    transform: Transform | None
    query: str | None
    """The jq query that gives the keys of `!{partitionKeyFromQuery:…}`."""
    delimiter: bytes
    conversion: Conversion | None
    partitioned: bool
    partition_limit: int = ACTIVE_PARTITIONS


@dataclass(frozen=True)
class StreamConfiguration:
    name: str
    arn: str
    version_id: str
    source: Source
    destination: Destination

    @property
    def region(self) -> str:
        return _arn_part(self.arn, 3)

    @property
    def account(self) -> str:
        return _arn_part(self.arn, 4)


def parse(description: Mapping[str, Any]) -> StreamConfiguration:
    """Read a stream's configuration.

    Raises:
        NotSupportedLocally: a field has a value that this target does not implement; the field is named.
        RefusedByAws: (a NotSupportedLocally) AWS would not take it either.
    """
    stream = Reader(description, "")
    name = stream.text("DeliveryStreamName")
    arn = stream.text("DeliveryStreamARN", f"arn:aws:firehose:us-east-1:000000000000:deliverystream/{name}")
    stream.choice("DeliveryStreamType", ("MSKAsSource",), "MSKAsSource", "only streams that read an MSK topic run here.")
    stream.ignore("DeliveryStreamStatus", "FailureDescription", "CreateTimestamp", "LastUpdateTimestamp", "HasMoreDestinations", "Tags")
    for encryption in ("DeliveryStreamEncryptionConfiguration", "DeliveryStreamEncryptionConfigurationInput"):
        settings = stream.raw(encryption) or {}
        if settings.get("Status", "ENABLED" if settings else "DISABLED") != "DISABLED":
            raise RefusedByAws(encryption, "ENABLED", "server-side encryption of the stream is for Direct PUT sources only.")
    source = _source(stream)
    destination = _destination(_destination_reader(stream), name, _arn_part(arn, 3), _arn_part(arn, 4))
    version_id = stream.text("VersionId", "1")
    stream.finish()
    return StreamConfiguration(name, arn, version_id, source, destination)


def _arn_part(arn: str, index: int) -> str:
    parts = arn.split(":")
    return parts[index] if len(parts) > index else ""


def _source(stream: Reader) -> Source:
    holder = stream.child("Source")
    msk = holder.child("MSKSourceDescription") if holder else stream.child("MSKSourceConfiguration")
    if holder:
        holder.finish()
    if msk is None:
        raise NotSupportedLocally("MSKSourceConfiguration", None, "only streams that read an MSK topic run here, and this one names none.")
    authentication = msk.child("AuthenticationConfiguration")
    if authentication is None:
        raise RefusedByAws(msk.at("AuthenticationConfiguration"), None, "a value is required.")
    msk.ignore("DeliveryStartTimestamp")
    read_from = msk.raw("ReadFromTimestamp")
    connectivity = authentication.choice("Connectivity", ("PRIVATE", "PUBLIC"), "PRIVATE", "the API knows no other.")
    source = Source(
        msk.text("MSKClusterARN"), msk.text("TopicName"), authentication.text("RoleARN"), connectivity == "PRIVATE", _instant(read_from)
    )
    authentication.finish()
    msk.finish()
    return source


def _instant(value: object) -> datetime | None:
    """A timestamp as boto3 gives it, as JSON has it (epoch seconds), or as a person writes it."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    parsed = datetime.fromisoformat(str(value))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _destination_reader(stream: Reader) -> Reader:
    direct = stream.child("ExtendedS3DestinationConfiguration")
    if direct:
        return direct
    found = list(stream.children("Destinations"))
    if len(found) != 1:
        raise RefusedByAws("Destinations", len(found), "exactly one destination configuration is supported for a stream.")
    destination = found[0]
    destination.ignore("DestinationId", "S3DestinationDescription")  # the latter repeats a part of the extended one
    extended = destination.child("ExtendedS3DestinationDescription")
    destination.finish()
    if extended is None:
        raise NotSupportedLocally(destination.path, None, "only an extended S3 destination is delivered to.")
    return extended


def _destination(reader: Reader, name: str, region: str, account: str) -> Destination:
    role = reader.text("RoleARN")
    bucket_arn = reader.text("BucketARN")
    conversion = read_conversion(reader.child("DataFormatConversionConfiguration"), region, account)
    processing = _Processing(reader.child("ProcessingConfiguration"), role)
    partitioned = _partitioning(reader.child("DynamicPartitioningConfiguration"))
    compression = reader.choice(
        "CompressionFormat", ("UNCOMPRESSED", "GZIP"), "UNCOMPRESSED", "ZIP and the Snappy containers are not written here."
    )
    size, interval = _buffering(reader.child("BufferingHints"), converting=conversion is not None, partitioned=partitioned)
    reader.choice("S3BackupMode", ("Disabled",), "Disabled", "source record backup does not exist for MSK sources.")
    reader.refuse("S3BackupDescription", "source record backup does not exist for MSK sources.")
    reader.refuse("S3BackupConfiguration", "source record backup does not exist for MSK sources.")
    prefix, error_prefix = _prefixes(reader, partitioned=partitioned, from_lambda=processing.transform is not None, query=processing.query)
    extension = reader.text("FileExtension", "") or (".parquet" if conversion else {"GZIP": ".gz"}.get(compression, ""))
    destination = Destination(
        bucket=bucket_arn.rpartition(":")[2],
        bucket_arn=bucket_arn,
        role_arn=role,
        prefix=prefix,
        error_prefix=error_prefix,
        size_bytes=size * MIB,
        interval_seconds=interval,
        compression=compression,
        extension=extension,
        zone=_zone(reader),
        kms_key=_encryption(reader.child("EncryptionConfiguration")),
        log=_log(reader.child("CloudWatchLoggingOptions"), name),
        transform=processing.transform,
        query=processing.query,
        delimiter=processing.delimiter,
        conversion=conversion,
        partitioned=partitioned,
    )
    reader.finish()
    return destination


def _buffering(hints: Reader | None, *, converting: bool, partitioned: bool) -> tuple[int, float]:
    size = hints.whole("SizeInMBs", 0) if hints else 0
    interval = hints.raw("IntervalInSeconds") if hints else None
    if hints:
        hints.finish()
        if size and size < 64 and (converting or partitioned):
            raise RefusedByAws(hints.at("SizeInMBs"), size, "with record format conversion or dynamic partitioning it must be at least 64.")
    return size or (128 if converting or partitioned else 5), 300.0 if interval is None else float(interval)


def _partitioning(partitioning: Reader | None) -> bool:
    if partitioning is None:
        return False
    enabled = partitioning.flag("Enabled", False)
    partitioning.ignore("RetryOptions")  # an MSK source is retried without end ("Understand data delivery", retries)
    partitioning.finish()
    return enabled


def _prefixes(reader: Reader, *, partitioned: bool, from_lambda: bool, query: str | None) -> tuple[Prefix, Prefix]:
    prefix, error_text = _prefix(reader, "Prefix"), reader.text("ErrorOutputPrefix", "")
    error = _prefix(reader, "ErrorOutputPrefix")
    if prefix.has_error_type:
        raise RefusedByAws(reader.at("Prefix"), prefix.text, "!{firehose:error-output-type} can be used in ErrorOutputPrefix only.")
    if error.lambda_keys or error.query_keys:
        raise RefusedByAws(reader.at("ErrorOutputPrefix"), error.text, "partition keys cannot be used in the error prefix.")
    if error.has_expressions and not error.has_error_type:
        raise RefusedByAws(reader.at("ErrorOutputPrefix"), error.text, "with any expression it needs !{firehose:error-output-type}.")
    if (prefix.has_expressions or partitioned) and not error_text:
        raise RefusedByAws(reader.at("ErrorOutputPrefix"), None, "it is required when Prefix has expressions.")
    if bool(prefix.lambda_keys or prefix.query_keys) != partitioned:
        why = "dynamic partitioning needs a partition key in the prefix." if partitioned else "partition keys need dynamic partitioning."
        raise RefusedByAws(reader.at("Prefix"), prefix.text, why)
    if prefix.lambda_keys and not from_lambda:
        raise RefusedByAws(reader.at("Prefix"), prefix.text, "partitionKeyFromLambda needs an enabled Lambda processor.")
    if prefix.query_keys and query is None:
        raise RefusedByAws(reader.at("Prefix"), prefix.text, "partitionKeyFromQuery needs an enabled MetadataExtraction processor.")
    # Without an error prefix, failed records go below the data prefix, in a folder of their error type.
    return prefix, error if error_text else Prefix.parse(prefix.text)


def _prefix(reader: Reader, name: str) -> Prefix:
    text = reader.text(name, "")
    try:
        return Prefix.parse(text)
    except BadPrefix as error:
        raise RefusedByAws(reader.at(name), text, str(error)) from error


def _zone(reader: Reader) -> tzinfo:
    name = reader.text("CustomTimeZone", "UTC")
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise NotSupportedLocally(reader.at("CustomTimeZone"), name, "this machine's time zone data does not have it.") from error


def _encryption(encryption: Reader | None) -> str | None:
    if encryption is None:
        return None
    encryption.ignore("NoEncryptionConfig")
    kms = encryption.child("KMSEncryptionConfig")
    encryption.finish()
    return kms.text("AWSKMSKeyARN") if kms else None


def _log(options: Reader | None, name: str) -> LogTarget | None:
    if options is None:
        return None
    enabled = options.flag("Enabled", False)
    target = LogTarget(options.text("LogGroupName", f"/aws/kinesisfirehose/{name}"), options.text("LogStreamName", "DestinationDelivery"))
    options.finish()
    return target if enabled else None


class _Processing:
    """The processors: at most one Lambda and one query, and the delimiter; an absent `Enabled` means off (measured by others)."""

    def __init__(self, reader: Reader | None, role: str) -> None:
        self.transform: Transform | None = None
        self.query: str | None = None
        self.delimiter = b""
        enabled = reader is not None and reader.flag("Enabled", False)
        for processor in reader.children("Processors") if reader else ():
            kind = processor.choice(
                "Type",
                ("Lambda", "MetadataExtraction", "AppendDelimiterToRecord") if enabled else (processor.text("Type"),),
                "",
                "de-aggregation and decompression are not done here.",
            )
            parameters = {item.text("ParameterName"): item for item in processor.children("Parameters")}
            processor.finish()
            values = {name: item.text("ParameterValue") for name, item in parameters.items()}
            if not enabled:
                continue
            if kind == "Lambda":
                self._add_lambda(processor, values, role)
            elif kind == "MetadataExtraction":
                self._add_query(processor, values)
            else:
                self.delimiter = values.pop("Delimiter", "\\n").encode().decode("unicode_escape").encode()
            for name in values.keys() - {"LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds"}:
                raise NotSupportedLocally(f"{processor.path}.{name}", values[name], "the local data plane does not know this parameter.")
        if reader:
            reader.finish()

    def _add_query(self, processor: Reader, values: dict[str, str]) -> None:
        if self.query is not None:
            raise RefusedByAws(processor.path, "MetadataExtraction", "a stream can have one MetadataExtraction processor.")
        for name in ("MetadataExtractionQuery", "JsonParsingEngine"):
            if name not in values:
                raise RefusedByAws(f"{processor.path}.{name}", None, "a value is required.")
        query, engine = values.pop("MetadataExtractionQuery"), values.pop("JsonParsingEngine")
        if engine != ENGINE:
            raise RefusedByAws(f"{processor.path}.JsonParsingEngine", engine, f"the API knows {ENGINE} only.")
        try:
            compile_query(query)
        except BadQuery as error:
            raise RefusedByAws(f"{processor.path}.MetadataExtractionQuery", query, str(error)) from error
        self.query = query

    def _add_lambda(self, processor: Reader, values: Mapping[str, str], role: str) -> None:
        if self.transform is not None:
            raise RefusedByAws(processor.path, "Lambda", "a stream can have one Lambda processor.")
        if "LambdaArn" not in values:
            raise RefusedByAws(f"{processor.path}.LambdaArn", None, "a value is required.")
        try:
            self.transform = Transform(
                values["LambdaArn"],
                values.get("RoleArn", role),
                int(values.get("NumberOfRetries", "3")),
                int(float(values.get("BufferSizeInMBs", "1")) * MIB),
                float(values.get("BufferIntervalInSeconds", "60")),
            )
        except ValueError as error:
            raise RefusedByAws(f"{processor.path}.Parameters", str(dict(values)), f"a parameter is no number: {error}") from error
