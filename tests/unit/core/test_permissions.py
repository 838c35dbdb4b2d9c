from __future__ import annotations

import json
from importlib.resources import files

import pytest
import yaml

from pytest_eksconform import Rights
from pytest_eksconform.cli import main
from pytest_eksconform.permissions import cluster_role, iam_policy


def test_policy_has_a_statement_for_each_service():
    policy = iam_policy(Rights(iam=("eks:B", "ec2:C", "eks:A")))
    actions = {s["Sid"]: s["Action"] for s in policy["Statement"]}
    assert actions == {"ReadEks": ["eks:A", "eks:B"], "ReadEc2": ["ec2:C"]}


def test_role_lists_what_is_listed_and_gets_by_name_what_is_named():
    rbac = ("list pods", "list deployments.apps", "get configmaps/coredns", "list nodes")
    role, binding = cluster_role(Rights(rbac=rbac))
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["coredns"],
            "verbs": ["get"],
        },
    ]
    assert binding["subjects"][0]["name"] == "eksconform:readers"


def test_command_prints_a_policy_of_reading_rights(capsys):
    assert main(["permissions", "iam"]) == 0
    policy = json.loads(capsys.readouterr().out)
    actions = {action for s in policy["Statement"] for action in s["Action"]}
    assert "eks:DescribeCluster" in actions
    verbs = ("Describe", "List", "Get", "Simulate")
    assert [a for a in actions if not a.split(":")[1].startswith(verbs)] == []


def test_command_prints_a_role_that_only_reads_and_never_secrets(capsys):
    assert main(["permissions", "rbac"]) == 0
    role, _binding = yaml.safe_load_all(capsys.readouterr().out)
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} <= {"get", "list"}
    assert "secrets" not in {name for rule in role["rules"] for name in rule["resources"]}


def test_selected_controls_need_less(capsys):
    main(["permissions", "iam", "--select", "imds-hop-limit"])
    assert "eks:ListAddons" not in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_unknown_control_is_said_with_exit_code_4(capsys, option):
    assert main(["permissions", "iam", option, "no-such"]) == 4
    assert "eksconform: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "file"), [("iam", "iam-policy.json"), ("rbac", "cluster-role.yaml")]
)
def test_files_for_users_are_what_the_controls_need(kind, file, capsys):
    main(["permissions", kind])
    shipped = files("pytest_eksconform").joinpath("data", file).read_text("utf-8")
    assert shipped == capsys.readouterr().out, f"eksconform permissions {kind} > data/{file}"
