"""Evaluates all alarms on the target's clock, and publishes what changes.

A period of 60 s is one second of the wall at a clock speed of 60, as for the data plane, which sends its minute metrics that
often. Actions are SNS topics; others (EC2, Systems Manager) do nothing and a notice says so. The notification has the
shape that CloudWatch publishes ("Notifying users on alarm changes").
"""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm, cloudwatch_backends
from moto.sns.models import sns_backends

from local_aws.control_plane.cloudwatch.evaluation import SPARE_PERIODS, Rule, State, composite, evaluate
from local_aws.control_plane.cloudwatch.expressions import compute
from local_aws.control_plane.cloudwatch.series import Key, key
from local_aws.control_plane.services import Services

log = logging.getLogger(__name__)

LEAST_SECONDS = 1.0
"""Of the wall, between two evaluations, and the shortest period: parts of the target send metrics about that often."""


class Alarms:
    """The alarms of one target, from `start` to `stop`."""

    def __init__(self, account_id: str, clock_speed: float) -> None:
        self._account_id = account_id
        self._speed = clock_speed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.wait(max(LEAST_SECONDS, 60 / self._speed)):
            try:
                self.evaluate(time.monotonic())
            except Exception:
                log.exception("alarms could not be evaluated")

    def evaluate(self, now: float) -> None:
        """Bring every alarm to its state: those on metrics first, then those on alarms."""
        backend: Any
        for account, _, backend in cloudwatch_backends.iter_backends():
            if account != self._account_id:
                continue
            alarms = list(backend.alarms.values())
            for alarm in sorted(alarms, key=lambda one: one.rule is not None):
                try:
                    state, why, children = self._state(backend, alarm, now)
                except Exception:
                    log.exception("alarm %s could not be evaluated", alarm.name)
                    continue
                if state.value != alarm.state_value:
                    self._change(alarm, state, why, children)

    def _state(self, backend: Any, alarm: Any, now: float) -> tuple[State, str, list[str]]:
        if alarm.rule is not None:
            states = {one.name: State(one.state_value) for one in backend.alarms.values()}
            state, children = composite(alarm.rule, lambda name: states.get(name, State.INSUFFICIENT_DATA))
            return state, f"{', '.join(children) or 'no alarm'} as its rule asks for.", children
        if alarm.name in backend.learning:
            return State.INSUFFICIENT_DATA, "", []
        points = self._points(backend, alarm, now)
        needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
        missing = alarm.treat_missing_data or "missing"
        rule = Rule(alarm.comparison_operator, float(alarm.threshold), int(alarm.evaluation_periods), needed, missing)
        state = evaluate(rule, points, State(alarm.state_value))
        shown = ", ".join("none" if point is None else f"{point:g}" for point in points[: rule.evaluation_periods])
        return state, f"Newest data points: {shown}; {rule.comparison} {rule.threshold:g}, {needed} of {rule.evaluation_periods}.", []

    def _points(self, backend: Any, alarm: Any, now: float) -> list[float | None]:
        """Data points of the alarm, newest first."""
        count = int(alarm.evaluation_periods) + SPARE_PERIODS

        def points(metric: Key, stat: str, period: float) -> list[float | None]:
            wall = max(LEAST_SECONDS, period / self._speed)
            return [backend.series.statistic(metric, stat, now - (back + 1) * wall, now - back * wall) for back in range(count)]

        if alarm.metric_name:
            dimensions = [{"Name": one.name, "Value": one.value} for one in alarm.dimensions]
            stat = alarm.extended_statistic or alarm.statistic
            return points(key(alarm.namespace, alarm.metric_name, dimensions), stat, float(alarm.period))
        metrics, expression = {}, None
        for query in alarm.metric_data_queries:
            if query.expression:
                expression = query.expression
                continue
            metric = query.metric_stat.metric
            dimensions = [{"Name": one.name, "Value": one.value} for one in metric.dimensions]
            found = points(key(metric.namespace, metric.metric_name, dimensions), query.metric_stat.stat, float(query.metric_stat.period))
            metrics[query.id] = found
        return compute(expression, metrics) if expression else next(iter(metrics.values()))

    def _change(self, alarm: Alarm, state: State, why: str, children: list[str]) -> None:
        before = alarm.state_value
        alarm.update_state(why, "{}", state.value)
        log.info("alarm %s: %s -> %s (%s)", alarm.name, before, state.value, why)
        if not alarm.actions_enabled:
            return
        actions = {State.ALARM: alarm.alarm_actions, State.OK: alarm.ok_actions, State.INSUFFICIENT_DATA: alarm.insufficient_data_actions}
        for action in actions[state]:
            if ":sns:" not in action:
                Services.installed.notices.add(f"Alarm {alarm.name}: the action {action} is not implemented.")
                continue
            text = json.dumps(_notification(self._account_id, alarm, before, why, children))
            try:
                sns_backends[self._account_id][alarm.region_name].publish(text, arn=action, subject=_subject(alarm, state))
            except Exception:
                log.exception("alarm %s could not be published to %s", alarm.name, action)


def _subject(alarm: Alarm, state: State) -> str:
    return f'{state.value}: "{alarm.name}" in {alarm.region_name}'[:99]


def _notification(account_id: str, alarm: Any, before: str, why: str, children: list[str]) -> dict[str, Any]:
    """The message of one change; a composite alarm's has its rule and children in place of a trigger."""
    prefix = alarm.alarm_arn.removesuffix(alarm.name)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    common = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account_id,
        "NewStateValue": alarm.state_value,
        "NewStateReason": why,
        "StateChangeTime": now,
        "Region": alarm.region_name,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    if alarm.rule is not None:
        triggering = [{"Arn": f"{prefix}{name}", "State": {"Value": "ALARM", "Timestamp": now}} for name in children]
        return {**common, "AlarmRule": alarm.rule, "TriggeringChildren": triggering}
    trigger = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
    }
    if alarm.metric_name:
        dimensions = [{"value": one.value, "name": one.name} for one in alarm.dimensions]
        trigger |= {"MetricName": alarm.metric_name, "Namespace": alarm.namespace, "Dimensions": dimensions}
    return {**common, "Trigger": trigger}
