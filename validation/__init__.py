"""Proof that the lake holds what was sent. Read-only: nothing here writes to the topic, the lake or the stack.

    errors       the room's exceptions
    findings     what a check is, what it found, and the verdict over all of them
    storage      S3: listing, and objects read to bounded memory
    lake         data objects as batches of the seven fields
    error_area   Firehose's error objects as records, both spellings
    reasons      why the transform refused a payload, derived again with the transform's own code
    quarantine   the error area by type, code and reason
    row_checks   what is checked of objects and rows alone: layout, columns, own date
    runs         manifests, and each event's class over arrays
    tally        how often each planned event was seen, in arrays: four bytes an event
    arrivals     from rows and error records to tallies, each held against its class
    sheet        the balance: sent = rows + error records + in flight, and what is outstanding, by name
    judgement    what the balance says, as checks
    audit        reads what is new and feeds all of these
    waiting      the deadline, and the wait until all sheets settle
    query        SQL over the lake
    report       the words and tables

The sheet is closed from three things that are independent of the delivery: the simulator's manifest, the objects in
the lake, and the objects in the error area. The delivery's own ledger is never read.
"""
