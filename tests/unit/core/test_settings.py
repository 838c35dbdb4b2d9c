from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_eksconform.errors import SettingsError
from pytest_eksconform.settings import OPTIONS, resolve


@pytest.fixture
def resolved():
    """Resolve from dicts in place of command line, ini and environment."""

    def make(environment=None, ini=None, **given):
        values = {option.ini: given.get(option.name) for option in OPTIONS}
        config = SimpleNamespace(getoption=values.get, getini=(ini or {}).get)
        return resolve(config, environment or {})

    return make


def test_nothing_given_is_all_defaults(resolved):
    settings = resolved()
    assert settings.given() == []
    assert (settings.cluster, settings.select, settings.keep) == (None, [], False)


def test_command_line_before_environment_before_ini(resolved):
    environment = {"EKSCONFORM_TIER": "probe", "EKSCONFORM_CLUSTER": "environment"}
    ini = {"eks_tier": "observe", "eks_cluster": "ini", "eks_region": "eu-west-1"}
    settings = resolved(environment, ini, tier="disrupt")
    assert [(name, s.value, s.source) for name, s in settings.given()] == [
        ("cluster", "environment", "environment"),
        ("region", "eu-west-1", "ini"),
        ("tier", "disrupt", "command line"),
    ]
    assert settings.source("cluster") == "environment"


def test_empty_variable_counts_as_not_given(resolved):
    assert resolved({"EKSCONFORM_CLUSTER": ""}).cluster is None


@pytest.mark.parametrize(
    ("given", "parts"),
    [(["a,b", " c "], ["a", "b", "c"]), (["a,,b"], ["a", "b"]), ([""], [])],
)
def test_lists_are_split_at_commas(resolved, given, parts):
    assert resolved(select=given).select == parts
    assert resolved({"EKSCONFORM_SELECT": ",".join(given)}).select == parts


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False)])
def test_flags_are_read_from_the_environment(resolved, text, value):
    assert resolved({"EKSCONFORM_KEEP": text}).keep is value


def test_flag_that_is_neither_yes_nor_no_is_refused(resolved):
    with pytest.raises(SettingsError, match=r"EKSCONFORM_KEEP=perhaps \(from environment\)"):
        resolved({"EKSCONFORM_KEEP": "perhaps"})


def test_flag_in_the_ini_file_is_a_boolean(resolved):
    assert resolved(ini={"eks_keep": True}).source("keep") == "ini"
    assert resolved(ini={"eks_keep": False}).source("keep") == "default"


@pytest.mark.parametrize("name", [o.name for o in OPTIONS if o.choices])
def test_unknown_choice_is_refused_with_those_that_exist(resolved, name):
    with pytest.raises(SettingsError, match=r"=awful \(from command line\) is unknown; one of "):
        resolved(**{name: "awful"})


def test_two_targets_are_refused(resolved):
    with pytest.raises(SettingsError, match="two targets"):
        resolved({"EKSCONFORM_CLUSTER": "prod"}, emulate="kwok")


def test_attribute_that_is_no_setting_does_not_exist(resolved):
    with pytest.raises(AttributeError, match="colour"):
        _ = resolved().colour


def test_option_has_one_name_in_three_forms():
    (option,) = [o for o in OPTIONS if o.name == "aws_profile"]
    assert option.flagname == "--eks-aws-profile"
    assert (option.ini, option.variable) == ("eks_aws_profile", "EKSCONFORM_AWS_PROFILE")
