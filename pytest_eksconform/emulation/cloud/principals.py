"""Who may call: users, roles' sessions and their keys."""

from __future__ import annotations

import secrets
import string
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .stores import MotoStores

TOKEN_BYTES = 180


@dataclass(frozen=True)
class Principal:
    """A caller.

    Attributes:
        arn: what GetCallerIdentity answers.
        user_id: the unique id, with the session's name for roles.
        account_id: twelve digits.
        iam_arn: the user or role behind it; equals ``arn`` for users.
        tags: tags of the user or role, and over them the session's.
        session_policies: policy documents (JSON) that narrow a session.
        is_administrator: the emulation's own administrator, whom no policy binds.
        session_keys: condition keys that the session carries, such as ``sts:ExternalId``.
    """

    arn: str
    user_id: str
    account_id: str
    iam_arn: str
    tags: dict[str, str] = field(default_factory=dict)
    session_policies: tuple[str, ...] = ()
    is_administrator: bool = False
    session_keys: dict[str, str] = field(default_factory=dict)

    @property
    def is_role(self) -> bool:
        """Whether the caller is a session of a role."""
        return ":role/" in self.iam_arn


@dataclass(frozen=True)
class SigningKey:
    """A key that signatures are checked with."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    expires: datetime | None
    principal: Principal


def random_id(prefix: str, length: int) -> str:
    """Return an identifier as AWS makes them: a prefix, then capitals and digits."""
    alphabet = string.ascii_uppercase + string.digits
    return prefix + "".join(secrets.choice(alphabet) for _ in range(length - len(prefix)))


class PrincipalDirectory:
    """Finds the principal behind an access key: IAM users' keys and role sessions."""

    def __init__(self, stores: MotoStores, administrator: str) -> None:
        self._stores = stores
        self._administrator = administrator
        self._sessions: dict[str, SigningKey] = {}
        self._lock = threading.Lock()

    def find_key(self, access_key_id: str) -> SigningKey | None:
        """Return the active key of that id, None for an unknown one."""
        session = self._sessions.get(access_key_id)
        if session is not None:
            return session
        key = self._stores.iam.access_keys.get(access_key_id)
        if key is None or key.status != "Active" or not key.user_name:
            return None
        user = self._user(key.user_name)
        if user is None:
            return None
        principal = self._user_principal(user)
        return SigningKey(access_key_id, key.secret_access_key, None, None, principal)

    def open_session(
        self,
        role: Any,
        session_name: str,
        lifetime: timedelta,
        now: datetime,
        policies: tuple[str, ...] = (),
        tags: dict[str, str] | None = None,
        keys: dict[str, str] | None = None,
    ) -> SigningKey:
        """Make the temporary credentials of a role session and remember them."""
        principal = Principal(
            arn=(f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}"),
            user_id=f"{role.id}:{session_name}",
            account_id=role.account_id,
            iam_arn=role.arn,
            tags={**_tags(role.tags), **(tags or {})},
            session_policies=policies,
            session_keys=dict(keys or {}),
        )
        key = SigningKey(
            access_key_id=random_id("ASIA", 20),
            secret_access_key=secrets.token_urlsafe(30),
            session_token=secrets.token_urlsafe(TOKEN_BYTES),
            expires=now.replace(microsecond=0) + lifetime,
            principal=principal,
        )
        with self._lock:
            self._forget_expired(now)
            self._sessions[key.access_key_id] = key
        return key

    def _forget_expired(self, now: datetime) -> None:
        # A day is kept so that an expired session is told apart from an unknown key.
        horizon = now - timedelta(days=1)
        for name in [n for n, k in self._sessions.items() if k.expires and k.expires < horizon]:
            del self._sessions[name]

    def _user(self, name: str) -> Any | None:
        return self._stores.iam.users.get(name)

    def _user_principal(self, user: Any) -> Principal:
        return Principal(
            arn=user.arn,
            user_id=user.id,
            account_id=user.account_id,
            iam_arn=user.arn,
            tags=_tags(user.tags or []),
            is_administrator=user.name == self._administrator,
        )


def _tags(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
