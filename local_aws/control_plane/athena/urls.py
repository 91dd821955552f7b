"""moto reads `url_bases` and `url_paths` from the module beside a backend's models."""

from moto.athena.urls import url_bases

from local_aws.control_plane.athena.responses import TaggedAthenaResponse

url_paths = {"{0}/$": TaggedAthenaResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
