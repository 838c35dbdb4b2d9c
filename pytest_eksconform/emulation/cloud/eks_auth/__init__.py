"""EKS Pod Identity's own service: a service account's token for its role's credentials."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from pytest_eksconform.emulation.cloud.authorization.trust import trusts
from pytest_eksconform.emulation.cloud.context import Cloud, Handlers, Invocation
from pytest_eksconform.emulation.cloud.eks.pod_identity import find
from pytest_eksconform.emulation.cloud.eks.state import Cluster, Description
from pytest_eksconform.emulation.cloud.errors import AwsError
from pytest_eksconform.emulation.cloud.principals import SigningKey

AUDIENCE = "pods.eks.amazonaws.com"
SESSION_SECONDS = 6 * 3600
ALGORITHMS = ["RS256", "ES256"]
LONGEST_SESSION_NAME = 64


def assume_role_for_pod_identity(call: Invocation) -> dict[str, Any]:
    """Give the credentials of the role that is associated with the token's service account."""
    cluster = call.cloud.eks.clusters.get(call.text("clusterName"))
    if cluster is None:
        raise AwsError("ResourceNotFoundException", "No cluster found", 404)
    claims = _claims(call.cloud, cluster, call.text("token"))
    pod = cast("Mapping[str, Any]", claims.get("kubernetes.io") or {})
    account = (pod.get("serviceaccount") or {}).get("name", "")
    namespace = str(pod.get("namespace", ""))
    association = find(cluster, namespace, account)
    if association is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"No association found for namespace {namespace} and service account {account}",
            404,
        )
    key = _session(call.cloud, cluster, association, pod)
    return _answer(association, key)


def _claims(cloud: Cloud, cluster: Cluster, token: str) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    issuer = str(cluster.description["identity"]["oidc"]["issuer"])
    try:
        keys = KeySet.import_key_set(cast("Any", cloud.key_sets(issuer)))
        claims = dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
    except (OSError, KeyError, ValueError, JoseError) as error:
        raise AwsError(
            "InvalidTokenException", "The token included in the request is invalid", 400
        ) from error
    audiences = claims.get("aud") or []
    if claims.get("iss") != issuer or AUDIENCE not in audiences:
        text = "The token included in the request has an invalid issuer or audience"
        raise AwsError("InvalidTokenException", text, 400)
    if float(claims.get("exp") or 0) <= cloud.clock().timestamp():
        raise AwsError("ExpiredTokenException", "The token included in the request is expired", 400)
    return claims


def _session(
    cloud: Cloud, cluster: Cluster, association: Description, pod: Mapping[str, Any]
) -> SigningKey:
    role = cloud.stores.role(association["roleArn"])
    tags = {} if association["disableSessionTags"] else _tags(cluster, association, pod)
    name = f"eks-{cluster.name}-{(pod.get('pod') or {}).get('name', 'pod')}"
    context = {f"aws:RequestTag/{key}": (value,) for key, value in tags.items()}
    context |= {
        "aws:SourceAccount": (cloud.account_id,),
        "aws:SourceArn": (cluster.description["arn"],),
    }
    caller = {"Service": (AUDIENCE,)}
    actions = ["sts:AssumeRole", *(["sts:TagSession"] if tags else [])]
    if role is None or not all(trusts(role, action, caller, context) for action in actions):
        raise AwsError(
            "AccessDeniedException",
            f"Unauthorized Exception! EKS does not have permissions to assume the associated role: "
            f"{association['roleArn']}",
            400,
        )
    lifetime = timedelta(seconds=SESSION_SECONDS)
    return cloud.principals.open_session(
        role, name[:LONGEST_SESSION_NAME], lifetime, cloud.clock(), tags=tags
    )


def _tags(cluster: Cluster, association: Description, pod: Mapping[str, Any]) -> dict[str, str]:
    return {
        "eks-cluster-arn": str(cluster.description["arn"]),
        "eks-cluster-name": cluster.name,
        "kubernetes-namespace": str(association["namespace"]),
        "kubernetes-service-account": str(association["serviceAccount"]),
        "kubernetes-pod-name": str((pod.get("pod") or {}).get("name", "")),
        "kubernetes-pod-uid": str((pod.get("pod") or {}).get("uid", "")),
    }


def _answer(association: Description, key: SigningKey) -> dict[str, Any]:
    return {
        "subject": {
            "namespace": association["namespace"],
            "serviceAccount": association["serviceAccount"],
        },
        "audience": AUDIENCE,
        "podIdentityAssociation": {
            "associationArn": association["associationArn"],
            "associationId": association["associationId"],
        },
        "assumedRoleUser": {"arn": key.principal.arn, "assumeRoleId": key.principal.user_id},
        "credentials": {
            "accessKeyId": key.access_key_id,
            "secretAccessKey": key.secret_access_key,
            "sessionToken": key.session_token,
            "expiration": key.expires,
        },
    }


HANDLERS: Handlers = {"AssumeRoleForPodIdentity": assume_role_for_pod_identity}
