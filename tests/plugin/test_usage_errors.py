"""What cannot run says so in one line, with exit code 4, with and without xdist."""

from __future__ import annotations

import socket

import pytest

from tests.plugin.conftest import TARGET

TOML = "eksconform.toml"


@pytest.fixture
def closed() -> str:
    """The URL of a port where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_unknown_cluster_names_those_that_exist(aws, refused, workers):
    line = refused("--eks-cluster=nope", workers)
    assert line.startswith("no EKS cluster 'nope' in eu-west-1 (there: prod, test)"), line


def test_cluster_without_endpoint_says_how_to_wait(aws, refused):
    creating = aws.cluster("prod", status="CREATING", endpoint=None)
    aws.answer("GET /clusters/prod", 200, {"cluster": creating})
    assert "aws eks wait cluster-active --name prod" in refused(TARGET)


def test_no_credentials_says_how_to_log_in(aws, refused, workers, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no AWS credentials found: log in" in refused(TARGET, workers)


def test_credential_process_that_fails_is_no_network_problem(aws, refused, monkeypatch, pytester):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    config = pytester.makefile(".ini", aws="[default]\ncredential_process = false")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert refused(TARGET).startswith("no AWS credentials: ")


def test_unreadable_aws_configuration_is_said(aws, refused, monkeypatch, pytester):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(pytester.makefile(".ini", aws="[[[")))
    assert refused(TARGET).startswith("the AWS configuration cannot be used: ")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "the AWS credentials have expired: log in again"),
        ("InvalidClientTokenId", "AWS does not accept these credentials (InvalidClientTokenId)"),
        ("SignatureDoesNotMatch", "AWS does not accept these credentials"),
        ("SomethingElse", "AWS answered SomethingElse to GetCallerIdentity"),
    ],
)
def test_refused_identity_says_why(aws, refused, workers, code, said):
    aws.refuse_identity(code)
    assert said in refused(TARGET, workers)


def test_denied_description_names_the_action(aws, refused):
    aws.refuse_action("GET /clusters/prod", "eks:DescribeCluster")
    assert refused(TARGET).endswith("allow it eks:DescribeCluster")


def test_wrong_account_names_both(aws, refused, workers):
    line = refused(TARGET, "--eks-account=999988887777", workers)
    assert "account 111122223333" in line
    assert "999988887777" in line


def test_missing_region_says_how_to_give_it(aws, refused, workers, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert refused(TARGET, workers) == (
        "no AWS region: give --eks-region or set AWS_DEFAULT_REGION"
    )


def test_unknown_profile_is_named(aws, refused, workers):
    assert "(nobody)" in refused(TARGET, "--eks-aws-profile=nobody", workers)


def test_unreachable_aws_is_said(aws, refused, workers, closed, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", closed)
    line = refused(TARGET, workers)
    assert line.startswith(
        f'AWS could not be reached: Could not connect to the endpoint URL: "{closed}'
    )


def test_unreachable_kubernetes_is_said(aws, refused, workers, closed):
    aws.answer("GET /clusters/prod", 200, {"cluster": aws.cluster("prod", endpoint=closed)})
    line = refused(TARGET, workers)
    assert f"the Kubernetes API of prod gives no answer from {closed}" in line


def test_identity_without_access_entry_says_what_to_give(aws, refused):
    aws.answer("GET /version", 401, {"kind": "Status"})
    line = refused(TARGET)
    assert "does not know arn:aws:iam::111122223333:user/reader" in line
    assert "aws eks create-access-entry" in line


def test_answer_that_is_not_kubernetes_is_said(aws, refused):
    aws.answer("GET /version", 200, "<html>a proxy</html>")
    assert "is no JSON" in refused(TARGET)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--eks-tier=harmless", "one of observe, probe, provision, disrupt"),
        ("--eks-fail-on=awful", "one of advice, medium, high, critical"),
        ("--eks-emulate=docker", "one of kwok, kind"),
        ("--eks-select=acme/no-such", "no such control"),
        ("--eks-ignore=no-such-area", "no such control"),
        ("--eks-suites=no-such-folder", "no such file or folder"),
        ("--eks-expect=no-such.toml", "no-such.toml: no such expectations file"),
    ],
)
def test_unknown_value_is_refused_with_what_is_known(aws, refused, workers, option, said):
    target = [] if "emulate" in option else [TARGET]
    assert said in refused(*target, option, workers)


def test_misspelt_id_is_answered_with_the_nearest(aws, refused, own_control):
    own_control()
    line = refused(TARGET, "--eks-select=acme/node-exists", "test_acme.py")
    assert "did you mean acme/nodes-exist?" in line


def test_path_taken_for_an_engine_says_how_to_write_it(refused, workers, own_control):
    own_control()
    line = refused("--eks-emulate", "test_acme.py", workers)
    assert "to give a path as well, write --eks-emulate=kwok test_acme.py" in line


def test_two_targets_are_refused(refused, workers):
    assert refused(TARGET, "--eks-emulate", workers).startswith("two targets: ")


def test_tier_above_observe_is_refused_on_a_real_cluster(aws, refused, workers):
    assert "a real cluster is only observed for now" in refused(TARGET, "--eks-tier=probe", workers)
    assert aws.requests == []


def test_shipped_suite_without_target_is_refused(refused, workers):
    line = refused("--pyargs", "pytest_eksconform.suites", workers)
    assert line == "no cluster to check: give --eks-cluster=NAME or --eks-emulate"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("imds = ", "not a readable TOML file"),
        ("[imds]\npod = 'blocked'", "unknown key imds.pod"),
        ("[imds]\nhop_limit = '2'", "imds.hop_limit must be a whole number"),
        ("[imds]\npods = 'maybe'", "one of blocked, reachable"),
        ("clusters = 5", "[clusters.NAME]"),
        ("waivers = 5", "[[waivers]]"),
        ("[[waivers]]\ncontrol = 'imds-hop-limit'\nreason = 'r'", "expires is missing"),
        (
            "[[waivers]]\ncontrol = 'no-such'\nreason = 'r'\nexpires = 2999-01-01",
            "waiver of unknown control 'no-such'",
        ),
    ],
)
def test_malformed_expectations_are_refused_before_aws_is_asked(aws, refused, pytester, text, said):
    (pytester.path / TOML).write_text(text)
    line = refused(TARGET)
    assert said in line
    assert TOML in line
    assert aws.requests == []


def test_malformed_expectations_are_refused_with_xdist(aws, refused, pytester):
    (pytester.path / TOML).write_text("nonsense = true")
    assert "unknown key nonsense" in refused(TARGET, "-n2")


@pytest.mark.parametrize("folder", ["a-file", "a-file/below"])
def test_unwritable_report_folder_is_refused(aws, refused, pytester, folder):
    (pytester.path / "a-file").touch()
    assert refused(TARGET, f"--eks-report={folder}").startswith(f"--eks-report={folder}: ")
    assert aws.requests == []


def test_control_declared_twice_is_refused(aws, refused, pytester, own_control):
    first = own_control()
    second = pytester.makepyfile(test_other=first.read_text())
    line = refused(TARGET, "test_acme.py", "test_other.py")
    assert "control acme/nodes-exist is declared in" in line
    assert str(second) in line
