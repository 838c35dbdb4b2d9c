"""Who the caller is."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.context import Invocation
from pytest_eksconform.emulation.cloud.errors import AwsError
from pytest_eksconform.emulation.cloud.signatures import missing_token


def get_caller_identity(call: Invocation) -> dict[str, Any]:
    """Answer with the caller's ARN, user id and account."""
    principal = call.principal
    if principal is None:
        raise missing_token("sts")
    return {"Arn": principal.arn, "UserId": principal.user_id, "Account": principal.account_id}


def get_access_key_info(call: Invocation) -> dict[str, Any]:
    """Answer with the account that an access key belongs to."""
    key = call.cloud.principals.find_key(call.text("AccessKeyId"))
    if key is None:
        raise AwsError("ValidationError", "The access key does not belong to an account.", 400)
    return {"Account": key.principal.account_id}
