from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from pytest_eksconform.clients.token import PREFIX, presigned_token


@pytest.fixture
def sts(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS", raising=False)
    return boto3.client(
        "sts",
        region_name="eu-west-1",
        aws_access_key_id="key-id",
        aws_secret_access_key="the-secret",
        aws_session_token="session",
    )


def url_in(token):
    encoded = token.removeprefix(PREFIX)
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def test_token_is_a_presigned_url_that_names_the_cluster_in_a_signed_header(sts):
    token = presigned_token(sts, "prod")
    assert token.startswith("k8s-aws-v1.")
    assert "=" not in token
    url = urlsplit(url_in(token))
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    assert url.netloc == "sts.eu-west-1.amazonaws.com"
    assert query["Action"] == "GetCallerIdentity"
    assert query["X-Amz-Expires"] == "60"
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert query["X-Amz-Security-Token"] == "session"
    assert "the-secret" not in url.query


def test_tokens_of_two_clusters_differ_in_their_signature(sts):
    signatures = {
        parse_qs(urlsplit(url_in(presigned_token(sts, name))).query)["X-Amz-Signature"][0]
        for name in ("prod", "test")
    }
    assert len(signatures) == 2


def test_client_signs_as_before_afterwards(sts):
    presigned_token(sts, "prod")
    assert "x-k8s-aws-id" not in sts.generate_presigned_url("get_caller_identity")
