"""What the data plane asks and sends beside the records: its configuration, the topic's identity, metrics, error log.

It runs on a thread of its own, so that an endpoint that does not answer never holds up reading or delivery.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.firehose import startup
from local_aws.firehose.aws_access import Access
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.error_log import ErrorLog
from local_aws.firehose.errors import CannotStart, FirehoseError, NotSupportedLocally, NotYet, Suspended
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.problems import Problems
from local_aws.firehose.source import KafkaSource, check_identity

log = logging.getLogger(__name__)

_LOOK_SECONDS = 3.0
_METRIC_SECONDS = 60.0
_SHORTEST_METRIC_SECONDS = 5.0
_METRICS_A_CALL = 150


class Watch:
    """Looks around every few seconds; the loop reads what it found."""

    def __init__(
        self,
        access: Access,
        configuration: StreamConfiguration,
        source: KafkaSource,
        *,
        topic_id: str,
        metrics: Metrics,
        error_log: ErrorLog,
        problems: Problems,
        speed: float,
    ) -> None:
        self._access = access
        self._source = source
        self._topic_id = topic_id
        self._metrics = metrics
        self._error_log = error_log
        self._problems = problems
        self._metric_seconds = max(_SHORTEST_METRIC_SECONDS, _METRIC_SECONDS / speed)
        self._stopping = threading.Event()
        self.configuration = configuration
        """The newest configuration that can be run."""
        self.partitions: int | None = None
        """How many partitions the topic has; None before the first look."""
        self.ended: Suspended | CannotStart | None = None
        """Why the stream cannot go on: the topic is another one, or the stream is gone."""
        self._looked_strange = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop looking, and send what is left."""
        self._stopping.set()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        next_metrics = time.monotonic() + self._metric_seconds
        for second in itertools.count():
            stopping = self._stopping.wait(1.0)
            try:
                if second % _LOOK_SECONDS == 0 and not stopping:
                    self._look()
                self._error_log.send(self.configuration, self._logs)
                if stopping or time.monotonic() >= next_metrics:
                    next_metrics = time.monotonic() + self._metric_seconds
                    self._send_metrics()
            except (NotYet, NotSupportedLocally) as error:
                log.info("%s", error)
            except FirehoseError as error:
                log.warning("%s", error)
                if isinstance(error, (Suspended, CannotStart)):
                    self.ended = error
            except Exception:
                log.exception("looking around failed; going on")
            if stopping:
                return

    def _look(self) -> None:
        self._asking("topic", self._look_at_topic)
        self._asking("configuration", self._look_at_configuration)

    def _asking(self, what: str, ask: Callable[[], None]) -> None:
        try:
            ask()
        except NotYet as error:
            self._problems.start(what, str(error))
        else:
            self._problems.end(what)

    def _look_at_topic(self) -> None:
        """Take over how many partitions the topic has.

        Raises:
            NotYet: no broker answers.
            Suspended: twice in a row it was gone or another one. Once may be a broker that has only just started.
        """
        looked_strange, self._looked_strange = self._looked_strange, False
        topic = self._source.describe()
        try:
            self.partitions = check_identity(topic, self._topic_id, self.configuration.source.topic).partitions
        except Suspended as error:
            if looked_strange:
                raise
            self._looked_strange = True
            log.warning("%s Looking again.", error)

    def _look_at_configuration(self) -> None:
        self.configuration = startup.describe(self._access, self.configuration.name)

    def _logs(self) -> object:
        return self._access.client("logs", self.configuration.destination.role_arn)

    def _send_metrics(self) -> None:
        data = list(self._metrics.take(self.configuration.name))
        try:
            for start in range(0, len(data), _METRICS_A_CALL):
                self._access.client("cloudwatch").put_metric_data(
                    Namespace="AWS/Firehose", MetricData=data[start : start + _METRICS_A_CALL]
                )
        except (ClientError, BotoCoreError) as error:
            log.info("metrics cannot be sent: %s", error)
