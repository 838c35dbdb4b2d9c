"""What counts as a change."""

from __future__ import annotations

from pytest_eksconform.emulation import digests


def test_digest_follows_the_listing() -> None:
    assert digests.digest({"a": [1]}) == digests.digest({"a": [1]})
    assert digests.digest({"a": [1]}) != digests.digest({"a": [2]})


def test_reported_fields_are_left_out() -> None:
    from datetime import UTC, datetime

    item = {
        "spec": {"replicas": 2, "template": {"metadata": {"creationTimestamp": None}}},
        "status": {"replicas": 1},
        "createdAt": datetime(2026, 1, 1, tzinfo=UTC),
        "tags": [],
    }
    assert digests.pruned(item) == {"spec": {"replicas": 2, "template": {"metadata": {}}}}
