"""What AWS refuses of a stream's configuration by itself, when it is created or its destination is updated.

Sources: Firehose developer guide ("Configure buffering hints", "Enable record format conversion", "Dynamic
partitioning", "Custom prefixes for S3 objects", "Configure backup") and the limits in the API's service model. What
depends on other resources of the account is in `source`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local_aws.control_plane.delivery_streams.exceptions import InvalidArgumentException

Tree = Mapping[str, Any]

SMALLEST_BUFFER_MIB = 64
"""With conversion or dynamic partitioning."""
SHORTEST_INTERVAL_WITH_PARTITIONS = 60
_EXPRESSION = re.compile(r"!\{([^}]*)\}")
_PARAMETER_RANGES = {"NumberOfRetries": (0, 300), "BufferSizeInMBs": (0.2, 3), "BufferIntervalInSeconds": (0, 900)}


def check_destination(destination: Tree) -> None:
    """Raise InvalidArgumentException where AWS would not take an extended S3 destination, its defaults filled in."""
    converting, partitioning = converts(destination), partitions(destination)
    _check_buffering(destination, converting=converting, partitioning=partitioning)
    if converting:
        _check_conversion(destination)
    _check_prefixes(destination, partitioning=partitioning)
    _check_processors(destination)
    if (destination.get("S3BackupMode") or "Disabled") != "Disabled":
        raise InvalidArgumentException(
            "S3BackupMode Enabled is not supported when the source of the delivery stream is an Amazon MSK cluster."
        )


def converts(destination: Tree) -> bool:
    """Whether record format conversion is on; an absent `Enabled` means on (API reference)."""
    conversion = destination.get("DataFormatConversionConfiguration")
    return bool(conversion) and (conversion or {}).get("Enabled", True) is not False


def partitions(destination: Tree) -> bool:
    """Whether dynamic partitioning is on."""
    return bool((destination.get("DynamicPartitioningConfiguration") or {}).get("Enabled"))


def _check_buffering(destination: Tree, *, converting: bool, partitioning: bool) -> None:
    hints = destination.get("BufferingHints") or {}
    size, interval = hints.get("SizeInMBs"), hints.get("IntervalInSeconds")
    if (size is None) != (interval is None):
        raise InvalidArgumentException("BufferingHints: when SizeInMBs or IntervalInSeconds is given, the other must be given too.")
    if size is None or interval is None:
        return
    if not 1 <= size <= 128:
        raise InvalidArgumentException(f"BufferingHints.SizeInMBs is {size}; it must be between 1 and 128.")
    if not 0 <= interval <= 900:
        raise InvalidArgumentException(f"BufferingHints.IntervalInSeconds is {interval}; it must be between 0 and 900.")
    if partitioning and size < SMALLEST_BUFFER_MIB:
        raise InvalidArgumentException(
            f"BufferingHints.SizeInMBs must be at least {SMALLEST_BUFFER_MIB} when Dynamic Partitioning is enabled; it is {size}."
        )
    if converting and size < SMALLEST_BUFFER_MIB:
        raise InvalidArgumentException(
            f"BufferingHints.SizeInMBs must be at least {SMALLEST_BUFFER_MIB} when data format conversion is enabled; it is {size}."
        )
    if partitioning and interval < SHORTEST_INTERVAL_WITH_PARTITIONS:
        raise InvalidArgumentException(
            f"BufferingHints.IntervalInSeconds must be at least {SHORTEST_INTERVAL_WITH_PARTITIONS} "
            f"when Dynamic Partitioning is enabled; it is {interval}."
        )


def _check_conversion(destination: Tree) -> None:
    if (destination.get("CompressionFormat") or "UNCOMPRESSED") != "UNCOMPRESSED":
        raise InvalidArgumentException(
            f"CompressionFormat must be UNCOMPRESSED when data format conversion is enabled; it is {destination['CompressionFormat']}."
        )
    conversion = destination["DataFormatConversionConfiguration"]
    for part in ("SchemaConfiguration", "InputFormatConfiguration", "OutputFormatConfiguration"):
        if not conversion.get(part):
            raise InvalidArgumentException(
                f"DataFormatConversionConfiguration.{part} must not be null when data format conversion is enabled."
            )


def _check_prefixes(destination: Tree, *, partitioning: bool) -> None:
    prefix, error_prefix = destination.get("Prefix") or "", destination.get("ErrorOutputPrefix") or ""
    expressions, error_expressions = _EXPRESSION.findall(prefix), _EXPRESSION.findall(error_prefix)
    keys = [expression for expression in expressions if expression.startswith("partitionKeyFrom")]
    if partitioning and not keys:
        raise InvalidArgumentException("Prefix must contain an expression with a partition key when Dynamic Partitioning is enabled.")
    if keys and not partitioning:
        raise InvalidArgumentException(f"Prefix uses !{{{keys[0]}}}, but Dynamic Partitioning is not enabled.")
    if partitioning and not error_prefix:
        raise InvalidArgumentException("ErrorOutputPrefix is required when Dynamic Partitioning is enabled.")
    if expressions and not error_prefix:
        raise InvalidArgumentException("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions.")
    if any(expression.startswith("partitionKeyFrom") for expression in error_expressions):
        raise InvalidArgumentException("ErrorOutputPrefix cannot contain expressions with partition keys.")
    if error_expressions and "firehose:error-output-type" not in error_expressions:
        raise InvalidArgumentException("ErrorOutputPrefix with expressions must contain !{firehose:error-output-type}.")
    if "firehose:error-output-type" in expressions:
        raise InvalidArgumentException("!{firehose:error-output-type} can be used in ErrorOutputPrefix only.")


def _check_processors(destination: Tree) -> None:
    processing = destination.get("ProcessingConfiguration") or {}
    kinds = [processor["Type"] for processor in processing.get("Processors") or []] if processing.get("Enabled") else []
    keys = {expression.split(":", 1)[0] for expression in _EXPRESSION.findall(destination.get("Prefix") or "")}
    if "partitionKeyFromLambda" in keys and "Lambda" not in kinds:
        raise InvalidArgumentException("Prefix uses partitionKeyFromLambda, but no Lambda processor is configured and enabled.")
    if "partitionKeyFromQuery" in keys and "MetadataExtraction" not in kinds:
        raise InvalidArgumentException("Prefix uses partitionKeyFromQuery, but no MetadataExtraction processor is configured and enabled.")
    for processor in processing.get("Processors") or []:
        for parameter in processor.get("Parameters") or []:
            _check_parameter(parameter["ParameterName"], parameter["ParameterValue"])


def _check_parameter(name: str, value: str) -> None:
    if name not in _PARAMETER_RANGES:
        return
    lowest, highest = _PARAMETER_RANGES[name]
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not lowest <= number <= highest:
        raise InvalidArgumentException(f"Processor parameter {name} is {value!r}; it must be between {lowest} and {highest}.")
