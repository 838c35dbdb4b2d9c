"""identity-oidc-provider and identity-irsa-trust on literal roles and accounts."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.identity import test_irsa as suite
from tests.unit.suites.identity_objects import (
    CLUSTER,
    PROVIDER,
    account,
    irsa_trust,
    role,
    role_arn,
)

ORDERS = role_arn("orders")
ANNOTATED = account(role=ORDERS)


def _provider_sections(provider, accounts=(ANNOTATED,)):
    return {"cluster": CLUSTER, "oidc_provider": provider, "service_accounts": list(accounts)}


def _trust_sections(roles, accounts=(ANNOTATED,)):
    return {"cluster": CLUSTER, "roles": roles, "service_accounts": list(accounts)}


def test_provider_with_the_audience_passes(run_control):
    provider = {"Arn": PROVIDER, "Url": "u", "ClientIDList": ["sts.amazonaws.com"]}
    assert run_control(suite.test_oidc_provider, sections=_provider_sections(provider)).passed


@pytest.mark.parametrize(
    ("provider", "reasons"),
    [
        (None, ["no-provider"]),
        ({"Arn": PROVIDER, "Url": "u", "ClientIDList": ["x"]}, ["audience-sts.amazonaws.com"]),
    ],
)
def test_provider_missing_or_with_another_audience_is_found(run_control, provider, reasons):
    outcome = run_control(suite.test_oidc_provider, sections=_provider_sections(provider))
    assert outcome.reasons == reasons


@pytest.mark.parametrize("control", [suite.test_oidc_provider, suite.test_irsa_trust])
def test_without_annotations_is_not_applicable(run_control, control):
    sections = {**_provider_sections(None, [account()]), "roles": {}}
    assert run_control(control, sections=sections).not_applicable == suite.NO_ANNOTATIONS


def test_exact_trust_passes(run_control):
    outcome = run_control(
        suite.test_irsa_trust, sections=_trust_sections({ORDERS: role(irsa_trust())})
    )
    assert outcome.passed
    assert outcome.judged == ["service account shop/orders"]


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        ({"missing": True}, ["no-role"]),
        (role(irsa_trust(provider="arn:aws:iam::1:oidc-provider/other")), ["other-provider"]),
        (role(irsa_trust(name="other")), ["other-subject"]),
        (role(irsa_trust(aud="other")), ["other-audience"]),
        (role(irsa_trust(sub="")), ["any-subject"]),
        (role(irsa_trust(aud="")), ["any-audience"]),
        (
            role(irsa_trust(operator="StringLike", sub="system:serviceaccount:shop:*")),
            ["wildcard-subject"],
        ),
    ],
)
def test_trust_that_fits_badly_is_found(run_control, found, reasons):
    outcome = run_control(suite.test_irsa_trust, sections=_trust_sections({ORDERS: found}))
    assert outcome.reasons == reasons


def test_annotation_that_is_no_role_is_found(run_control):
    sections = _trust_sections({}, [account(role="orders")])
    assert run_control(suite.test_irsa_trust, sections=sections).reasons == ["no-role"]


def test_role_of_another_account_is_unknown(run_control):
    sections = _trust_sections({}, [account(role=role_arn("orders", "999999999999"))])
    assert run_control(suite.test_irsa_trust, sections=sections).error
