"""security-secrets-encryption on literal keys."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.security import test_encryption as suite

WANTED = {"security.secrets_key": True}


def _run(run_control, key, expectations=None):
    sections = {"cluster": {}, "secrets_key": key and {"Arn": "arn:k", **key}}
    return run_control(
        suite.test_secrets_encryption, sections=sections, expectations=expectations or {}
    )


def test_an_enabled_key_passes(run_control):
    assert _run(run_control, {"KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT"}).passed


@pytest.mark.parametrize(
    "key", [{"KeyState": "Disabled"}, {"KeyState": "Enabled", "KeyUsage": "SIGN_VERIFY"}]
)
def test_a_key_that_can_not_be_used_is_found(run_control, key):
    assert _run(run_control, key).reasons == ["key-unusable"]


def test_no_key_is_a_finding_only_if_one_is_wanted(run_control):
    assert _run(run_control, None, WANTED).reasons == ["no-customer-key"]
    assert _run(run_control, None).not_applicable
