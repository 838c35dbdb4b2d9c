"""The five verdicts, every way there, alike in terminal, JUnit and JSON, with and without xdist."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from pytest_eksconform.reports.json_report import SCHEMA
from tests.plugin import controls_of_all_verdicts
from tests.plugin.stub_eks import REGION, StubEks

CONTROLS = Path(controls_of_all_verdicts.__file__)
LACKS = """
from pytest_eksconform.target import Target

def pytest_eksconform_target(config):
    return Target("prod", lacks={"packets": "this is a stub"}, provenance={"stub": "yes"})
"""
WAIVERS = """
[[waivers]]
control = "acme/waiver-to-waived"
resource = "node old-*"
reason = "replaced in spring"
expires = 2999-03-01

[[waivers]]
control = "acme/half-a-waiver-to-failed"
resource = "node old-*"
reason = "replaced in spring"
expires = 2999-03-01

[[waivers]]
control = "acme/expired-waiver-to-failed"
reason = "replaced last spring"
expires = 2020-03-01

[[waivers]]
control = "acme/waived-error-to-unknown"
reason = "must not hide an error"
expires = 2999-03-01

[[waivers]]
control = "acme/judging-to-passed"
reason = "meets nothing"
expires = 2999-03-01
"""


LOG_ALL = ["--log-level=DEBUG", "--override-ini=junit_logging=all"]
SECRET, SESSION_TOKEN = "stub-secret-5f1c", "stub-session-token-9a7e"


@dataclass
class FinishedRun:
    """What one inner run left behind."""

    exit_code: int
    text: str
    folder: Path

    @property
    def report(self) -> Any:
        return json.loads((self.folder / "report" / "report.json").read_text())

    def control(self, control_id: str) -> Any:
        return next(c for c in self.report["controls"] if c["control"] == control_id)

    def properties(self, control_id: str) -> list[tuple[str, str]]:
        """The JUnit properties of a control, in their order."""
        junit = ElementTree.parse(self.folder / "report" / "junit.xml")
        for case in junit.iter("testcase"):
            found = [(p.attrib["name"], p.attrib["value"]) for p in case.iter("property")]
            if ("eks.control", control_id) in found:
                return found
        raise LookupError(control_id)


@pytest.fixture(scope="module", params=["-n0", "-n2"])
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> FinishedRun:
    """One run of all the controls, looked at by every test here."""
    folder = tmp_path_factory.mktemp("verdicts")
    shutil.copy(CONTROLS, folder / "test_acme.py")
    (folder / "conftest.py").write_text(LACKS)
    (folder / "eksconform.toml").write_text(WAIVERS)
    stub = StubEks()
    stub.answer("GET /api/v1/pods", 403, {"kind": "Status"})
    stub.refuse_action("GET /clusters/prod/node-groups", "eks:ListNodegroups")
    options = ["--eks-cluster=prod", "--eks-report=report", "-rA", request.param, *LOG_ALL]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_acme.py"],
        cwd=folder,
        env=_environment(stub),
        capture_output=True,
        text=True,
        check=False,
    )
    stub.close()
    return FinishedRun(done.returncode, done.stdout + done.stderr, folder)


def _environment(stub: StubEks) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTEST_"))}
    return kept | {
        "AWS_ENDPOINT_URL": stub.url,
        "AWS_ACCESS_KEY_ID": "stub-key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": SESSION_TOKEN,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "COLUMNS": "80",
    }


def test_every_way_leads_to_its_verdict(finished):
    for control in finished.report["controls"]:
        expected = control["control"].split("-to-")[1]
        assert control["verdict"] == expected, (control["control"], control["reason"])
    assert len(finished.report["controls"]) == CONTROLS.read_text().count("mark.eks_control(")


def test_unmarked_tests_keep_pytests_outcomes(finished):
    assert "PASSED test_acme.py::test_unmarked\n" in finished.text
    assert "its tier is probe, and --eks-tier allows observe" in finished.text
    assert " 1 skipped" in finished.text


def test_run_with_failures_ends_with_1(finished):
    assert finished.exit_code == pytest.ExitCode.TESTS_FAILED, finished.text
    assert finished.report["exit_code"] == 1
    assert "INTERNALERROR" not in finished.text


def test_report_is_of_the_published_form(finished):
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    problems = list(Draft202012Validator(schema).iter_errors(finished.report))
    assert problems == []


def test_counts_add_up(finished):
    assert sum(finished.report["counts"].values()) == len(finished.report["controls"])


def test_junit_says_the_same_as_json(finished):
    for control in finished.report["controls"]:
        properties = finished.properties(control["control"])
        said = dict(properties)
        assert said["eks.verdict"] == control["verdict"]
        assert said["eks.gating"] == str(control["gating"]).lower()
        assert said["eks.judged"] == str(len(control["judged"]))
        found = [value.split()[0] for name, value in properties if name == "eks.finding"]
        assert found == [finding["fingerprint"] for finding in control["findings"]]
        assert said.get("eks.missing-permission") == control["permission"]


def test_terminal_says_the_same_as_json(finished):
    table = finished.text.split("verdicts by area")[1]
    for control in finished.report["controls"]:
        advice = control["verdict"] == "failed" and not control["gating"]
        word = "advice" if advice else control["verdict"]
        line = f"  {word:<14} {control['control']}"
        assert line in [row[: len(line)] for row in table.splitlines()], control


def test_only_advice_and_waived_findings_do_not_gate(finished):
    failed = [c for c in finished.report["controls"] if c["verdict"] in ("failed", "unknown")]
    assert [c["control"] for c in failed if not c["gating"]] == ["acme/advice-to-failed"]
    assert not finished.control("acme/waiver-to-waived")["gating"]


def test_aws_denial_names_the_iam_action(finished):
    control = finished.control("acme/aws-denied-to-unknown")
    assert control["permission"] == "eks:ListNodegroups"
    assert "missing permission: eks:ListNodegroups" in control["reason"]


def test_kubernetes_denial_names_the_rbac_rule(finished):
    assert finished.control("acme/kubernetes-denied-to-unknown")["permission"] == "list pods"


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        ("acme/exception-to-unknown", "KeyError: 'bug in the control'"),
        ("acme/undeclared-section-to-unknown", "'cluster' is not in this control's reads"),
        ("acme/no-such-section-to-unknown", "there is no section 'nudes'"),
        ("acme/setup-to-unknown", "setup broke"),
        ("acme/setup-assert-to-unknown", "an assert failed in setup"),
        ("acme/teardown-to-unknown", "teardown broke"),
        ("acme/nothing-judged-to-unknown", "judged no resource"),
        ("acme/pytest-fail-to-failed", "the platform is down"),
        ("acme/capability-to-not applicable", "no packets here: this is a stub"),
        ("acme/version-to-not applicable", "the cluster is 1.35, the control is for 1.99"),
        ("acme/tier-to-not applicable", "its tier is probe, and --eks-tier allows observe"),
        ("acme/waiver-to-waived", "replaced in spring (until 2999-03-01)"),
    ],
)
def test_reason_says_why(finished, control, reason):
    assert reason in finished.control(control)["reason"]


def test_error_in_a_control_is_shown_with_its_traceback(finished):
    errors = finished.text.split("errors in controls")[1].split("advice and waived")[0]
    assert 'raise KeyError("bug in the control")' in errors
    assert "eks:ListNodegroups" not in errors, "an answer of AWS is no error in a control"


def test_waivers_without_effect_are_said(finished):
    said = finished.report["waivers"]
    assert [w["control"] for w in said["expired"]] == ["acme/expired-waiver-to-failed"]
    assert [w["control"] for w in said["unmatched"]] == ["acme/judging-to-passed"]
    text = " ".join(finished.text.split())
    assert "waiver of acme/expired-waiver-to-failed on * ended on 2020-03-01" in text
    assert "waiver of acme/judging-to-passed on * met no finding" in text


def test_finding_carries_a_command_for_this_cluster(finished):
    first, second = finished.control("acme/finding-to-failed")["findings"]
    assert first["confirm"] == "aws ec2 describe-instances --region eu-west-1"
    context = "arn:aws:eks:eu-west-1:111122223333:cluster/prod"
    assert second["confirm"] == f"kubectl --context {context} get node a"
    assert (first["severity"], second["severity"]) == ("high", "critical")
    assert (first["owner"], second["owner"]) == ("node group a", "node b")
    assert f"\n{first['confirm']}\n" in finished.text


def test_header_says_what_is_checked(finished):
    assert "eksconform: cluster=prod (command line)" in finished.text
    assert "account 111122223333" in finished.text
    assert "as arn:aws:iam::111122223333:user/reader" in finished.text
    assert finished.report["provenance"] == {"stub": "yes"}
    assert finished.report["lacks"] == {"packets": "this is a stub"}


def test_terminal_keeps_to_80_columns_but_for_commands_and_paths(finished):
    summary = finished.text.split("advice and waived")[1].split("short test summary")[0]
    free = ("aws ", "kubectl ", "reports: ")
    long = [x for x in summary.splitlines() if len(x) > 80 and not x.startswith(free)]
    assert long == []


def test_credentials_are_in_no_output(finished):
    written = [p.read_text() for p in (finished.folder / "report").iterdir()]
    for text in (finished.text, *written):
        assert SECRET not in text
        assert SESSION_TOKEN not in text
        assert "k8s-aws-v1." not in text, "the Kubernetes token is a credential"
        assert "X-Amz-Signature" not in text
