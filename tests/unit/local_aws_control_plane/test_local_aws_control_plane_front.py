"""The front: routes, the call log, errors in AWS's shapes, bodies and connections."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from control_plane_under_test import TOKEN, Plane
from moto.glue.models import GlueBackend
from moto.s3.models import S3Backend
from moto.sts.models import STSBackend

from local_aws.control_plane.faults import fault

ROLE = "arn:aws:iam::123456789012:role/r"


def connection(plane: Plane) -> http.client.HTTPConnection:
    address = urlsplit(plane.url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)


def ask(plane: Plane, path: str, token: str | None = TOKEN) -> tuple[int, Any]:
    line = connection(plane)
    line.request("GET", path, headers={} if token is None else {"X-Local-Token": token})
    answer = line.getresponse()
    return answer.status, json.loads(answer.read())


def test_the_secret_of_the_root_key_is_told_to_who_has_the_token(plane: Plane) -> None:
    root = plane.principals.root
    status, found = ask(plane, f"/_local/secret?access_key_id={root.access_key_id}")
    assert status == 200
    assert found == {
        "secret_access_key": root.secret_access_key,
        "session_token": None,
        "principal_arn": "arn:aws:iam::123456789012:root",
        "expires": None,
    }


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_without_the_token_nothing_is_told(plane: Plane, token: str | None) -> None:
    assert ask(plane, f"/_local/secret?access_key_id={plane.principals.root.access_key_id}", token)[0] == 403
    assert ask(plane, "/_local/status", token)[0] == 403
    assert ask(plane, "/_local/health", token)[0] == 200


def test_secrets_of_users_and_of_assumed_roles_are_known(plane: Plane) -> None:
    iam, sts = plane.client("iam"), plane.client("sts")
    user = iam.create_user(UserName="ann")["User"]["Arn"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    assert ask(plane, f"/_local/secret?access_key_id={key['AccessKeyId']}")[1]["principal_arn"] == user
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    session = sts.assume_role(RoleArn=role, RoleSessionName="me", DurationSeconds=900)["Credentials"]
    found = ask(plane, f"/_local/secret?access_key_id={session['AccessKeyId']}")[1]
    assert found["secret_access_key"] == session["SecretAccessKey"]
    assert found["session_token"] == session["SessionToken"]
    assert found["principal_arn"] == "arn:aws:sts::123456789012:assumed-role/reader/me"
    assert found["expires"] == session["Expiration"].isoformat()


def test_a_key_that_nobody_issued_is_not_found(plane: Plane) -> None:
    assert ask(plane, "/_local/secret?access_key_id=AKIAAAAAAAAAAAAAAAAA")[0] == 404


def test_each_call_is_logged_with_who_made_it(plane: Plane) -> None:
    iam = plane.client("iam")
    role = iam.create_role(RoleName="writer", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    session = plane.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    s3 = plane.client("s3", (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]))
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a/b.parquet", Body=b"x")
    plane.client("s3", ("AKIAAAAAAAAAAAAAAAAA", "secret", None)).list_buckets()
    calls = [(call["principal"], call["service"], call["action"], call["resource"], call["status"]) for call in plane.calls()]
    me = "arn:aws:sts::123456789012:assumed-role/writer/me"
    assert calls == [
        ("root", "iam", "CreateRole", "writer", 200),
        ("root", "sts", "AssumeRole", role, 200),
        (me, "s3", "CreateBucket", "arn:aws:s3:::lake", 200),
        (me, "s3", "PutObject", "arn:aws:s3:::lake/a/b.parquet", 200),
        ("unknown", "s3", "ListBuckets", None, 200),
    ]


@pytest.mark.parametrize(
    ("call", "action", "resource"),
    [
        (lambda plane: plane.client("glue").get_table(DatabaseName="d", Name="t"), "GetTable", "d.t"),
        (lambda plane: plane.client("lambda").get_function(FunctionName="f"), "GetFunction", "f"),
        (lambda plane: plane.client("kafka").describe_cluster(ClusterArn="arn:x/y"), "DescribeCluster", "arn:x/y"),
        (lambda plane: plane.client("firehose").describe_delivery_stream(DeliveryStreamName="s"), "DescribeDeliveryStream", "s"),
        (lambda plane: plane.client("logs").put_retention_policy(logGroupName="/g", retentionInDays=1), "PutRetentionPolicy", "/g"),
        (lambda plane: plane.client("s3").get_object(Bucket="none", Key="k"), "GetObject", "arn:aws:s3:::none/k"),
        (lambda plane: plane.client("s3").list_objects_v2(Bucket="none"), "ListObjectsV2", "arn:aws:s3:::none"),
        (lambda plane: plane.client("s3").get_bucket_versioning(Bucket="none"), "GetBucketVersioning", "arn:aws:s3:::none"),
        (lambda plane: plane.client("cloudwatch").describe_alarms(), "DescribeAlarms", None),
    ],
)
def test_actions_and_resources_are_named(plane: Plane, call: Any, action: str, resource: str | None) -> None:
    with contextlib.suppress(ClientError):
        call(plane)
    last = plane.calls()[-1]
    assert (last["action"], last["resource"]) == (action, resource)


def test_the_caller_is_root(plane: Plane) -> None:
    assert plane.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"


@pytest.mark.parametrize(
    ("backend", "method", "call"),
    [
        (GlueBackend, "get_databases", lambda plane: plane.client("glue").get_databases()),
        (S3Backend, "list_buckets", lambda plane: plane.client("s3").list_buckets()),
        (STSBackend, "assume_role", lambda plane: plane.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="me")),
    ],
)  # fmt: skip
def test_an_unexpected_failure_is_an_aws_error_without_a_traceback(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, backend: type, method: str, call: Any
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(backend, method, fail)
    with pytest.raises(ClientError) as caught:
        call(plane)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert response["Error"]["Code"] == "InternalFailure"
    assert "ZeroDivisionError: by zero" in response["Error"]["Message"]
    assert "Traceback" not in response["Error"]["Message"]
    assert plane.calls()[-1]["status"] == 500


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda plane: plane.client("kafka").list_replicators(), "kafka:ListReplicators"),
        (lambda plane: plane.client("glue").list_blueprints(), "glue:ListBlueprints"),
        (lambda plane: plane.client("lambda").get_account_settings(), "lambda:GetAccountSettings"),
    ],
)
def test_what_nobody_implements_is_named_and_not_tried_again(plane: Plane, call: Any, named: str) -> None:
    with pytest.raises(ClientError, match=named) as caught:
        call(plane)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_large_object_comes_back_whole(plane: Plane) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lake")
    body = os.urandom(64 * 1024 * 1024)
    s3.put_object(Bucket="lake", Key="large", Body=body)
    assert s3.get_object(Bucket="lake", Key="large")["Body"].read() == body
    assert s3.get_object(Bucket="lake", Key="large", Range="bytes=5-9")["Body"].read() == body[5:10]


def test_keys_and_metadata_keep_their_spelling(plane: Plane) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lake")
    key = "a b/c%2Fd+ü//event_date=2026-11-24/e"
    s3.put_object(Bucket="lake", Key=key, Body=b"x", Metadata={"my_key": "1", "other-key": "2"})
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="lake")["Contents"]] == [key]
    assert s3.head_object(Bucket="lake", Key=key)["Metadata"] == {"my_key": "1", "other-key": "2"}


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_kept(plane: Plane, algorithm: str) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    assert s3.get_object(Bucket="lake", Key="k", ChecksumMode="ENABLED")[f"Checksum{algorithm}"]


def test_a_chunked_body_is_taken_and_the_connection_used_again(plane: Plane) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lake")
    address = s3.generate_presigned_url("put_object", Params={"Bucket": "lake", "Key": "chunked"})
    line = connection(plane)
    path = address.removeprefix(plane.url)
    line.request("PUT", path, body=iter([b"abc", b"def"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    assert line.getresponse().read() == b""
    kept = line.sock
    line.request("GET", s3.generate_presigned_url("get_object", Params={"Bucket": "lake", "Key": "chunked"}).removeprefix(plane.url))
    assert line.getresponse().read() == b"abcdef"
    assert line.sock is kept


def test_an_error_speaks_the_protocol_of_the_request() -> None:
    assert b"<Code>InternalFailure</Code>" in fault({}, "sts", 500, "InternalFailure", "a < b").body
    assert b"a &lt; b" in fault({}, "s3", 500, "InternalFailure", "a < b").body
    assert json.loads(fault({}, "glue", 500, "InternalFailure", "m").body)["__type"] == "InternalFailure"
    cbor = fault({"HTTP_SMITHY_PROTOCOL": "rpc-v2-cbor"}, "cloudwatch", 500, "InternalFailure", "m" * 300).body
    assert cbor.startswith(b"\xa2\x66__type\x6fInternalFailure\x67message\x79\x01\x2c")


def bucket_policy(effect: str, **condition: dict[str, str]) -> str:
    statement = {"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]})


@pytest.mark.parametrize(
    "condition",
    [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        {"NumericLessThan": {"s3:TlsVersion": 1.3}},
    ],
)
def test_a_policy_for_tls_only_lets_requests_in(plane: Plane, condition: dict[str, dict[str, str]]) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_bucket_policy(Bucket="lake", Policy=bucket_policy("Deny", **condition))
    s3.put_object(Bucket="lake", Key="k", Body=b"x")
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"x"


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.4"}},
        {"NumericGreaterThanEquals": {"s3:TlsVersion": "1.3"}},
    ],
)
def test_a_deny_that_holds_closes_the_bucket(plane: Plane, condition: dict[str, dict[str, str]]) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_bucket_policy(Bucket="lake", Policy=bucket_policy("Deny", **condition))
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="lake", Key="k", Body=b"x")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_deny_on_a_condition_that_is_not_evaluated_is_refused_by_name(plane: Plane) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lake")
    with pytest.raises(ClientError, match="aws:SourceVpce"):
        s3.put_bucket_policy(Bucket="lake", Policy=bucket_policy("Deny", StringNotEquals={"aws:SourceVpce": "vpce-1"}))


def test_motos_own_interface_is_closed(plane: Plane) -> None:
    line = connection(plane)
    line.request("POST", "/moto-api/reset")
    assert line.getresponse().status == 501


@pytest.mark.parametrize("sent", [0, 50])
def test_a_client_that_dies_while_it_sends_leaves_no_object(plane: Plane, sent: int) -> None:
    """It is killed after the headers, or in the middle of the body; S3 keeps no part of such a request."""
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lake")
    line = connection(plane)
    line.putrequest("PUT", "/lake/half")
    line.putheader("Content-Length", "100")
    line.putheader("Authorization", f"AWS4-HMAC-SHA256 Credential={plane.principals.root.access_key_id}/20261124/us-east-1/s3/aws4_request")
    line.endheaders()
    line.send(b"x" * sent)
    line.close()
    deadline = time.monotonic() + 5
    while not any('"PutObject"' in call for call in plane.calls()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "Contents" not in s3.list_objects_v2(Bucket="lake")


@pytest.mark.parametrize("key", ["a\nb", "event_date=\n/x.parquet", "ends\n", "\n"])
def test_a_key_with_a_newline_is_a_key(plane: Plane, key: str) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lines")
    s3.put_object(Bucket="lines", Key=key, Body=b"x")
    assert s3.get_object(Bucket="lines", Key=key)["Body"].read() == b"x"
    s3.delete_object(Bucket="lines", Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket="lines")
