"""What troubles a stream now: one sentence for each thing that is being tried again, gone when it succeeds.

Deliveries, invocations and looks at Kafka fail and heal each for itself, on threads of their own, so each says and takes
back its own. The status shows them, since a stream that waits is otherwise told from a quiet one only by its age.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable

log = logging.getLogger(__name__)

_SHOWN = 3
"""Different sentences that the status shows."""


class Problems:
    """The problems of one stream. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[Hashable, str] = {}

    def start(self, what: Hashable, text: str) -> None:
        """`what` is in trouble, for the reason `text`; logged when nothing else had the same."""
        with self._lock:
            is_new = text not in self._said.values()
            self._said[what] = text
        if is_new:
            log.warning("%s", text)

    def end(self, what: Hashable) -> None:
        """`what` is well, whether it was in trouble or not; logged when nobody has that problem any more."""
        with self._lock:
            text = self._said.pop(what, None)
            is_over = text is not None and text not in self._said.values()
        if is_over:
            log.info("over: %s", text)

    def text(self) -> str | None:
        """All different problems in the order in which they began, or None."""
        with self._lock:
            different = list(dict.fromkeys(self._said.values()))
        more = [f"and {len(different) - _SHOWN} more"] if len(different) > _SHOWN else []
        return "; ".join(different[:_SHOWN] + more) or None
