"""Who gets into the cluster, as whom, and what they may do there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_eksconform.emulation import Emulation
from pytest_eksconform.emulation.aws_clients import AwsClients
from pytest_eksconform.emulation.facts import Credentials
from pytest_eksconform.emulation.kube import Kube, KubeError
from pytest_eksconform.emulation.tokens import EksToken
from pytest_eksconform.emulation.world import World, kube_of


def kube_with(emulation: Emulation, clients: AwsClients, cluster: str | None = None) -> Kube:
    token = EksToken(
        clients.session, emulation.endpoint_url, emulation.region, cluster or "conform"
    )
    authority = base64.b64decode(emulation.certificate_authority)
    return Kube(emulation.kubernetes_endpoint, authority, token)


def who_am_i(kube: Kube) -> dict[str, Any]:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    return dict(kube.request("POST", path, json.dumps(review).encode())["status"]["userInfo"])


@pytest.fixture
def stranger(emulation: Emulation, world: World) -> Iterator[AwsClients]:
    """A user without an access entry."""
    iam = world.aws("iam")
    iam.create_user(UserName="stranger")
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    yield AwsClients(emulation.endpoint_url, emulation.region, credentials)
    iam.delete_access_key(UserName="stranger", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="stranger")


def test_user_is_known_by_its_arn(runner: AwsClients, emulation: Emulation) -> None:
    user = who_am_i(kube_of(runner, emulation.cluster_name))
    assert user["username"] == "arn:aws:iam::111122223333:user/eksconform-runner"
    assert "eksconform:readers" in user["groups"]


def test_token_for_another_cluster_is_refused(runner: AwsClients, emulation: Emulation) -> None:
    with pytest.raises(KubeError, match="401"):
        who_am_i(kube_with(emulation, runner, "another"))


def test_principal_without_entry_is_refused(stranger: AwsClients, emulation: Emulation) -> None:
    with pytest.raises(KubeError, match="401"):
        who_am_i(kube_with(emulation, stranger))


def test_runner_reads_but_not_secrets(runner: AwsClients, emulation: Emulation) -> None:
    kube = kube_of(runner, emulation.cluster_name)
    assert kube.list("v1", "Pod")
    with pytest.raises(KubeError, match="secrets is forbidden"):
        kube.list("v1", "Secret")


def test_runner_cannot_write(runner: AwsClients, emulation: Emulation) -> None:
    kube = kube_of(runner, emulation.cluster_name)
    with pytest.raises(KubeError, match="403"):
        kube.delete("v1", "Namespace", "shop")


def test_view_policy_allows_in_its_namespace_only(
    stranger: AwsClients, emulation: Emulation, world: World
) -> None:
    eks, entry = world.aws("eks"), {"clusterName": world.cluster}
    entry["principalArn"] = f"arn:aws:iam::{world.account}:user/stranger"
    eks.create_access_entry(**entry)
    eks.associate_access_policy(
        **entry,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope={"type": "namespace", "namespaces": ["shop"]},
    )
    try:
        kube = kube_with(emulation, stranger)
        assert kube.list("v1", "Pod", "shop")
        with pytest.raises(KubeError, match="403"):
            kube.list("v1", "Pod", "kube-system")
        with pytest.raises(KubeError, match="403"):
            kube.delete("apps/v1", "Deployment", "orders", "shop")
    finally:
        eks.delete_access_entry(**entry)


def test_issuer_serves_discovery_and_keys(emulation: Emulation, world: World) -> None:
    import ssl
    from urllib.request import urlopen

    cluster = world.aws("eks").describe_cluster(name=world.cluster)["cluster"]
    issuer = cluster["identity"]["oidc"]["issuer"]
    known = json.loads((_directory(emulation) / "supervisor.json").read_text())
    context = ssl.create_default_context(cadata=known["ca"])
    with urlopen(f"{issuer}/.well-known/openid-configuration", context=context) as answer:
        document = json.loads(answer.read())
    assert document["issuer"] == issuer
    with urlopen(document["jwks_uri"], context=context) as answer:
        assert json.loads(answer.read())["keys"][0]["alg"] == "RS256"


def _directory(emulation: Emulation) -> Any:
    from pathlib import Path

    return Path(emulation.run_directory)
