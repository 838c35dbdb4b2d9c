"""Waivers: findings that the team has accepted, with a reason and until a date."""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_eksconform.errors import ExpectationsError
from pytest_eksconform.findings import Finding

_KEYS = {"control", "resource", "reason", "expires"}


@dataclass(frozen=True)
class Waiver:
    """Accepts the findings of one control on the resources that match a glob.

    Attributes:
        control: id of the control.
        resource: glob over a finding's resource or its owner.
        reason: why it is accepted.
        expires: last day on which it counts.
    """

    control: str
    resource: str
    reason: str
    expires: datetime.date

    def expired(self, today: datetime.date) -> bool:
        """Whether its last day is over."""
        return today > self.expires

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of `finding`."""
        return finding.control == self.control and any(
            fnmatch.fnmatchcase(name, self.resource) for name in (finding.resource, finding.owner)
        )


def waiver_from_table(table: Any, where: str) -> Waiver:
    """The waiver that a ``[[waivers]]`` table says.

    Raises:
        ExpectationsError: a key is missing, unknown or of the wrong kind.
    """
    if not isinstance(table, Mapping):
        raise ExpectationsError(f"{where}: write it as a [[waivers]] table")
    if unknown := sorted(set(table) - _KEYS):
        raise ExpectationsError(f"{where}: unknown key {unknown[0]}; known: {sorted(_KEYS)}")
    if missing := sorted(_KEYS - {"resource"} - set(table)):
        raise ExpectationsError(
            f"{where}: {missing[0]} is missing; a waiver has an end and a reason"
        )
    expires = table["expires"]
    if isinstance(expires, datetime.datetime) or not isinstance(expires, datetime.date):
        raise ExpectationsError(f"{where}: expires must be a date without quotes, like 2027-01-31")
    texts = {k: table.get(k, "*") for k in ("control", "resource", "reason")}
    if bad := [k for k, v in texts.items() if not isinstance(v, str) or not v.strip()]:
        raise ExpectationsError(f"{where}: {bad[0]} must be a text that is not empty")
    return Waiver(**texts, expires=expires)


def waiver_for(
    findings: Sequence[Finding], waivers: Iterable[Waiver], today: datetime.date
) -> list[Waiver]:
    """The waivers that together cover every one of `findings`; empty if one is not covered."""
    valid = [w for w in waivers if not w.expired(today)]
    used: list[Waiver] = []
    for finding in findings:
        match = next((w for w in valid if w.covers(finding)), None)
        if match is None:
            return []
        if match not in used:
            used.append(match)
    return used


@dataclass(frozen=True)
class WaiverReview:
    """What became of the waivers in a run."""

    expired: tuple[Waiver, ...]
    unmatched: tuple[Waiver, ...]


def review_waivers(
    waivers: Iterable[Waiver],
    findings: Sequence[Finding],
    ran: Iterable[str],
    today: datetime.date,
) -> WaiverReview:
    """Sort out the waivers that are over, and those that met no finding of a control that ran."""
    ran_ids = set(ran)
    waivers = list(waivers)
    return WaiverReview(
        expired=tuple(w for w in waivers if w.expired(today)),
        unmatched=tuple(
            w
            for w in waivers
            if not w.expired(today)
            and w.control in ran_ids
            and not any(w.covers(f) for f in findings)
        ),
    )
