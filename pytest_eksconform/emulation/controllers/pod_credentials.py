"""The AWS credentials that a pod would get, obtained the way its AWS SDK obtains them."""

from __future__ import annotations

from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pytest_eksconform.emulation.facts import Credentials
from pytest_eksconform.emulation.kube import Kube, Object

_POD_IDENTITY_AUDIENCE = "pods.eks.amazonaws.com"
_WEB_IDENTITY_VOLUME = "aws-iam-token"
_UNSIGNED = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})


class NoCredentials(Exception):
    """The pod's SDK finds no credentials, or AWS refuses them; the text is the SDK's or AWS's."""


class PodCredentials:
    """Gets AWS credentials for pods of one cluster.

    Args:
        kube: a client that may request tokens, as kubelet does for projected volumes.
        endpoint_url: the emulated AWS.
        region: where clients are bound to.
        cluster_name: the cluster, for Pod Identity.
    """

    def __init__(self, kube: Kube, endpoint_url: str, region: str, cluster_name: str) -> None:
        self._kube = kube
        self._cluster_name = cluster_name
        bound = {"endpoint_url": endpoint_url, "region_name": region, "config": _UNSIGNED}
        self._sts = boto3.client("sts", **bound)
        self._eks_auth = boto3.client("eks-auth", **bound)

    def of(self, pod: Object) -> Credentials:
        """The pod's credentials, from its own environment and token volumes.

        Raises:
            NoCredentials: it has none, or AWS refuses them.
        """
        variables = environment(pod)
        try:
            if "AWS_ROLE_ARN" in variables and "AWS_WEB_IDENTITY_TOKEN_FILE" in variables:
                return self._by_web_identity(pod, variables["AWS_ROLE_ARN"])
            if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in variables:
                return self._by_pod_identity(pod)
        except (ClientError, BotoCoreError) as error:
            raise NoCredentials(str(error)) from error
        raise NoCredentials(
            "NoCredentialProviders: no EC2 IMDS role found, operation error ec2imds: GetMetadata"
        )

    def _by_web_identity(self, pod: Object, role_arn: str) -> Credentials:
        token = self._kube.token_for(pod, _audience(pod, _WEB_IDENTITY_VOLUME))
        answer = self._sts.assume_role_with_web_identity(
            RoleArn=role_arn,
            RoleSessionName=pod["metadata"]["name"][:64],
            WebIdentityToken=token,
        )["Credentials"]
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def _by_pod_identity(self, pod: Object) -> Credentials:
        token = self._kube.token_for(pod, _POD_IDENTITY_AUDIENCE)
        answer = self._eks_auth.assume_role_for_pod_identity(
            clusterName=self._cluster_name, token=token
        )["credentials"]
        return Credentials(answer["accessKeyId"], answer["secretAccessKey"], answer["sessionToken"])


def environment(pod: Object) -> dict[str, str]:
    """The plain environment variables of a pod's first container."""
    variables = pod["spec"]["containers"][0].get("env") or ()
    return {item["name"]: item["value"] for item in variables if "value" in item}


def _audience(pod: Object, volume_name: str) -> str:
    volumes: list[dict[str, Any]] = pod["spec"].get("volumes") or []
    for volume in volumes:
        if volume["name"] == volume_name:
            source = volume["projected"]["sources"][0]["serviceAccountToken"]
            return str(source["audience"])
    raise NoCredentials("WebIdentityErr: failed fetching WebIdentity token: no such file")
