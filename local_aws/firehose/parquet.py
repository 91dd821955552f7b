"""Arrow rows to one Parquet file, with the options of ParquetSerDe (API reference).

Timestamps are physically INT96: no AWS page says so, but Firehose writes with Hive's Parquet SerDe, which does, and
the measured wrap of far instants fits int64 nanoseconds. Row groups follow BlockSizeBytes by Arrow's size in memory,
so they come out smaller than on AWS, never larger.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from local_aws.firehose.conversion_settings import ParquetOptions

_COMPRESSION = {"SNAPPY": "snappy", "GZIP": "gzip", "UNCOMPRESSED": "none"}


def write(table: pa.Table, options: ParquetOptions) -> bytes:
    """The file's bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=_rows_per_group(table, options.block_bytes),
        compression=_COMPRESSION[options.compression],
        data_page_size=options.page_bytes,
        data_page_version="2.0" if options.version == "V2" else "1.0",
        use_dictionary=options.dictionary,
        use_deprecated_int96_timestamps=True,
        store_schema=False,
    )
    return bytes(sink.getvalue())


def _rows_per_group(table: pa.Table, block_bytes: int) -> int:
    per_row: int = max(1, table.nbytes // max(1, table.num_rows))
    return max(1, block_bytes // per_row)
