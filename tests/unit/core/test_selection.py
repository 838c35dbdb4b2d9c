from __future__ import annotations

import pytest

from pytest_eksconform.catalogue import Control
from pytest_eksconform.errors import SettingsError
from pytest_eksconform.selection import check_patterns, chosen, matches

HOP = Control("imds-hop-limit", "imds")
OWN = Control("acme/nodes-exist", "acme")
CATALOGUE = {control.id: control for control in (HOP, OWN)}


@pytest.mark.parametrize("pattern", ["imds-hop-limit", "imds", "imds-*", "*hop*"])
def test_id_area_and_glob_match(pattern):
    assert matches(HOP, [pattern])
    assert not matches(OWN, [pattern])


def test_glob_is_over_the_id_not_the_area():
    assert not matches(Control("tokens", "imds"), ["im*"])


@pytest.mark.parametrize(
    ("select", "ignore", "runs"),
    [
        ([], [], True),
        (["imds"], [], True),
        (["acme"], [], False),
        ([], ["imds"], False),
        (["imds"], ["*-limit"], False),
        (["acme", "imds-*"], ["acme"], True),
    ],
)
def test_ignoring_wins_over_selecting(select, ignore, runs):
    assert chosen(HOP, select, ignore) is runs


def test_pattern_that_matches_nothing_is_answered_with_what_is_near():
    check_patterns("--eks-select", ["imds", "acme/*"], CATALOGUE)
    with pytest.raises(SettingsError, match=r"=imds-hop-limits: .* did you mean imds-hop-limit\?"):
        check_patterns("--eks-select", ["imds-hop-limits"], CATALOGUE)
    with pytest.raises(SettingsError, match=r"areas: acme, imds"):
        check_patterns("--eks-ignore", ["zzz"], CATALOGUE)
