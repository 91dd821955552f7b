"""The SNS backend: moto's, whose subscriptions of functions are invoked as SNS does it.

SNS invokes asynchronously, with one record (Lambda developer guide, "Using AWS Lambda with Amazon SNS"); Lambda tries up
to three times. Mail and text messages are not sent.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from moto.sns.models import SNSBackend, Subscription

from local_aws.control_plane.services import Services

_NOT_SENT = frozenset({"email", "email-json", "sms", "application", "firehose"})


class InvokingSubscription(Subscription):
    """A subscription; of the protocol `lambda` it invokes the function."""

    def publish(self, message: str, message_id: str, *more: Any, **named: Any) -> None:
        if self.protocol != "lambda":
            super().publish(message, message_id, *more, **named)
            return
        subject, message_attributes = named.get("subject"), named.get("message_attributes")
        if self._filter_policy_matcher is not None and not self._filter_policy_matcher.matches(message_attributes, message):
            return
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": self.arn,
            "Sns": {
                "Type": "Notification",
                "MessageId": message_id,
                "TopicArn": self.topic.arn,
                "Subject": subject,
                "Message": message,
                "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "MessageAttributes": message_attributes or {},
            },
        }
        Services.installed.invoke_event(self.endpoint, json.dumps({"Records": [record]}).encode())


class InvokingSnsBackend(SNSBackend):
    """All topics of one account and region."""

    def subscribe(self, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
        subscription = super().subscribe(topic_arn, endpoint, protocol)
        # moto makes its subscriptions itself; only how they publish is ours.
        subscription.__class__ = InvokingSubscription
        if protocol in _NOT_SENT:
            topic = topic_arn.rpartition(":")[2]
            Services.installed.notices.add(f"SNS topic {topic}: nothing is sent to {protocol} subscriptions ({endpoint}).")
        return subscription
