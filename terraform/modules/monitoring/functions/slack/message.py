"""An alarm as CloudWatch hands it to SNS, as the blocks of a Slack message.

Shape of the notification: CloudWatch user guide, "Notifying users on alarm changes". A composite alarm has `AlarmRule` and
`TriggeringChildren` in place of `Trigger`. Whatever else comes through the topic is shown as it is, never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_SIGNS = {"ALARM": ":red_circle:", "OK": ":large_green_circle:", "INSUFFICIENT_DATA": ":white_circle:"}
_SAYS = {"ALARM": "in alarm", "OK": "over", "INSUFFICIENT_DATA": "without data"}
_RUNBOOK = re.compile(r"\s*Runbook: (\S+)")
_CONSOLES = {"aws": "console.aws.amazon.com", "aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}

# Slack API, "Block Kit: blocks": a header's text and a section's have limits, and a longer one refuses the whole message.
_HEADER = 150
_SECTION = 3000


def of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The message for one SNS record (`event["Records"][n]["Sns"]`)."""
    text = str(record.get("Message", ""))
    try:
        alarm = json.loads(text)
    except ValueError:
        alarm = None
    if isinstance(alarm, dict) and "AlarmName" in alarm and "NewStateValue" in alarm:
        return _alarm(alarm)
    subject = str(record.get("Subject") or "Notification")
    return {"text": _cut(subject, _HEADER), "blocks": [_header(subject), _section(f"```{_cut(_escape(text), _SECTION - 6)}```")]}


def _alarm(alarm: Mapping[str, Any]) -> dict[str, Any]:
    state = str(alarm["NewStateValue"])
    title = f"{alarm['AlarmName']} is {_SAYS.get(state, state)}"
    description = str(alarm.get("AlarmDescription") or "")
    runbook = _RUNBOOK.search(description)
    blocks = [_header(f"{_SIGNS.get(state, '')} {title}".strip())]
    meaning = _RUNBOOK.sub("", description).strip()
    if meaning:
        blocks.append(_section(_escape(meaning)))
    if alarm.get("NewStateReason"):
        blocks.append(_section(f"*Why* {_escape(str(alarm['NewStateReason']))}"))
    if "AlarmRule" in alarm:
        blocks.append(_section(_children(alarm)))
    blocks.append(_section(_links(alarm, runbook[1] if runbook else None)))
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _escape(_when(alarm))}]})
    return {"text": title, "blocks": blocks}


def _children(alarm: Mapping[str, Any]) -> str:
    """What a composite alarm rests on: those that set it off, else its rule."""
    children = [
        f"• {_escape(str(child.get('Arn', '')).rpartition(':')[2])}: {_escape(str(child.get('State', {}).get('Value', '?')))}"
        for child in alarm.get("TriggeringChildren") or ()
        if isinstance(child, dict)
    ]
    return "*Because of*\n" + "\n".join(children) if children else f"*Rule* `{_escape(str(alarm['AlarmRule']))}`"


def _links(alarm: Mapping[str, Any], runbook: str | None) -> str:
    links = []
    if runbook:
        links.append(f"<{runbook}|Runbook>" if runbook.startswith(("https://", "http://")) else f"Runbook: `{_escape(runbook)}`")
    parts = str(alarm.get("AlarmArn", "")).split(":")
    if len(parts) >= 7:
        host = _CONSOLES.get(parts[1], _CONSOLES["aws"])
        url = f"https://{parts[3]}.{host}/cloudwatch/home?region={parts[3]}#alarmsV2:alarm/{quote(str(alarm['AlarmName']), safe='')}"
        links.append(f"<{url}|Alarm>")
    return "   ".join(links) or "No runbook is linked."


def _when(alarm: Mapping[str, Any]) -> str:
    facts = [f"{alarm.get('OldStateValue', '?')} → {alarm['NewStateValue']}", str(alarm.get("StateChangeTime", ""))]
    facts += [f"account {alarm['AWSAccountId']}"] if alarm.get("AWSAccountId") else []
    facts += [str(alarm["Region"])] if alarm.get("Region") else []
    return "  ·  ".join(fact for fact in facts if fact)


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": _cut(text, _HEADER), "emoji": True}}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, _SECTION)}}


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _escape(text: str) -> str:
    """Slack API, "Formatting text": these three alone, so that nothing in a reason can become a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
