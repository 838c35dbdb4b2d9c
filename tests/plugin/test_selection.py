"""Which controls and which suites run."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import OWN_CONTROL, TARGET

CONTROLS = """
import pytest

@pytest.mark.eks_control("acme/first")
def test_first(): pass

@pytest.mark.eks_control("acme/second")
def test_second(): pass

@pytest.mark.eks_control("other/third")
def test_third(): pass

def test_unmarked(): pass
"""
SHIPPED_TEST = "imds/test_hop_limit.py::test_imds_hop_limit"
ALL = {"test_first", "test_second", "test_third", "test_unmarked"}


def collected(result: pytest.RunResult) -> set[str]:
    """Names of the collected tests."""
    return {line.rsplit("::", 1)[1] for line in result.outlines if "::" in line}


@pytest.mark.parametrize(
    ("options", "left_out"),
    [
        (["--eks-select=acme/first"], {"test_second", "test_third"}),
        (["--eks-select=acme"], {"test_third"}),
        (["--eks-select=*/*ir*"], {"test_second"}),
        (["--eks-select=acme/first,other"], {"test_second"}),
        (["--eks-select=acme/first", "--eks-select=other"], {"test_second"}),
        (["--eks-ignore=acme"], {"test_first", "test_second"}),
        (["--eks-select=acme", "--eks-ignore=*/second"], {"test_second", "test_third"}),
    ],
)
def test_ids_areas_and_globs_select(aws, run, own_control, options, left_out):
    own_control(CONTROLS)
    result = run(*options, "--collect-only", "-q", "test_acme.py")
    assert collected(result) == ALL - left_out
    assert f"{len(left_out)} deselected" in result.stdout.str()


def test_selection_is_the_same_on_workers(aws, run, own_control, verdicts):
    own_control(CONTROLS)
    run("--eks-select=acme/first", "-n2", "--eks-report=report", "test_acme.py")
    assert set(verdicts()) == {"acme/first"}


@pytest.fixture
def own_suite(pytester: pytest.Pytester) -> None:
    """A folder with a control of the team, and an ordinary test elsewhere."""
    (pytester.mkdir("own") / "test_own.py").write_text(OWN_CONTROL)
    pytester.mkdir("tests").joinpath("test_plain.py").write_text("def test_plain(): pass")
    pytester.makeini("[pytest]\ntestpaths = tests")


def collected_without_paths(pytester: pytest.Pytester, *options: str) -> str:
    return pytester.runpytest_inprocess(*options, "--collect-only", "-q").stdout.str()


def test_shipped_suites_run_whatever_testpaths_says(aws, pytester, own_suite):
    text = collected_without_paths(pytester, TARGET)
    assert SHIPPED_TEST in text
    assert "test_plain" not in text
    assert "test_own" not in text


def test_own_suites_are_added_to_the_shipped_ones(aws, pytester, own_suite):
    text = collected_without_paths(pytester, TARGET, "--eks-suites=own")
    assert SHIPPED_TEST in text
    assert "own/test_own.py::test_nodes_exist" in text


def test_own_suites_alone_with_none(aws, pytester, own_suite):
    text = collected_without_paths(pytester, TARGET, "--eks-suites=none,own")
    assert "own/test_own.py::test_nodes_exist" in text
    assert SHIPPED_TEST not in text


def test_none_leaves_the_choice_to_pytest(aws, pytester, own_suite):
    text = collected_without_paths(pytester, TARGET, "--eks-suites=none")
    assert "tests/test_plain.py::test_plain" in text
    assert SHIPPED_TEST not in text


def test_path_wins_over_the_shipped_suites(aws, pytester, own_suite):
    text = collected_without_paths(pytester, TARGET, "own")
    assert "own/test_own.py::test_nodes_exist" in text
    assert SHIPPED_TEST not in text


def test_shipped_suites_can_be_selected_by_area(aws, pytester):
    text = collected_without_paths(pytester, TARGET, "--eks-select=imds")
    assert SHIPPED_TEST in text
    assert "autoscaling/" not in text


def test_without_target_testpaths_rule(pytester, own_suite):
    text = collected_without_paths(pytester)
    assert "tests/test_plain.py::test_plain" in text
    assert SHIPPED_TEST not in text
