from __future__ import annotations

from pytest_eksconform import Result, Verdict
from pytest_eksconform.conversion import explain, explain_findings, properties_of

LONG = "a sentence of several words that goes on " * 6
COMMAND = "aws ec2 describe-instances --instance-ids " + "i-0123456789abcdef0 " * 6


def result(verdict, **values):
    return Result("imds-x", "imds", "high", "observe", "The property.", verdict, **values)


def test_finding_keeps_to_80_columns_but_for_the_command(finding):
    text = explain_findings([finding(symptom=LONG, cause=LONG, fix=LONG, confirm=COMMAND)])
    assert [line for line in text.splitlines() if len(line) >= 80] == [COMMAND]
    assert text.count("    symptom  a sentence") == 1


def test_command_stands_alone_on_its_line_to_be_pasted(finding):
    lines = explain_findings([finding(confirm="kubectl get nodes")]).splitlines()
    assert lines[-2:] == ["    confirm", "kubectl get nodes"]


def test_finding_says_resource_severity_symptom_cause_and_fix(finding):
    assert explain_findings([finding(resource="node a", severity="high")]).splitlines()[:4] == [
        "  node a  [high]",
        "    symptom  symptom",
        "    cause    cause",
        "    fix      fix",
    ]


def test_findings_that_differ_in_the_resource_alone_are_told_once(finding):
    alike = [finding(resource=f"node {name}", confirm=f"kubectl get node {name}") for name in "ab"]
    lines = explain_findings(alike).splitlines()
    assert lines[:2] == ["  node a", "  node b  [medium]"]
    assert lines[-2:] == ["    confirm (the first of 2)", "kubectl get node a"]


def test_failure_is_explained_by_its_findings(finding):
    findings = (finding(resource="node a"), finding(resource="node b", symptom="another"))
    text = explain(result(Verdict.FAILED, findings=findings))
    assert text.startswith("imds-x: failed: The property.\n\n  node a  [medium]\n")
    assert "\n\n  node b  [medium]\n" in text


def test_unknown_is_explained_by_its_reason():
    text = explain(result(Verdict.UNKNOWN, reason=LONG))
    assert text.startswith("imds-x: unknown: The property.\n\n  a sentence of")
    assert max(map(len, text.splitlines())) < 80


def test_properties_name_the_missing_permission_and_each_finding(finding):
    one = finding(resource="node a", symptom="is off")
    properties = properties_of(
        result(Verdict.UNKNOWN, permission="eks:ListAddons", findings=(one,), gating=True)
    )
    assert ("eks.verdict", "unknown") in properties
    assert ("eks.gating", "true") in properties
    assert ("eks.missing-permission", "eks:ListAddons") in properties
    assert properties[-1] == ("eks.finding", f"{one.fingerprint} medium node a: is off")
