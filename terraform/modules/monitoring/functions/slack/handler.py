"""Writes what comes through the alarms' SNS topics to Slack.

SNS calls with one record (Lambda developer guide, "Using AWS Lambda with Amazon SNS"). Whatever cannot be sent is raised:
Lambda then calls twice more, and after that leaves the event in the queue of undelivered alarms.

The webhook's URL is read from Secrets Manager and kept for five minutes, so that a new one is used soon. It needs nothing
beyond the runtime's boto3 and the standard library.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from slack import message
from slack.webhook import NoWebhook, Webhook

LOG = logging.getLogger(__name__)

KEPT_SECONDS = 300.0
MARGIN_SECONDS = 3.0
"""Kept of the function's time, so that it ends with words of its own rather than with a timeout."""

_kept: dict[str, tuple[float, Webhook]] = {}


def webhook(secret_arn: str, client: Any, now: float) -> Webhook:
    """The webhook whose URL is the secret's text. `now` is a reading of the monotonic clock.

    Raises:
        NoWebhook: the secret has no value, or one that is no URL.
    """
    kept = _kept.get(secret_arn)
    if kept is not None and now - kept[0] < KEPT_SECONDS:
        return kept[1]
    try:
        text = client.get_secret_value(SecretId=secret_arn).get("SecretString")
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        text = None
    if not text:
        raise NoWebhook(f"The secret {secret_arn} has no value yet. Put the webhook's URL with `aws secretsmanager put-secret-value`.")
    found = Webhook(text.strip())
    _kept[secret_arn] = (now, found)
    return found


def handler(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """Send every record of the event; the answer says how many.

    Raises:
        SlackError: the first record that could not be sent.
    """
    logging.getLogger().setLevel(logging.INFO)
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    secret_arn = os.environ["WEBHOOK_SECRET_ARN"]
    target = webhook(secret_arn, boto3.client("secretsmanager"), time.monotonic())
    sent = 0
    for record in event.get("Records", ()):
        built = message.of(record["Sns"])
        try:
            target.post(built, deadline)
        except Exception:
            _kept.pop(secret_arn, None)  # a webhook that was replaced is read again at the next try
            raise
        LOG.info("sent: %s", built["text"])
        sent += 1
    return {"sent": sent}
