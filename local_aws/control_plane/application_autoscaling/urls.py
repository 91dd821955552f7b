"""moto reads `url_bases` and `url_paths` from the module beside a backend's models."""

from moto.applicationautoscaling.urls import url_bases

from local_aws.control_plane.application_autoscaling.responses import TaggedAutoscalingResponse

url_paths = {"{0}/$": TaggedAutoscalingResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
