"""upgrade-pdb-blocks and upgrade-insights on literal objects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pytest_eksconform.suites.upgrade import test_readiness as suite


def _budget(allowed: int, desired: int, expected: int = 2, current: int = 2) -> dict[str, object]:
    status = {
        "disruptionsAllowed": allowed,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "currentHealthy": current,
    }
    return {"metadata": {"namespace": "shop", "name": "orders"}, "status": status}


def _budgets(run_control, *budgets):
    sections = {"pod_disruption_budgets": list(budgets)}
    return run_control(suite.test_upgrade_pdb_blocks, sections=sections)


def test_a_budget_that_allows_one_passes(run_control):
    assert _budgets(run_control, _budget(1, 1)).passed


def test_a_budget_without_pods_blocks_nothing(run_control):
    assert _budgets(run_control, _budget(0, 0, expected=0)).passed


def test_a_budget_that_wants_all_pods_never_allows(run_control):
    assert _budgets(run_control, _budget(0, 2)).reasons == ["never-allows"]


def test_a_budget_whose_pods_are_ill_is_told_apart(run_control):
    assert _budgets(run_control, _budget(0, 1, current=1)).reasons == ["pods-unhealthy"]


def test_no_budget_is_not_applicable(run_control):
    assert _budgets(run_control).not_applicable


def _insight(status: str) -> dict[str, object]:
    refreshed = datetime.now(UTC) - timedelta(hours=5, minutes=5)
    return {
        "id": "i-1",
        "name": "Kubelet version skew",
        "category": "UPGRADE_READINESS",
        "lastRefreshTime": refreshed.isoformat(),
        "insightStatus": {"status": status, "reason": "two\nnodes"},
    }


def _insights(run_control, *statuses):
    sections = {"insights": [_insight(status) for status in statuses]}
    return run_control(suite.test_upgrade_insights, sections=sections)


def test_passing_insights_pass(run_control):
    assert _insights(run_control, "PASSING").passed


def test_errors_and_warnings_are_told_with_reason_and_age(run_control):
    outcome = _insights(run_control, "ERROR", "WARNING")
    assert [f.severity for f in outcome.findings] == ["high", "medium"]
    assert outcome.findings[0].cause == "two nodes"
    assert "5 hours ago" in outcome.findings[0].symptom
    assert "--cluster-name prod" in outcome.findings[0].confirm


def test_an_insight_that_was_not_evaluated_is_unknown(run_control):
    assert _insights(run_control, "PASSING", "UNKNOWN").error


def test_no_insight_is_not_applicable(run_control):
    assert _insights(run_control).not_applicable
