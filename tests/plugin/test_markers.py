"""Markers that mean nothing are collection errors of one line."""

from __future__ import annotations

import pytest

MARKERS = {
    "eks_control()": "give the id as the one positional argument",
    "eks_control('acme/x', severty='high')": "unknown argument severty",
    "eks_control('acme/x', severity='awful')": "severity 'awful' is unknown",
    "eks_control('acme/x', tier='rough')": "tier 'rough' is unknown",
    "eks_control('acme/x', reads='nodes')": "reads must be a tuple of texts",
    "eks_tier('rough')": "'rough' is unknown; known: observe",
    "eks_requires('magic')": "'magic' is unknown; known: containers, packets",
    "eks_min_version(1.30)": "give a version as text",
}


@pytest.mark.parametrize("marker", MARKERS)
def test_meaningless_marker_is_a_clean_collection_error(pytester, marker):
    pytester.makepyfile(f"import pytest\n@pytest.mark.{marker}\ndef test_x(): pass")
    result = pytester.runpytest_inprocess()
    text = result.stdout.str()
    assert result.ret == pytest.ExitCode.INTERRUPTED, text
    assert MARKERS[marker] in text
    assert "INTERNALERROR" not in text
    assert "Traceback" not in text


def test_meaningless_marker_is_a_clean_collection_error_with_xdist(pytester):
    pytester.makepyfile("import pytest\n@pytest.mark.eks_control()\ndef test_x(): pass")
    text = pytester.runpytest_inprocess("-n2").stdout.str()
    assert MARKERS["eks_control()"] in text
    assert "INTERNALERROR" not in text


def test_marker_without_literals_is_refused_with_a_target(aws, refused, own_control):
    own_control("import pytest\nID = 'acme/x'\n@pytest.mark.eks_control(ID)\ndef test_x(): pass")
    line = refused("--eks-cluster=prod", "test_acme.py")
    assert "eks_control takes literal arguments only" in line


def test_markers_are_registered(pytester, own_control):
    own_control()
    result = pytester.runpytest_inprocess("--strict-markers", "-rs", "test_acme.py")
    result.assert_outcomes(skipped=1)
    pytester.runpytest_inprocess("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.eks_control(*", "@pytest.mark.eks_tier(*", "@pytest.mark.eks_requires(*"]
    )
