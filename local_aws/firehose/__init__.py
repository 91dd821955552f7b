"""The Firehose data plane: it moves records of one stream from Kafka to S3 as AWS documents that Firehose does.

Data flows one way, one file a stage:

    source ─▶ batching ─▶ invoke ─▶ results ─▶ routing ─▶ buffers ─▶ delivery ─▶ S3
    (Kafka)   (per        (Lambda)  (per       (prefix)   (per       (conversion, parquet,
              partition)            record)               prefix)     errors_output)
                                                                        │
                         position ◀── durable low-watermark ◀── ledger ─┘

It runs as its own process, `python -m local_aws.firehose --stream NAME --home DIR`, watched by `supervisor`, and learns
all it needs by AWS API calls with the stream's own roles: it knows nothing of any stack's columns, keys or functions.
What it does not implement is refused by name in `configuration`. `docs/fidelity.md` says, behaviour by behaviour, what
AWS documents and what is done here.
"""
