"""upgrade-support and upgrade-next on literal versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pytest_eksconform.suites.upgrade import test_versions as suite


def _version(minor: str, status: str = "STANDARD_SUPPORT", days: int = 300) -> dict[str, object]:
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    return {
        "clusterVersion": minor,
        "versionStatus": status,
        "endOfStandardSupportDate": end.isoformat(),
    }


def _support(run_control, *versions, support_type="EXTENDED"):
    sections = {
        "cluster": {"upgradePolicy": {"supportType": support_type}},
        "cluster_versions": list(versions),
    }
    return run_control(suite.test_upgrade_support, sections=sections)


def test_standard_support_passes(run_control):
    assert _support(run_control, _version("1.35")).passed


def test_extended_support_is_found(run_control):
    outcome = _support(run_control, _version("1.35", "EXTENDED_SUPPORT", -10))
    assert [(f.reason, f.severity) for f in outcome.findings] == [("extended-support", "medium")]


def test_an_end_that_is_near_is_advice_and_says_what_then(run_control):
    outcome = _support(run_control, _version("1.35", days=20), support_type="STANDARD")
    assert [(f.reason, f.severity) for f in outcome.findings] == [("ends-soon", "advice")]
    assert "20 days" in outcome.findings[0].symptom
    assert "EKS upgrades it by itself" in outcome.findings[0].cause


def test_a_version_that_is_not_listed_is_unsupported(run_control):
    outcome = _support(run_control, _version("1.36"))
    assert [(f.reason, f.severity) for f in outcome.findings] == [("unsupported", "high")]


def test_no_versions_are_unknown(run_control):
    assert _support(run_control).error


def _next(run_control, minors, addons=(), versions=None):
    sections = {
        "cluster_versions": [_version(minor) for minor in minors],
        "addons": [{"addonName": n, "addonVersion": v} for n, v in addons],
        "addon_versions": versions or {},
    }
    return run_control(suite.test_upgrade_next, sections=sections)


def test_the_newest_version_and_one_behind_it_pass(run_control):
    assert _next(run_control, ["1.34", "1.35"]).passed
    assert _next(run_control, ["1.36", "1.35"]).passed


def test_several_steps_are_told_one_by_one(run_control):
    outcome = _next(run_control, ["1.35", "1.37", "1.36"])
    assert outcome.reasons == ["behind"]
    assert outcome.findings[0].fix == "upgrade step by step: 1.35 → 1.36 → 1.37"


def test_a_next_minor_that_is_gone_is_found(run_control):
    assert _next(run_control, ["1.35", "1.37"]).reasons == ["no-next-minor"]


def _offer(version: str, *minors: str) -> dict[str, object]:
    return {
        "addonVersion": version,
        "compatibilities": [{"clusterVersion": minor} for minor in minors],
    }


def test_an_addon_that_does_not_fit_the_next_minor_is_told_a_version_for_both(run_control):
    offers = {
        "coredns": [_offer("v3", "1.36"), _offer("v2", "1.35", "1.36"), _offer("v1", "1.35")],
        "kube-proxy": [_offer("v1", "1.35")],
    }
    addons = [("coredns", "v1"), ("kube-proxy", "v1")]
    outcome = _next(run_control, ["1.35", "1.36"], addons, offers)
    assert [f.resource for f in outcome.findings] == ["add-on coredns"]
    assert outcome.findings[0].severity == "advice"
    assert "v2" in outcome.findings[0].fix


def test_an_addon_that_fits_both_minors_passes(run_control):
    offers = {"coredns": [_offer("v2", "1.35", "1.36")]}
    outcome = _next(run_control, ["1.35", "1.36"], [("coredns", "v2")], offers)
    assert outcome.passed
    assert "add-on coredns" in outcome.judged
