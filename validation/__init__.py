"""Proof that the lake holds what was sent. Read-only: nothing here writes to the topic, the lake or the stack.

    errors       the room's exceptions
    findings     what a check is, what it found, and the verdict over all of them
    storage      S3: listing, and objects read to bounded memory
    lake         data objects as batches of the seven fields
    error_area   Firehose's error objects as records, both spellings
    row_checks   what is checked of rows alone: layout, columns, own date
    reasons      why the transform refused a payload, derived again with the transform's own code
    tally        how often each sent event was seen, in arrays: one byte an event
    sheet        the balance: sent = rows + error records + in flight, and what is missing, by name
    audit        reads what is new and feeds the checks and the tallies, once or until the sheets close
    query        SQL over the lake
    report       the words and tables

The sheet is closed from three things that are independent of the delivery: the simulator's manifest, the objects in
the lake, and the objects in the error area. The delivery's own ledger is never read.
"""
