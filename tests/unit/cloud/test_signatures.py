"""Signatures: checked by recomputation, refused with each service's own code."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.signers import RequestSigner

from pytest_eksconform.emulation.facts import Credentials

READS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "ec2": "describe_instances",
    "autoscaling": "describe_auto_scaling_groups",
    "eks": "list_clusters",
    "ssm": "describe_parameters",
}


def refused(lab: Any, service: str, keys: Credentials) -> str:
    with pytest.raises(ClientError) as error:
        getattr(lab.client(service, keys), READS[service])()
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sts", "SignatureDoesNotMatch"),
        ("iam", "SignatureDoesNotMatch"),
        ("autoscaling", "SignatureDoesNotMatch"),
        ("ec2", "AuthFailure"),
        ("eks", "InvalidSignatureException"),
        ("ssm", "InvalidSignatureException"),
    ],
)
def test_wrong_secret_is_refused(lab: Any, service: str, code: str) -> None:
    key = lab.server.root_credentials.access_key_id
    assert refused(lab, service, Credentials(key, "wrong")) == code


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sts", "InvalidClientTokenId"),
        ("ec2", "AuthFailure"),
        ("eks", "UnrecognizedClientException"),
        ("ssm", "UnrecognizedClientException"),
    ],
)
def test_unknown_key_is_refused(lab: Any, service: str, code: str) -> None:
    assert refused(lab, service, Credentials("AKIAIOSFODNN7EXAMPLE", "x")) == code


@pytest.mark.parametrize(
    ("service", "code"),
    [("sts", "ExpiredToken"), ("eks", "ExpiredTokenException"), ("ec2", "RequestExpired")],
)
def test_expired_session_is_refused(lab: Any, service: str, code: str) -> None:
    session = lab.client("sts").assume_role(
        RoleArn=lab.role("short", {"AWS": "111122223333"}),
        RoleSessionName="me",
        DurationSeconds=900,
    )["Credentials"]
    keys = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assert lab.client("sts", keys).get_caller_identity()["Arn"].endswith("/short/me")
    stolen = Credentials(keys.access_key_id, keys.secret_access_key, "another token")
    assert refused(lab, "sts", stolen) == "InvalidClientTokenId"
    lab.clock.ahead = timedelta(minutes=16)
    assert refused(lab, service, keys) == code


@pytest.mark.parametrize(
    ("service", "code"),
    [("sts", "MissingAuthenticationToken"), ("eks", "MissingAuthenticationTokenException")],
)
def test_unsigned_call_is_refused(lab: Any, service: str, code: str) -> None:
    client = boto3.client(
        service,
        region_name=lab.server.region,
        endpoint_url=lab.server.url,
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )
    with pytest.raises(ClientError) as error:
        getattr(client, READS[service])()
    assert error.value.response["Error"]["Code"] == code


def presigned(lab: Any, cluster_name: str) -> str:
    sts = lab.client("sts")
    signer = RequestSigner(
        sts.meta.service_model.service_id,
        lab.server.region,
        "sts",
        "v4",
        sts._request_signer._credentials,
        sts.meta.events,
    )
    request = {
        "method": "GET",
        "url": f"{lab.server.url}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster_name},
        "context": {},
    }
    url = signer.generate_presigned_url(
        request, region_name=lab.server.region, expires_in=60, operation_name=""
    )
    return str(url)


def fetch(url: str, headers: Mapping[str, str]) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers))) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_presigned_caller_identity_is_bound_to_its_cluster(lab: Any) -> None:
    url = presigned(lab, "conform")
    status, body = fetch(url, {"x-k8s-aws-id": "conform"})
    assert status == 200
    assert "user/emulation-administrator" in body
    for headers in ({"x-k8s-aws-id": "another"}, {}):
        status, body = fetch(url, headers)
        assert (status, "SignatureDoesNotMatch" in body) == (403, True)
    status, _ = fetch(url.replace("Signature=", "Signature=0"), {"x-k8s-aws-id": "conform"})
    assert status == 403


def test_presigned_caller_identity_lives_a_quarter_of_an_hour(lab: Any) -> None:
    url = presigned(lab, "conform")
    lab.clock.ahead = timedelta(minutes=14)
    assert fetch(url, {"x-k8s-aws-id": "conform"})[0] == 200
    lab.clock.ahead = timedelta(minutes=16)
    status, body = fetch(url, {"x-k8s-aws-id": "conform"})
    assert (status, "Signature expired" in body) == (403, True)


def test_calls_are_logged_with_caller_and_error(lab: Any) -> None:
    lab.client("sts").get_caller_identity()
    refused(lab, "eks", Credentials("AKIAIOSFODNN7EXAMPLE", "x"))
    good, bad = lab.server.calls()[-2:]
    assert (good.service, good.operation, good.status) == ("sts", "GetCallerIdentity", 200)
    assert good.principal == "arn:aws:iam::111122223333:user/emulation-administrator"
    assert (bad.status, bad.error_code) == (403, "UnrecognizedClientException")
    assert bad.principal is None


@pytest.mark.parametrize(
    ("service", "operation"), [("pricing", "describe_services"), ("cloudtrail", "lookup_events")]
)
def test_operation_that_is_not_emulated_says_so(lab: Any, service: str, operation: str) -> None:
    with pytest.raises(ClientError, match="is not part of this emulated AWS") as error:
        getattr(lab.client(service), operation)()
    assert error.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert error.value.response["ResponseMetadata"]["RetryAttempts"] == 0
