"""What pods get from the webhook for IRSA and Pod Identity."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.aws_clients import AwsClients
from pytest_eksconform.emulation.controllers.pod_credentials import PodCredentials, environment
from pytest_eksconform.emulation.world import World


def pod_of(world: World, app: str) -> dict[str, Any]:
    return world.kube.list("v1", "Pod", "shop", labels=f"app={app}")[0]


def audience(pod: dict[str, Any], volume: str) -> str:
    found = next(item for item in pod["spec"]["volumes"] if item["name"] == volume)
    return str(found["projected"]["sources"][0]["serviceAccountToken"]["audience"])


def test_irsa_pod_has_role_and_token(world: World) -> None:
    pod = pod_of(world, "orders")
    variables = environment(pod)
    assert variables["AWS_ROLE_ARN"].endswith(":role/conform-orders")
    assert variables["AWS_WEB_IDENTITY_TOKEN_FILE"] == (
        "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
    )
    assert audience(pod, "aws-iam-token") == "sts.amazonaws.com"


def test_pod_identity_pod_has_agent_and_token(world: World) -> None:
    pod = pod_of(world, "billing")
    variables = environment(pod)
    uri = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    assert uri == "http://169.254.170.23/v1/credentials"
    assert audience(pod, "eks-pod-identity-token") == "pods.eks.amazonaws.com"


def test_pods_get_exactly_their_roles(world: World) -> None:
    for app in ("orders", "billing"):
        source = PodCredentials(world.kube, world.aws.endpoint_url, world.region, world.cluster)
        credentials = source.of(pod_of(world, app))
        clients = AwsClients(world.aws.endpoint_url, world.region, credentials)
        arn = clients("sts").get_caller_identity()["Arn"]
        assert arn.startswith(f"arn:aws:sts::111122223333:assumed-role/conform-{app}/")


def test_pod_of_plain_account_gets_nothing(world: World) -> None:
    pods = world.kube.list("v1", "Pod", "kube-system", labels="k8s-app=kube-dns")
    assert environment(pods[0]) == {}
