"""The load simulator: a seeded stream of user action events, good and bad, sent to the topic, and a manifest that is proof.

    errors             the room's exceptions
    scenario           which share of the stream each class has
    connection         a Kafka producer for the stack's topic, and what its failures mean
    chunks             events on their way: what was acknowledged, what failed
    worker             one sending process: open-loop pacing, back-pressure, reports
    ledger             the workers' reports summed into a manifest
    load               a run: workers started, watched and stopped, the manifest kept up to date
    pace               was the rate held, and if not, since when
    send_file          lines of a file to the topic as they are

It knows the stack by `terraform output` alone, and the events by `simulated_events/`; it never imports the transform.
"""
