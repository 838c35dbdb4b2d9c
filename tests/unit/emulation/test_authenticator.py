"""Which tokens the authenticator takes, and whom it makes of them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from pytest_eksconform.emulation.cluster.access_entries import canonical_arn, without_path
from pytest_eksconform.emulation.cluster.authenticator import (
    Refused,
    parse_caller,
    presigned_url,
)

STS = "http://127.0.0.1:4000"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def token(host: str = STS, signed: datetime = NOW, **changes: str) -> str:
    query = {
        "Action": "GetCallerIdentity",
        "X-Amz-Date": signed.strftime("%Y%m%dT%H%M%SZ"),
        "X-Amz-Expires": "60",
        "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    encoded = base64.urlsafe_b64encode(f"{host}/?{urlencode(query)}".encode()).decode()
    return f"k8s-aws-v1.{encoded.rstrip('=')}"


def test_token_for_our_sts_is_taken() -> None:
    assert presigned_url(token(), STS, NOW).startswith(f"{STS}/?Action=GetCallerIdentity")


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ("a-service-account-token", "does not start"),
        ("k8s-aws-v1.////////", "not base64url"),
        (token(host="http://169.254.169.254"), "another STS"),
        (token(host=f"{STS}/elsewhere"), "another STS"),
        (token(Action="DeleteUser"), "no GetCallerIdentity"),
        (token(X_Amz_SignedHeaders="host"), "signed headers"),
        (token(X_Amz_Expires="901"), "more than 15 minutes"),
        (token(X_Amz_Expires="soon"), "no valid date"),
        (token(signed=NOW - timedelta(minutes=16)), "expired"),
    ],
)
def test_other_tokens_are_refused(refused: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        presigned_url(refused, STS, NOW)


def test_refusal_does_not_hold_the_token() -> None:
    with pytest.raises(Refused) as caught:
        presigned_url(token(signed=NOW - timedelta(hours=1)), STS, NOW)
    assert "X-Amz" not in str(caught.value)


def test_caller_is_read_from_xml() -> None:
    answer = b"<R xmlns='x'><Arn>arn:a</Arn><Account>1</Account><UserId>AIDA</UserId></R>"
    caller = parse_caller(answer)
    assert (caller.arn, caller.account, caller.user_id) == ("arn:a", "1", "AIDA")


@pytest.mark.parametrize("answer", [b"<R/>", b"no xml"])
def test_answer_without_caller_is_refused(answer: bytes) -> None:
    with pytest.raises(Refused, match="no caller identity"):
        parse_caller(answer)


def test_session_is_traced_to_its_role() -> None:
    session = "arn:aws:sts::111122223333:assumed-role/admin/jane@example.org"
    assert canonical_arn(session) == "arn:aws:iam::111122223333:role/admin"
    user = "arn:aws:iam::111122223333:user/jane"
    assert canonical_arn(user) == user


def test_paths_of_principals_do_not_count() -> None:
    role = "arn:aws:iam::111122223333:role/teams/platform/admin"
    assert without_path(role) == "arn:aws:iam::111122223333:role/admin"
