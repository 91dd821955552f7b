"""The S3 backend: moto's, with conditions in the Deny statements of bucket policies.

moto takes a Deny with a condition for a Deny without one, so the common "only over TLS" closes a bucket for everyone.
Requests to this target count as made over TLS 1.3: it listens on the loopback interface only. A Deny on any other
condition is refused by name when the policy is put, since it would be ignored or would close the bucket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, S3Backend

KNOWN = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}
"""Condition keys that are evaluated, with their value in every request."""

_NUMERIC: Mapping[str, Callable[[float, float], bool]] = {
    "numericlessthan": lt,
    "numericlessthanequals": le,
    "numericgreaterthan": gt,
    "numericgreaterthanequals": ge,
}


class PolicyBucket(FakeBucket):
    """A bucket that weighs only those statements of its policy whose conditions hold."""

    def get_permission(self, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        policy["Statement"] = [_without_condition(one) for one in _statements(policy) if not _is_known_to_fail(one)]
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


class ConditionedS3Backend(S3Backend):
    """All buckets of one account."""

    @property
    def _url_module(self) -> Any:  # moto's S3 backend names its own module here
        from local_aws.control_plane.s3 import urls

        return urls

    def create_bucket(self, bucket_name: str, region_name: str, bucket_namespace: str | None = None) -> FakeBucket:
        bucket: FakeBucket = super().create_bucket(bucket_name, region_name, bucket_namespace)
        bucket.__class__ = PolicyBucket  # type: ignore[type-abstract]  # moto makes its buckets by the name of their class
        return bucket

    def put_bucket_policy(self, bucket_name: str, policy: bytes) -> None:
        try:
            statements = _statements(json.loads(policy))
        except ValueError as error:
            raise S3ClientError("MalformedPolicy", "This policy contains invalid Json") from error
        for statement in statements:
            for key in _condition_keys(statement) if statement.get("Effect") == "Deny" else ():
                if key.lower() not in KNOWN:
                    said = f"The local target does not implement a Deny with the condition {key} in a bucket policy."
                    raise S3ClientError("MalformedPolicy", said)
        super().put_bucket_policy(bucket_name, policy)


def _statements(policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = policy.get("Statement") or []
    return list(found) if isinstance(found, list) else [found]


def _condition_keys(statement: Mapping[str, Any]) -> list[str]:
    return [key for keys in (statement.get("Condition") or {}).values() for key in keys]


def _is_known_to_fail(statement: Mapping[str, Any]) -> bool:
    """Whether a condition that is evaluated here does not hold, so that the statement says nothing."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, wanted in keys.items():
            has = KNOWN.get(key.lower())
            if has is None:
                continue
            values = [str(value).lower() for value in (wanted if isinstance(wanted, list) else [wanted])]
            if not _holds(operator.lower(), has, values):
                return True
    return False


def _holds(operator: str, has: str, values: list[str]) -> bool:
    """Whether a condition holds; of several values one is enough, save for the negated operators, where all must hold."""
    compare = _NUMERIC.get(operator)
    if compare is not None:
        return any(compare(float(has), float(value)) for value in values)
    return (has in values) != ("not" in operator)


def _without_condition(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != "Condition"}
