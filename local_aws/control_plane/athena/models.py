"""The Athena backend: moto's, which fails to list the tags of a work group."""

from __future__ import annotations

from typing import Any

from moto.athena.models import AthenaBackend


class TaggedAthenaBackend(AthenaBackend):
    """All Athena resources of one account and region."""

    def list_tags_for_resource(self, resource_arn: str) -> dict[str, Any]:
        tags: dict[str, str] = self.tagger.get_tag_dict_for_resource(resource_arn)
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
