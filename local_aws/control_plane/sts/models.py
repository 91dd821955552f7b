"""The STS backend: moto's, with GetCallerIdentity for the root key and the keys of local services."""

from __future__ import annotations

from moto.sts.models import STSBackend

from local_aws.control_plane.services import Services


class KnownKeysStsBackend(STSBackend):
    """Sessions of one account."""

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:
        known = Services.installed.principals.find(access_key_id)
        if known is not None and known.session_token is None and known.expires is None and ":user/" not in known.principal_arn:
            return self.account_id, known.principal_arn, self.account_id
        answer: tuple[str, str, str] = super().get_caller_identity(access_key_id, region)
        return answer
