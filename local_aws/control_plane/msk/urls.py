"""moto reads `url_bases` and `url_paths` from the module beside a backend's models."""

from moto.kafka.urls import url_bases

from local_aws.control_plane.msk.responses import MskResponse

url_paths = {"{0}/(?P<path>.+)$": MskResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
