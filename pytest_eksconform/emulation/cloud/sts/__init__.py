"""STS: caller identity, role sessions, web identities."""

from __future__ import annotations

from pytest_eksconform.emulation.cloud.context import Handlers

from .identity import get_access_key_info, get_caller_identity
from .sessions import assume_role, assume_role_with_web_identity

HANDLERS: Handlers = {
    "GetCallerIdentity": get_caller_identity,
    "GetAccessKeyInfo": get_access_key_info,
    "AssumeRole": assume_role,
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
}
