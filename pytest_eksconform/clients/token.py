"""The token that EKS takes: a presigned GetCallerIdentity, as ``aws eks get-token`` makes it."""

from __future__ import annotations

import base64
from typing import Any

PREFIX = "k8s-aws-v1."
VALID_SECONDS = 60
CLUSTER_HEADER = "x-k8s-aws-id"


def presigned_token(sts: Any, cluster: str) -> str:
    """A bearer token for `cluster`, made with the credentials of the boto3 client `sts`.

    EKS takes it for 15 minutes. The token is a credential: it must not be printed or stored.
    """
    url = _signed_url(sts, cluster)
    return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _signed_url(sts: Any, cluster: str) -> str:
    # The cluster's name must be among the signed headers, which generate_presigned_url
    # of a plain client does not do: botocore's hooks add it before signing.
    def add_header(request: Any, **_: Any) -> None:
        request.headers[CLUSTER_HEADER] = cluster

    event = "before-sign.sts.GetCallerIdentity"
    sts.meta.events.register_first(event, add_header, unique_id="eksconform-token")
    try:
        return str(
            sts.generate_presigned_url(
                "get_caller_identity", ExpiresIn=VALID_SECONDS, HttpMethod="GET"
            )
        )
    finally:
        sts.meta.events.unregister(event, unique_id="eksconform-token")
