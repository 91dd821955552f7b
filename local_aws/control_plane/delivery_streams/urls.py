"""moto reads `url_bases` and `url_paths` from the module beside a backend's models."""

from moto.firehose.urls import url_bases

from local_aws.control_plane.delivery_streams.responses import MskFirehoseResponse

url_paths = {"{0}/$": MskFirehoseResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
