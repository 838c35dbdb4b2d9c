"""observability-control-plane-logs on literal log groups."""

from __future__ import annotations

from datetime import UTC, datetime

from pytest_eksconform.suites.observability import test_control_plane_logs as suite

NOW = int(datetime.now(UTC).timestamp() * 1000)
HOUR = 3_600_000


def _group(audit_age: int = 0, **more: object) -> dict[str, object]:
    return {
        "logGroupName": "/aws/eks/prod/cluster",
        "retentionInDays": 30,
        "logStreams": [
            {"logStreamName": "kube-apiserver-0a", "lastEventTimestamp": NOW},
            {"logStreamName": "kube-apiserver-0b", "lastEventTimestamp": NOW - 90 * HOUR},
            {"logStreamName": "kube-apiserver-audit-0a", "lastEventTimestamp": NOW - audit_age},
            {"logStreamName": "authenticator-0a", "lastEventTimestamp": 0},
        ],
    } | more


def _run(run_control, types=("api", "audit", "authenticator"), groups=None, **expectations):
    logging = {
        "clusterLogging": [
            {"types": list(types), "enabled": True},
            {"types": ["scheduler"], "enabled": False},
        ]
    }
    return run_control(
        suite.test_observability_control_plane_logs,
        sections={
            "cluster": {"logging": logging if types else {}},
            "log_groups": [_group()] if groups is None else groups,
        },
        expectations=expectations,
    )


def test_fresh_api_and_audit_events_pass(run_control):
    assert _run(run_control).passed


def test_logging_that_is_off_is_advice_unless_expected(run_control):
    assert [f.severity for f in _run(run_control, types=(), groups=[]).findings] == ["advice"]
    expected = {"observability.log_types": ["api"]}
    outcome = _run(run_control, types=(), groups=[], **expected)
    assert [f.severity for f in outcome.findings] == ["medium"]


def test_an_expected_type_that_is_off_is_named(run_control):
    outcome = _run(run_control, **{"observability.log_types": ["api", "scheduler"]})
    assert outcome.findings[0].symptom == "the control plane does not log scheduler"


def test_audit_events_that_stopped_are_found(run_control):
    outcome = _run(run_control, groups=[_group(audit_age=5 * HOUR)])
    assert outcome.reasons == ["no-audit-events"]
    assert "5 hours" in outcome.findings[0].symptom


def test_a_type_without_a_stream_never_wrote(run_control):
    outcome = _run(run_control, groups=[_group(logStreams=[])])
    assert outcome.reasons == ["no-api-events", "no-audit-events"]
    assert "ever came" in outcome.findings[0].symptom


def test_a_log_group_that_is_gone_is_found(run_control):
    assert _run(run_control, groups=[]).reasons == ["no-log-group"]


def test_endless_retention_is_advice(run_control):
    outcome = _run(run_control, groups=[_group(retentionInDays=None)])
    assert [(f.reason, f.severity) for f in outcome.findings] == [("no-retention", "advice")]
