"""A user's test file with a control for each way to each verdict; copied into inner runs.

An id ends in the verdict that is expected: ``acme/WAY-to-VERDICT``.
"""

import pytest

FINDING = {
    "reason": "off",
    "symptom": "it does not work",
    "cause": "somebody turned it off",
    "fix": "turn it on",
}


def find(findings, resource="node a", **more):
    findings.add(resource, **{**FINDING, "confirm": "kubectl get node a", **more})


@pytest.mark.eks_control("acme/judging-to-passed", reads=("nodes",))
def test_judging(eks_snapshot, eks_findings):
    """A control that judges and finds nothing."""
    for node in eks_snapshot.read("nodes"):
        eks_findings.judged(f"node {node['metadata']['name']}")


@pytest.mark.eks_control("acme/finding-to-failed", severity="high")
def test_finding(eks_findings):
    """A control that finds something."""
    find(eks_findings, confirm="aws ec2 describe-instances", owner="node group a")
    find(eks_findings, "node b", severity="critical")


@pytest.mark.eks_control("acme/assert-to-failed")
def test_assert():
    """A control that asserts."""
    assert len("four") == 5


@pytest.mark.eks_control("acme/pytest-fail-to-failed")
def test_pytest_fail():
    pytest.fail("the platform is down")


@pytest.mark.xfail(reason="pytest's own excuse, which has no end")
@pytest.mark.eks_control("acme/xfail-to-failed")
def test_xfail():
    assert not "waived"


@pytest.mark.eks_control("acme/advice-to-failed", severity="advice")
def test_advice(eks_findings):
    """A control that advises."""
    find(eks_findings)


@pytest.mark.eks_control("acme/waiver-to-waived")
def test_waived(eks_findings):
    find(eks_findings, "node old-1")
    find(eks_findings, "node old-2")


@pytest.mark.eks_control("acme/half-a-waiver-to-failed")
def test_half_waived(eks_findings):
    find(eks_findings, "node old-1")
    find(eks_findings, "node new-1")


@pytest.mark.eks_control("acme/expired-waiver-to-failed")
def test_expired_waiver(eks_findings):
    find(eks_findings)


@pytest.mark.eks_control("acme/waived-error-to-unknown")
def test_waived_error(eks_findings):
    find(eks_findings)
    raise ValueError("after the finding")


@pytest.mark.eks_control("acme/skip-to-not applicable")
def test_skip():
    pytest.skip("no such thing here")


@pytest.mark.eks_control("acme/findings-to-not applicable")
def test_not_applicable(eks_findings):
    eks_findings.not_applicable("no instances")


@pytest.mark.eks_control("acme/tier-to-not applicable", tier="probe")
def test_tier():
    raise AssertionError("must not run")


@pytest.mark.eks_tier("provision")
@pytest.mark.eks_control("acme/tier-marker-to-not applicable")
def test_tier_marker():
    raise AssertionError("must not run")


@pytest.mark.eks_requires("packets")
@pytest.mark.eks_control("acme/capability-to-not applicable")
def test_capability():
    raise AssertionError("must not run")


@pytest.mark.eks_min_version("1.99")
@pytest.mark.eks_control("acme/version-to-not applicable")
def test_version():
    raise AssertionError("must not run")


@pytest.mark.eks_control("acme/exception-to-unknown")
def test_exception():
    raise KeyError("bug in the control")


@pytest.mark.eks_control("acme/nothing-judged-to-unknown")
def test_nothing_judged():
    pass


@pytest.mark.eks_control("acme/kubernetes-denied-to-unknown", reads=("pods",))
def test_kubernetes_denied(eks_snapshot):
    eks_snapshot.read("pods")


@pytest.mark.eks_control("acme/aws-denied-to-unknown", reads=("node_groups",))
def test_aws_denied(eks_snapshot):
    eks_snapshot.read("node_groups")


@pytest.mark.eks_control("acme/undeclared-section-to-unknown", reads=("nodes",))
def test_undeclared_section(eks_snapshot):
    eks_snapshot.read("cluster")


@pytest.mark.eks_control("acme/no-such-section-to-unknown", reads=("nudes",))
def test_no_such_section(eks_snapshot):
    eks_snapshot.read("nudes")


@pytest.fixture
def broken_setup():
    raise RuntimeError("setup broke")


@pytest.fixture
def asserting_setup():
    raise AssertionError("setup asserted")


@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("teardown broke")


@pytest.mark.eks_control("acme/setup-to-unknown")
def test_setup(broken_setup):
    pass


@pytest.mark.eks_control("acme/setup-assert-to-unknown")
def test_setup_assert(asserting_setup):
    pass


@pytest.mark.eks_control("acme/teardown-to-unknown")
def test_teardown(broken_teardown, eks_findings):
    eks_findings.judged("node a")


@pytest.mark.eks_tier("probe")
def test_unmarked_of_a_higher_tier():
    raise AssertionError("must not run")


def test_unmarked():
    pass
