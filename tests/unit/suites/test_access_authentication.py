"""access-authentication-mode and access-aws-auth-leftovers on literal clusters and mappings."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.access import test_authentication as suite
from tests.unit.suites.access_objects import aws_auth, cluster, entry, known, mapping

NODES = ("system:bootstrappers", "system:nodes")


def _sections(mode, config_maps=None, entries=(), principals=None):
    return {
        "cluster": cluster(mode),
        "access_entries": list(entries),
        "config_maps": config_maps or {},
        "other_principals": principals or {},
    }


@pytest.mark.parametrize(
    ("mode", "expected", "reasons"),
    [
        ("API", None, []),
        ("API_AND_CONFIG_MAP", None, []),
        ("CONFIG_MAP", None, ["mode-config_map"]),
        ("CONFIG_MAP", "CONFIG_MAP", []),
        ("API_AND_CONFIG_MAP", "API", ["mode-api_and_config_map"]),
    ],
)
def test_mode_is_the_wanted_one_or_has_entries(run_control, mode, expected, reasons):
    outcome = run_control(
        suite.test_authentication_mode,
        sections=_sections(mode),
        expectations={"access.mode": expected} if expected else {},
    )
    assert outcome.reasons == reasons
    assert outcome.judged == ["cluster prod"]


def test_a_cluster_without_access_config_is_in_mode_config_map(run_control):
    old = {**_sections("API"), "cluster": {"name": "prod"}}
    assert run_control(suite.test_authentication_mode, sections=old).reasons == ["mode-config_map"]


def test_mappings_that_mode_api_ignores_are_found_unless_covered(run_control):
    config_maps = aws_auth(mapping("role/ops", "system:masters"))
    found = run_control(suite.test_authentication_mode, sections=_sections("API", config_maps))
    assert found.reasons == ["mappings-without-effect"]
    covered = _sections("API", config_maps, [entry("role/team/ops")])
    assert run_control(suite.test_authentication_mode, sections=covered).passed


def test_broken_aws_auth_is_unknown(run_control):
    for text in ("- [", "- username: x", "just text"):
        sections = _sections("API", aws_auth(text))
        assert run_control(suite.test_authentication_mode, sections=sections).error


@pytest.mark.parametrize(
    ("text", "entries", "found"),
    [
        (mapping("role/ops", "dev"), (), []),
        (mapping("role/gone", "dev"), (), [("principal-gone", "medium")]),
        (mapping("role/ops", "dev"), [entry("role/ops")], [("covered-by-entry", "advice")]),
        (mapping("role/ops", *NODES), [entry("role/ops", type="EC2_LINUX")], []),
    ],
)
def test_leftovers_are_gone_or_covered(run_control, text, entries, found):
    principals = known("role/ops", missing=("role/gone",))
    sections = _sections("API_AND_CONFIG_MAP", aws_auth(text), entries, principals)
    outcome = run_control(suite.test_aws_auth_leftovers, sections=sections)
    assert [(f.reason, f.severity) for f in outcome.findings] == found
    assert outcome.judged


def test_in_mode_api_a_principal_that_is_gone_is_advice_and_lacks_no_access(run_control):
    principals = known(missing=("role/gone",))
    sections = _sections("API", aws_auth(mapping("role/gone", "dev")), principals=principals)
    outcome = run_control(suite.test_aws_auth_leftovers, sections=sections)
    assert [(f.reason, f.severity) for f in outcome.findings] == [("principal-gone", "advice")]
    assert run_control(suite.test_authentication_mode, sections=sections).passed


@pytest.mark.parametrize("mode", ["API", "CONFIG_MAP"])
def test_leftovers_are_not_applicable_without_mappings(run_control, mode):
    assert run_control(suite.test_aws_auth_leftovers, sections=_sections(mode)).not_applicable
