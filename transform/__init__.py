"""The Lambda between Kafka and the lake: one event in, one flat record and its `event_date` out, or a reason why not.

    reasons      the closed set of reasons, and a rejection
    window       which event dates are accepted, as of a record's arrival
    timestamps   RFC 3339 text to a UTC instant
    json_text    JSON exactly as RFC 8259 has it, and its depth
    typed        the fast way: msgspec reads what the schema names, and leaves anything doubtful to the exact way
    events       bytes in, record or rejection out: the decision table, row by row
    settings     the function's environment variables, read once
    report       the one log line of an invocation, with metrics in it
    handler      Firehose's envelope for an MSK source, and nothing else

Standard library, msgspec and `schema` only: this runs inside the Lambda.
"""
