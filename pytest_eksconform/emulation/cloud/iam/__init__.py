"""IAM beyond moto: policy simulation, checked trust policies."""

from __future__ import annotations

from pytest_eksconform.emulation.cloud.authorization.documents import MalformedPolicy, parse
from pytest_eksconform.emulation.cloud.context import Handlers, Invocation
from pytest_eksconform.emulation.cloud.errors import AwsError

from .simulation import context_keys, simulate_custom_policy, simulate_principal_policy


def _check_trust(member: str, call: Invocation) -> None:
    try:
        statements = parse(call.text(member))
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocument", str(error), 400) from error
    for statement in statements:
        if statement.resources is not None or statement.not_resources is not None:
            raise AwsError("MalformedPolicyDocument", "Has prohibited field Resource", 400)
        if statement.principals is None and statement.not_principals is None:
            raise AwsError("MalformedPolicyDocument", "Missing required field Principal", 400)


def create_role(call: Invocation) -> None:
    """Refuse a malformed trust policy, then leave the creation to moto."""
    _check_trust("AssumeRolePolicyDocument", call)


def update_assume_role_policy(call: Invocation) -> None:
    """Refuse a malformed trust policy, then leave the update to moto."""
    _check_trust("PolicyDocument", call)


HANDLERS: Handlers = {
    "CreateRole": create_role,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "SimulatePrincipalPolicy": simulate_principal_policy,
    "SimulateCustomPolicy": simulate_custom_policy,
    "GetContextKeysForCustomPolicy": context_keys,
    "GetContextKeysForPrincipalPolicy": context_keys,
}
