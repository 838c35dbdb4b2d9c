"""Role sessions: trust policies, web identities, Pod Identity."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from joserfc import jwt
from joserfc.jwk import RSAKey

from pytest_eksconform.emulation.facts import Credentials

ISSUER = "https://oidc.stand-in.test/id/A1"
BARE = ISSUER.removeprefix("https://")
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{BARE}"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
STRANGER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


def token(key: RSAKey = KEY, **claims: Any) -> str:
    values = {
        "iss": ISSUER,
        "sub": "system:serviceaccount:web:app",
        "aud": ["sts.amazonaws.com"],
        "exp": int(time.time()) + 600,
        **claims,
    }
    return jwt.encode({"alg": "RS256", "kid": "one"}, values, key)


def unsigned(lab: Any, service: str) -> Any:
    return boto3.client(
        service,
        region_name=lab.server.region,
        endpoint_url=lab.server.url,
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )


@pytest.fixture
def irsa(lab: Any) -> str:
    lab.key_sets[ISSUER] = {"keys": [KEY.as_dict(private=False)]}
    lab.client("iam").create_open_id_connect_provider(
        Url=ISSUER, ClientIDList=["sts.amazonaws.com"]
    )
    condition = {
        "StringEquals": {
            f"{BARE}:sub": "system:serviceaccount:web:app",
            f"{BARE}:aud": "sts.amazonaws.com",
        }
    }
    return str(
        lab.role(
            "app",
            {"Federated": PROVIDER},
            action="sts:AssumeRoleWithWebIdentity",
            Condition=condition,
        )
    )


def assume(lab: Any, role: str, web_token: str, **more: Any) -> dict[str, Any]:
    answer = unsigned(lab, "sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="pod", WebIdentityToken=web_token, **more
    )
    return dict(answer)


def keys_of(answer: dict[str, Any]) -> Credentials:
    keys = answer["Credentials"]
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def test_service_account_gets_its_role(lab: Any, irsa: str) -> None:
    answer = assume(lab, irsa, token())
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:web:app"
    assert (answer["Audience"], answer["Provider"]) == ("sts.amazonaws.com", PROVIDER)
    identity = lab.client("sts", keys_of(answer)).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::111122223333:assumed-role/app/pod"
    used = lab.client("iam").get_role(RoleName="app")["Role"]["RoleLastUsed"]
    assert used["LastUsedDate"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"sub": "system:serviceaccount:web:other"}, "AccessDenied"),
        ({"aud": ["other"]}, "InvalidIdentityToken"),
        ({"iss": "https://stranger.test"}, "InvalidIdentityToken"),
        ({"exp": 1_700_000_000}, "ExpiredTokenException"),
        ({"key": STRANGER}, "InvalidIdentityToken"),
    ],
)
def test_wrong_token_is_refused(lab: Any, irsa: str, bad: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        assume(lab, irsa, token(**bad))
    assert error.value.response["Error"]["Code"] == code


def test_garbage_is_no_token(lab: Any, irsa: str) -> None:
    with pytest.raises(ClientError) as error:
        assume(lab, irsa, "no token")
    assert error.value.response["Error"]["Code"] == "InvalidIdentityToken"


def test_session_is_no_longer_than_the_role_allows(lab: Any, irsa: str) -> None:
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        assume(lab, irsa, token(), DurationSeconds=7200)


def test_role_trusts_whom_it_names(lab: Any) -> None:
    keys = lab.user("dev")
    named = lab.role("named", {"AWS": "arn:aws:iam::111122223333:user/dev"})
    account = lab.role("account", {"AWS": "111122223333"})
    service = lab.role("service", {"Service": "ec2.amazonaws.com"})
    external = lab.role(
        "external", {"AWS": "*"}, Condition={"StringEquals": {"sts:ExternalId": "x"}}
    )
    sts = lab.client("sts", keys)
    assert sts.assume_role(RoleArn=named, RoleSessionName="me")
    for role in (account, service, external, named + "-gone"):
        with pytest.raises(ClientError) as error:
            sts.assume_role(RoleArn=role, RoleSessionName="me")
        assert error.value.response["Error"]["Code"] == "AccessDenied"


def test_session_policy_narrows_the_role(lab: Any) -> None:
    role = lab.role("wide", {"AWS": "111122223333"})
    lab.client("iam").attach_role_policy(
        RoleName="wide", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    narrow = {"Statement": [{"Effect": "Allow", "Action": "eks:*", "Resource": "*"}]}
    answer = lab.client("sts").assume_role(
        RoleArn=role, RoleSessionName="me", Policy=json.dumps(narrow)
    )
    assert lab.client("eks", keys_of(answer)).list_clusters()["clusters"] == []
    with pytest.raises(ClientError, match="session policy"):
        lab.client("ec2", keys_of(answer)).describe_vpcs()


def test_pod_identity_gives_the_associated_role(cluster: Any) -> None:
    lab = cluster.lab
    lab.key_sets[ISSUER] = {"keys": [KEY.as_dict(private=False)]}
    role = lab.role(
        "app",
        {"Service": "pods.eks.amazonaws.com"},
        action=["sts:AssumeRole", "sts:TagSession"],
    )
    cluster.eks().create_pod_identity_association(
        clusterName="conform", namespace="web", serviceAccount="app", roleArn=role
    )
    pod = {
        "namespace": "web",
        "serviceaccount": {"name": "app"},
        "pod": {"name": "app-1", "uid": "u"},
    }
    client = unsigned(lab, "eks-auth")
    values = {"aud": ["pods.eks.amazonaws.com"], "kubernetes.io": pod}
    answer = client.assume_role_for_pod_identity(clusterName="conform", token=token(**values))
    assert answer["subject"] == {"namespace": "web", "serviceAccount": "app"}
    keys = answer["credentials"]
    session = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])
    arn = lab.client("sts", session).get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::111122223333:assumed-role/app/eks-conform-app-1"
    with pytest.raises(ClientError) as error:
        client.assume_role_for_pod_identity(clusterName="conform", token=token())
    assert error.value.response["Error"]["Code"] == "InvalidTokenException"
    other = {**values, "kubernetes.io": {**pod, "serviceaccount": {"name": "other"}}}
    with pytest.raises(ClientError) as error:
        client.assume_role_for_pod_identity(clusterName="conform", token=token(**other))
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
