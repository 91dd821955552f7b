"""What AWS checks of a stream against the account's other resources: the MSK cluster, roles, the Glue table.

The source's checklist is in the Firehose developer guide ("Writing to Firehose using Amazon MSK", "Troubleshooting
Amazon MSK"). A role that is not there is reported with the sentence on which Terraform waits and tries again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.glue.models import glue_backends
from moto.iam.models import iam_backends
from moto.kafka.models import kafka_backends
from werkzeug.exceptions import HTTPException

from local_aws.control_plane.delivery_streams.exceptions import InvalidArgumentException
from local_aws.control_plane.delivery_streams.rules import Tree, converts
from local_aws.control_plane.msk import rules as msk
from local_aws.control_plane.msk.cluster import Cluster
from local_aws.control_plane.msk.models import backend_of
from local_aws.control_plane.principals import PARTITION

SERVICE = "firehose.amazonaws.com"


@dataclass(frozen=True)
class Failure:
    """Why a stream is CREATING_FAILED (API: FailureDescription)."""

    kind: str
    details: str


def check_source(source: Tree, account_id: str) -> Cluster:
    """The source's cluster; raises InvalidArgumentException where AWS refuses to create the stream."""
    authentication = source["AuthenticationConfiguration"]
    arn = source["MSKClusterARN"]
    if authentication["Connectivity"] == "PUBLIC":
        raise InvalidArgumentException(
            "The local target does not implement MSKSourceConfiguration.AuthenticationConfiguration.Connectivity PUBLIC: "
            "its brokers listen on 127.0.0.1 only. Use PRIVATE."
        )
    cluster = find_cluster(arn, account_id)
    if cluster is None:
        raise InvalidArgumentException(f"The MSK cluster {arn} does not exist.")
    if cluster.state != "ACTIVE":
        raise InvalidArgumentException(f"The MSK cluster {arn} is {cluster.state}; it must be ACTIVE.")
    if "iam" not in msk.authentications(cluster.request):
        raise InvalidArgumentException(f"IAM access control is not turned on for the MSK cluster {arn}.")
    if not msk.private_connectivity(cluster.request):
        raise InvalidArgumentException(f"Multi-VPC private connectivity for IAM is not turned on for the MSK cluster {arn}.")
    check_role(authentication["RoleARN"], account_id)
    return cluster


def find_cluster(arn: str, account_id: str) -> Cluster | None:
    """The cluster behind an ARN, in the region that the ARN names."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "kafka" or parts[3] not in kafka_backends[account_id]:
        return None
    return backend_of(account_id, parts[3]).clusters.get(arn)


def policy_failure(cluster: Cluster, account_id: str) -> Failure | None:
    """Why Firehose cannot make its VPC connection to the cluster: no policy lets it; None where one does."""
    stored = backend_of(account_id, cluster.region_name).policies.get(cluster.arn)
    if stored and _lets_firehose_connect(stored["policy"]):
        return None
    return Failure(
        "VPC_INTERFACE_ENDPOINT_SERVICE_ACCESS_DENIED",
        f"The cluster policy of {cluster.arn} does not let {SERVICE} call kafka:CreateVpcConnection.",
    )


def _lets_firehose_connect(policy: str) -> bool:
    try:
        statements = json.loads(policy).get("Statement") or []
    except (ValueError, AttributeError):
        return False
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        services = principal.get("Service") if isinstance(principal, Mapping) else principal
        actions = {action.lower() for action in _as_list(statement.get("Action"))}
        if (
            statement.get("Effect") == "Allow"
            and {SERVICE, "*"} & set(_as_list(services))
            and {"kafka:createvpcconnection", "kafka:*", "*"} & actions
        ):
            return True
    return False


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def check_role(arn: str, account_id: str) -> None:
    """Raise unless the role is there."""
    roles = iam_backends[account_id][PARTITION].roles.values()
    if not any(role.arn == arn for role in roles):
        raise InvalidArgumentException(f"Firehose is unable to assume role {arn}. Please check the role provided.")


def check_destination_resources(destination: Tree, account_id: str, region: str) -> None:
    """Raise unless the delivery role, and with conversion the Glue table and its role, are there."""
    check_role(destination["RoleARN"], account_id)
    if not converts(destination):
        return
    schema = destination["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    for name in ("RoleARN", "DatabaseName", "TableName"):
        if not schema.get(name):
            raise InvalidArgumentException(f"SchemaConfiguration.{name} must not be null when data format conversion is enabled.")
    backend = glue_backends[account_id][schema.get("Region") or region]
    try:
        table = backend.get_table(schema["DatabaseName"], schema["TableName"])
    except (ServiceException, HTTPException) as error:
        raise InvalidArgumentException(
            "An error occurred (EntityNotFoundException) when calling Glue: "
            f"table {schema['DatabaseName']}.{schema['TableName']} is not found."
        ) from error
    if not table.as_dict().get("StorageDescriptor"):
        raise InvalidArgumentException(f"The Glue table {schema['DatabaseName']}.{schema['TableName']} has no storage descriptor.")
    check_role(schema["RoleARN"], account_id)
