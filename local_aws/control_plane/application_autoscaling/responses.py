"""The Application Auto Scaling API: moto's handler with the tag operations that it lacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from local_aws.control_plane.application_autoscaling.models import TaggedAutoscalingBackend


class TaggedAutoscalingResponse(ApplicationAutoScalingResponse):
    """moto's handler over our backend."""

    @property
    def applicationautoscaling_backend(self) -> TaggedAutoscalingBackend:
        return cast(TaggedAutoscalingBackend, applicationautoscaling_backends[self.current_account][self.region])

    def register_scalable_target(self) -> str:
        answer = super().register_scalable_target()
        self._tag(json.loads(answer)["ScalableTargetARN"], self._get_param("Tags") or {})
        return answer

    def list_tags_for_resource(self) -> str:
        return json.dumps({"Tags": self.applicationautoscaling_backend.tagger.get_tag_dict_for_resource(self._get_param("ResourceARN"))})

    def tag_resource(self) -> str:
        self._tag(self._get_param("ResourceARN"), self._get_param("Tags") or {})
        return "{}"

    def untag_resource(self) -> str:
        self.applicationautoscaling_backend.tagger.untag_resource_using_names(
            self._get_param("ResourceARN"), self._get_param("TagKeys") or []
        )
        return "{}"

    def _tag(self, arn: str, tags: Mapping[str, str]) -> None:
        self.applicationautoscaling_backend.tagger.tag_resource(arn, [{"Key": key, "Value": value} for key, value in tags.items()])
