"""Before any control runs: is this the cluster that was asked for, and can it be asked?"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from pytest_eksconform.clients.aws import AwsClients, error_code, missing_action
from pytest_eksconform.clients.kubernetes import KubernetesApi
from pytest_eksconform.clients.token import presigned_token
from pytest_eksconform.errors import CouldNotRead, TargetError
from pytest_eksconform.target import EksCluster, Target

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_BAD_KEY = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
NAMES_SHOWN = 10


def aws_clients(target: Target) -> AwsClients:
    """The AWS clients for `target`.

    Raises:
        TargetError: no region, or no such profile.
    """
    try:
        clients = AwsClients(target.region, target.profile)
    except ProfileNotFound as error:
        raise TargetError(f"{error}; see `aws configure list-profiles`") from None
    except BotoCoreError as error:
        raise TargetError(f"the AWS configuration cannot be used: {error}") from None
    if not clients.region:
        raise TargetError("no AWS region: give --eks-region or set AWS_DEFAULT_REGION")
    return clients


def describe(target: Target, aws: AwsClients, account: str | None) -> tuple[EksCluster, Any]:
    """The facts of the cluster, and DescribeCluster's answer.

    Args:
        target: what was asked for.
        aws: its AWS clients.
        account: the only AWS account to run in, or None.

    Raises:
        TargetError: one line: no credentials, expired, wrong account, no such cluster, not ready.
    """
    identity = _ask(target, lambda: aws("sts").get_caller_identity())
    if account and identity["Account"] != account:
        raise TargetError(
            f"these credentials belong to account {identity['Account']}, "
            f"and --eks-account asks for {account}"
        )
    described = _ask(target, lambda: _describe_cluster(target, aws))
    return _facts(described, identity["Arn"], aws.region), described


def _describe_cluster(target: Target, aws: AwsClients) -> Any:
    eks = aws("eks")
    try:
        cluster = eks.describe_cluster(name=target.cluster)["cluster"]
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise TargetError(
            f"no EKS cluster {target.cluster!r} in {aws.region}{_others(eks)}; "
            "check --eks-cluster and --eks-region"
        ) from None
    if not cluster.get("endpoint"):
        raise TargetError(
            f"EKS cluster {target.cluster!r} is {cluster['status']} and has no endpoint yet: "
            f"wait with `aws eks wait cluster-active --name {target.cluster}`"
        )
    return cluster


def _others(eks: Any) -> str:
    try:
        names = eks.list_clusters()["clusters"]
    except (ClientError, BotoCoreError):
        return ""
    more = ", …" if len(names) > NAMES_SHOWN else ""
    return f" (there: {', '.join(names[:NAMES_SHOWN])}{more})" if names else " (there is none)"


def _ask(target: Target, request: Any) -> Any:
    try:
        return request()
    except (NoCredentialsError, PartialCredentialsError):
        raise TargetError(
            "no AWS credentials found: log in (`aws sso login`), set AWS_PROFILE, "
            "or give --eks-aws-profile"
        ) from None
    except NoRegionError:
        raise TargetError("no AWS region: give --eks-region or set AWS_DEFAULT_REGION") from None
    except ClientError as error:
        raise TargetError(_refusal(target, error)) from None
    except (CredentialRetrievalError, SSOError, TokenRetrievalError) as error:
        text = " ".join(str(error).split()).rstrip(":.")
        raise TargetError(f"no AWS credentials: {text}; log in again (`aws sso login`)") from None
    except BotoCoreError as error:
        raise TargetError(f"AWS could not be reached: {' '.join(str(error).split())}") from None


def _refusal(target: Target, error: ClientError) -> str:
    code = error_code(error)
    if code in _EXPIRED:
        return "the AWS credentials have expired: log in again (`aws sso login`)"
    if code in _BAD_KEY:
        return f"AWS does not accept these credentials ({code}): check the profile or the key"
    if action := missing_action(error):
        return f"this identity may not read EKS cluster {target.cluster!r}: allow it {action}"
    return f"AWS answered {code} to {error.operation_name} for cluster {target.cluster!r}"


def _facts(cluster: Any, identity: str, region: str) -> EksCluster:
    arn = cluster["arn"]
    return EksCluster(
        name=cluster["name"],
        arn=arn,
        region=region,
        account=arn.split(":")[4],
        version=cluster["version"],
        platform_version=cluster.get("platformVersion", ""),
        identity=identity,
    )


def kubernetes_api(cluster: Any, aws: AwsClients) -> KubernetesApi:
    """The Kubernetes API of the cluster that DescribeCluster answered with."""
    name = cluster["name"]
    return KubernetesApi(
        cluster["endpoint"],
        cluster["certificateAuthority"]["data"],
        lambda: presigned_token(aws("sts"), name),
    )


def check_kubernetes(kube: KubernetesApi, cluster: EksCluster) -> None:
    """See that the API server answers and knows this identity.

    Raises:
        TargetError: it does not.
    """
    try:
        kube.get("/version")
    except CouldNotRead as error:
        if "401" in error.answer:
            raise TargetError(
                f"the Kubernetes API of {cluster.name} does not know {cluster.identity}: "
                "give it an access entry (`aws eks create-access-entry`)"
            ) from None
        raise TargetError(
            f"the Kubernetes API of {cluster.name} gives {error.answer}; "
            "is its endpoint public, or are you in its network?"
        ) from None
