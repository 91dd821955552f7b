"""Posting to a Slack incoming webhook, with patience, and without ever saying where.

    SlackError
    ├── NoWebhook      the secret has no value yet, or one that is no URL; a person must put it
    ├── Refused        Slack will not take this message, however often it is sent
    └── Unreachable    no answer, or "later", until the time was over

Whoever knows the URL can write to the channel. So it stands in no message, no log line and no traceback of this module:
errors are raised `from None`, for those of urllib may carry it.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
ANSWER_SECONDS = 5.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SlackError(Exception):
    """The message did not reach Slack."""


class NoWebhook(SlackError):
    """There is no URL to post to."""


class Refused(SlackError):
    """Slack answered that it will not take the message."""


class Unreachable(SlackError):
    """Slack gave no good answer in time."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook does not redirect; following one would send alarms elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


@dataclass(frozen=True, repr=False)
class Webhook:
    """One webhook. Its `repr` does not show the URL."""

    url: str
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if not (parts.scheme == "https" and parts.hostname) and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise NoWebhook("The secret's value is no https URL. Put the webhook's URL, and nothing else, as its text.")

    def post(self, message: Mapping[str, Any], deadline: float) -> None:
        """Send a message; try again until `deadline` (a reading of `clock`) where Slack may take it later.

        Raises:
            Refused, Unreachable
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            trouble, wait = self._try(message, max(0.1, min(ANSWER_SECONDS, deadline - self.clock())))
            if trouble is None:
                return
            pause = min(max(pause, wait), max(wait, LONGEST_PAUSE_SECONDS))
            if self.clock() + pause >= deadline:
                raise Unreachable(f"Slack did not take the message in time; the last answer: {trouble}.")
            self.sleep(pause)
            pause *= 2

    def _try(self, message: Mapping[str, Any], seconds: float) -> tuple[str | None, float]:
        """One attempt: what went wrong, if it may pass, and how long Slack asks to wait."""
        body = json.dumps(message).encode()
        request = urllib.request.Request(self.url, data=body, headers={"Content-Type": "application/json; charset=utf-8"}, method="POST")
        try:
            with _OPENER.open(request, timeout=seconds):
                return None, 0.0
        except urllib.error.HTTPError as error:
            with error:
                # Slack API, "Rate limits": 429 with Retry-After; "Sending messages using incoming webhooks": 4xx with a word.
                if error.code == 429 or error.code >= 500:
                    return f"status {error.code}", _seconds(error.headers.get("Retry-After"))
                word = error.read(200).decode("utf-8", "replace").strip()
            raise Refused(f"Slack refuses the message: status {error.code}, {word or 'no word'}.") from None
        except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
            return f"no answer ({type(error).__name__})", 0.0


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isdecimal() else 0.0
