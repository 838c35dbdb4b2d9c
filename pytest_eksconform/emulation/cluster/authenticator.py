"""The token webhook: a presigned GetCallerIdentity becomes a Kubernetes user, as in EKS."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import urllib3

from pytest_eksconform.emulation.cluster.access_entries import (
    NODE_TYPES,
    AccessEntries,
    AccessEntry,
    canonical_arn,
)

TOKEN_PREFIX = "k8s-aws-v1."  # noqa: S105 - no secret
CLUSTER_HEADER = "x-k8s-aws-id"
LONGEST_LIFE = timedelta(minutes=15)

_LOG = logging.getLogger(__name__)
_TIMEOUT = urllib3.Timeout(connect=2.0, read=10.0)


class Refused(Exception):
    """The token is not accepted; the text says why and never holds the token."""


@dataclass(frozen=True)
class Caller:
    """Who STS says that the signer is."""

    arn: str
    account: str
    user_id: str


class Authenticator:
    """Answers TokenReviews of one cluster.

    Args:
        cluster_name: only tokens signed for this cluster are accepted.
        sts_url: only tokens signed for this STS are asked of it.
        entries: maps AWS principals to Kubernetes users.
        private_dns_name: gives the private DNS name of an instance id, for nodes.
    """

    def __init__(
        self,
        cluster_name: str,
        sts_url: str,
        entries: AccessEntries,
        private_dns_name: Callable[[str], str],
    ) -> None:
        self._cluster_name = cluster_name
        self._sts_url = sts_url.rstrip("/")
        self._entries = entries
        self._private_dns_name = private_dns_name
        self._pool = urllib3.PoolManager(maxsize=4, timeout=_TIMEOUT, retries=False)

    def review(self, review: dict[str, Any]) -> dict[str, Any]:
        """The TokenReview with its status."""
        try:
            user = self._user(str(review["spec"]["token"]))
            status: dict[str, Any] = {"authenticated": True, "user": user}
        except Refused as refused:
            _LOG.info("a token was refused: %s", refused)
            status = {"authenticated": False, "error": str(refused)}
        return {"apiVersion": review["apiVersion"], "kind": "TokenReview", "status": status}

    def _user(self, token: str) -> dict[str, Any]:
        caller = self._identify(presigned_url(token, self._sts_url))
        arn = canonical_arn(caller.arn)
        entry = self._entries.find(arn)
        if entry is None:
            raise Refused(f"{arn} has no access entry in cluster {self._cluster_name}")
        return {
            "username": self._username(entry, caller),
            "uid": f"aws-iam-authenticator:{caller.account}:{caller.user_id.partition(':')[0]}",
            "groups": _groups(entry),
            "extra": {
                "arn": [caller.arn],
                "canonicalArn": [entry.principal_arn],
                "principalId": [caller.user_id.partition(":")[0]],
                "sessionName": [_session_name(caller)],
            },
        }

    def _identify(self, url: str) -> Caller:
        headers = {CLUSTER_HEADER: self._cluster_name}
        answer = self._pool.request("GET", url, headers=headers)
        if answer.status != 200:
            raise Refused(f"STS answered {answer.status} to the presigned request")
        return parse_caller(answer.data)

    def _username(self, entry: AccessEntry, caller: Caller) -> str:
        session = _session_name(caller)
        username = entry.username
        if "{{EC2PrivateDNSName}}" in username:
            username = username.replace("{{EC2PrivateDNSName}}", self._private_dns_name(session))
        values = {
            "SessionName": session.replace("@", "-"),
            "SessionNameRaw": session,
            "AccountID": caller.account,
        }
        for name, value in values.items():
            username = username.replace(f"{{{{{name}}}}}", value)
        return username


def presigned_url(token: str, sts_url: str, now: datetime | None = None) -> str:
    """The URL inside a token, checked to be a live GetCallerIdentity for our STS.

    Raises:
        Refused: it is not.
    """
    if not token.startswith(TOKEN_PREFIX):
        raise Refused(f"the token does not start with {TOKEN_PREFIX}")
    encoded = token.removeprefix(TOKEN_PREFIX)
    try:
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused("the token is not base64url") from error
    _check_url(url, sts_url, now or datetime.now(UTC))
    return url


def _check_url(url: str, sts_url: str, now: datetime) -> None:
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" != sts_url or parts.path not in ("", "/"):
        raise Refused("the token was signed for another STS endpoint")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if query.get("Action") != "GetCallerIdentity":
        raise Refused("the token is no GetCallerIdentity")
    if CLUSTER_HEADER not in query.get("X-Amz-SignedHeaders", "").split(";"):
        raise Refused(f"{CLUSTER_HEADER} is not among the token's signed headers")
    _check_life(query, now)


def _check_life(query: dict[str, str], now: datetime) -> None:
    try:
        signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        life = timedelta(seconds=int(query["X-Amz-Expires"]))
    except (KeyError, ValueError) as error:
        raise Refused("the token has no valid date or expiry") from error
    if not timedelta(0) <= life <= LONGEST_LIFE:
        raise Refused("the token asks for a life of more than 15 minutes")
    # As in EKS the signature's own expiry is not what counts: clients sign for 60 s and reuse
    # the token for 15 minutes.
    if now > signed + LONGEST_LIFE:
        raise Refused("the token has expired")


def parse_caller(answer: bytes) -> Caller:
    """Read the answer to GetCallerIdentity.

    Raises:
        Refused: it has no caller.
    """
    try:
        elements = ElementTree.fromstring(answer).iter()  # noqa: S314 - from our own STS
        found = {element.tag.rpartition("}")[2]: element.text or "" for element in elements}
        return Caller(found["Arn"], found["Account"], found["UserId"])
    except (KeyError, ElementTree.ParseError) as error:
        raise Refused("STS gave no caller identity") from error


def _session_name(caller: Caller) -> str:
    return caller.arn.rpartition("/")[2] if ":assumed-role/" in caller.arn else ""


def _groups(entry: AccessEntry) -> list[str]:
    extra = ["system:nodes"] if entry.type in NODE_TYPES else []
    return sorted({*entry.groups, *extra, "system:authenticated"})
