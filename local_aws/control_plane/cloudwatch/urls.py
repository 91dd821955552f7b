"""moto reads `url_bases` and `url_paths` from the module beside a backend's models."""

from moto.cloudwatch.urls import url_bases

from local_aws.control_plane.cloudwatch.responses import AlarmingCloudWatchResponse

url_paths = {"{0}/$": AlarmingCloudWatchResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
