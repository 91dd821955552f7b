"""The Application Auto Scaling backend: moto's, with the tags of scalable targets and the role that AWS fills in.

Nothing is scaled: the brokers' disks are this machine's. An owner reads so in the target's status.
"""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeScalableTarget
from moto.utilities.tagging_service import TaggingService

from local_aws.control_plane.services import Services

KAFKA_ROLE = "aws-service-role/kafka.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_KafkaCluster"
"""The service-linked role that AWS uses for MSK where no role is named (Application Auto Scaling user guide)."""


class TaggedAutoscalingBackend(ApplicationAutoscalingBackend):
    """All scalable targets and policies of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tagger = TaggingService()

    def register_scalable_target(  # noqa: PLR0917 - the signature is moto's
        self, namespace: str, r_id: str, dimension: str, min_capacity: Any, max_capacity: Any, role_arn: Any, suspended_state: Any
    ) -> FakeScalableTarget:
        if namespace == "kafka":
            role_arn = role_arn or f"arn:{self.partition}:iam::{self.account_id}:role/{KAFKA_ROLE}"
            Services.installed.notices.add("Scaling of the brokers' storage has no effect: their disks are this machine's.")
        return super().register_scalable_target(namespace, r_id, dimension, min_capacity, max_capacity, role_arn, suspended_state)

    def deregister_scalable_target(self, namespace: str, r_id: str, dimension: str) -> None:
        target = self.targets.get(dimension, {}).get(r_id)
        super().deregister_scalable_target(namespace, r_id, dimension)
        if target is not None:
            self.tagger.delete_all_tags_for_resource(target.arn)
