"""Why the transform refused a payload. Firehose's error object has no field for it, so it is derived again here, from the
payload and the arrival time, with the transform's own code and the window that the stack's outputs name.
"""

from __future__ import annotations

from datetime import date, datetime

from schema import Schema
from stack import AcceptedWindow
from transform import window
from transform.events import Transform
from transform.reasons import Rejection
from validation.error_area import PROCESSING_FAILED, ErrorRecord

ACCEPTED = "accepted"
"""The transform takes this payload today: it failed for another cause, named by the record's code."""
NOT_ITS_INPUT = "not derived"
"""The payload is not what the transform was given (after a conversion failure it is what the transform made)."""


class Explainer:
    """Derives reasons for one schema and one accepted window."""

    def __init__(self, schema: Schema, accepted: AcceptedWindow) -> None:
        earliest = accepted.earliest_event_date
        self._transform = Transform(
            schema,
            window.AcceptedWindow(
                earliest_event_date=date.fromisoformat(earliest) if earliest else window.DEFAULT_EARLIEST,
                max_event_age_days=accepted.max_event_age_days,
                max_future_skew_hours=accepted.max_future_skew_hours,
            ),
        )

    def reason(self, record: ErrorRecord, written: datetime) -> str:
        """The transform's reason, `ACCEPTED` or `NOT_ITS_INPUT`.

        `written` is when the error object was written (UTC); it stands in where the record does not say when it arrived.
        """
        if record.type != PROCESSING_FAILED:
            return NOT_ITS_INPUT
        outcome = self._transform.exactly(record.payload, window.epoch_ms(record.arrival or written))
        return outcome.reason if isinstance(outcome, Rejection) else ACCEPTED
