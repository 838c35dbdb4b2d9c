from __future__ import annotations

import pytest

from pytest_eksconform import Finding, Findings, NotApplicable

PARTS = {"reason": "r", "symptom": "s", "cause": "c", "confirm": "aws x", "fix": "f"}


@pytest.fixture
def findings():
    return Findings("acme/x", "high", lambda command: f"{command} --here")


def test_resource_is_judged_once_and_given_back(findings):
    assert findings.judged("node a") == findings.judged("node a") == "node a"
    assert findings.resources == ["node a"]


def test_what_is_wrong_is_judged_and_takes_the_controls_severity(findings):
    findings.add("node a", **PARTS)
    (found,) = findings.findings
    assert findings.resources == ["node a"]
    assert (found.control, found.severity, found.owner) == ("acme/x", "high", "node a")
    assert found.confirm == "aws x --here"


def test_same_finding_twice_is_one(findings):
    findings.add("node a", **PARTS)
    findings.add("node a", **PARTS)
    assert len(findings.findings) == 1


def test_not_applicable_ends_the_control(findings):
    with pytest.raises(NotApplicable, match="no nodes"):
        findings.not_applicable("no nodes")


def test_fingerprint_is_of_control_owner_and_reason_alone(finding):
    one = finding(resource="i-1", symptom="x", owner="group a")
    assert one.fingerprint == finding(resource="i-2", symptom="y", owner="group a").fingerprint
    assert one.fingerprint != finding(owner="group b").fingerprint
    assert one.fingerprint != finding(owner="group a", reason="other").fingerprint
    assert one.fingerprint != finding(owner="group a", control="other").fingerprint


def test_finding_survives_the_way_through_a_report(finding):
    assert Finding.from_dict(finding().as_dict()) == finding()
