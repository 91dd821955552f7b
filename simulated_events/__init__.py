"""Simulated user action events: what each event of a run is, as a pure function of run, worker and index.

    errors             the room's exceptions
    content            what good events hold, from the schema: pools of ready-made JSON fragments
    drafts             one event being made: its document, its time, its numbers
    classes            every class of events: what it is, what must come of it; assembled for a schema
    valid_classes      classes that become rows
    rejected_classes   classes that the transform must reject, and why
    plan               one run: everything that its events are a pure function of
    generator          events by (worker, index), singly or by the batch

`producer_sim` sends them; `validation` makes them again, to hold what arrived against what was sent. It knows the schema
and the manifest's format, and never imports the transform.
"""
