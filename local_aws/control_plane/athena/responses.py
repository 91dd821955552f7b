"""The Athena API: moto's handler with the tag operations that it lacks."""

from __future__ import annotations

import json
from typing import cast

from moto.athena.models import athena_backends
from moto.athena.responses import AthenaResponse

from local_aws.control_plane.athena.models import TaggedAthenaBackend


class TaggedAthenaResponse(AthenaResponse):
    """moto's handler over our backend."""

    @property
    def athena_backend(self) -> TaggedAthenaBackend:
        return cast(TaggedAthenaBackend, athena_backends[self.current_account][self.region])

    def list_tags_for_resource(self) -> str:
        return json.dumps(self.athena_backend.list_tags_for_resource(self._get_param("ResourceARN")))

    def tag_resource(self) -> str:
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags") or []}
        self.athena_backend.tag_resource(self._get_param("ResourceARN"), tags)
        return "{}"

    def untag_resource(self) -> str:
        self.athena_backend.untag_resource(self._get_param("ResourceARN"), self._get_param("TagKeys") or [])
        return "{}"
