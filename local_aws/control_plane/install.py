"""Puts this target's subclasses in moto's place.

moto makes a backend for an account and region when it is first asked for one, from the class that a service's
`BackendDict` holds. Setting that class before the first request is the whole installation: every module of moto that
imported the dictionary sees the subclass.
"""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.athena.models import athena_backends
from moto.awslambda.models import lambda_backends
from moto.backends import get_backend
from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum, cloudwatch_backends
from moto.core.base_backend import BackendDict
from moto.firehose.models import firehose_backends
from moto.kafka.models import kafka_backends
from moto.logs.models import LogEvent, logs_backends
from moto.s3.models import s3_backends
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends
from moto.sts.models import sts_backends

from local_aws.control_plane.application_autoscaling.models import TaggedAutoscalingBackend
from local_aws.control_plane.athena.models import TaggedAthenaBackend
from local_aws.control_plane.cloudwatch.models import BoundedCloudWatchBackend
from local_aws.control_plane.delivery_streams.models import MskFirehoseBackend
from local_aws.control_plane.lambda_functions.models import RunningLambdaBackend
from local_aws.control_plane.logs.models import BoundedLogsBackend
from local_aws.control_plane.msk.models import MskBackend
from local_aws.control_plane.notifications.models import InvokingSnsBackend
from local_aws.control_plane.s3.models import ConditionedS3Backend
from local_aws.control_plane.schedules.models import FiringSchedulerBackend
from local_aws.control_plane.services import Services
from local_aws.control_plane.sts.models import KnownKeysStsBackend

SUBCLASSES: tuple[tuple[BackendDict[Any], type[Any]], ...] = (
    (kafka_backends, MskBackend),
    (firehose_backends, MskFirehoseBackend),
    (lambda_backends, RunningLambdaBackend),
    (athena_backends, TaggedAthenaBackend),
    (applicationautoscaling_backends, TaggedAutoscalingBackend),
    (sts_backends, KnownKeysStsBackend),
    (logs_backends, BoundedLogsBackend),
    (s3_backends, ConditionedS3Backend),
    (cloudwatch_backends, BoundedCloudWatchBackend),
    (sns_backends, InvokingSnsBackend),
    (scheduler_backends, FiringSchedulerBackend),
)


NUMEROUS = (LogEvent, MetricDatum, MetricAggregatedDatum)
"""Classes whose every instance moto also keeps in a list, for its dashboard; here the backends alone decide."""
SLOW_TO_IMPORT = ("iam", "glue", "s3", "ec2", "kms", "lambda", "logs")
"""Services that Terraform calls first; moto imports a service when it is first called, EC2 in more than a second."""


class NotKept(list[Any]):
    """A list that forgets what is appended."""

    def append(self, _item: Any) -> None:
        """Nothing is kept."""


def warm_up(account_id: str, region: str) -> None:
    """Import what the first requests will need, while nothing is asked yet."""
    for service in SLOW_TO_IMPORT:
        backends = get_backend(service)  # type: ignore[call-overload]
        _ = backends[account_id]["aws" if "aws" in backends[account_id].regions else region]


def install(services: Services) -> None:
    """Use the subclasses, and `services` behind them; resources made before are gone."""
    Services.installed = services
    BackendDict.reset()
    for backends, subclass in SUBCLASSES:
        backends.clear()
        backends.backend = subclass
    for numerous in NUMEROUS:
        setattr(numerous, "instances_tracked", NotKept())  # noqa: B010 - moto's metaclass hides it from type checkers
