from __future__ import annotations

from pathlib import Path

import pytest

from pytest_eksconform.catalogue import SHIPPED, TIERS, control_from_marker, read_catalogue
from pytest_eksconform.errors import SettingsError
from pytest_eksconform.findings import SEVERITIES

CONTROL = '''
import pytest
raise SystemExit("read as syntax, never imported")

@pytest.mark.eks_control("acme/x", severity="high", tier="probe", reads=("nodes", "pods"))
def test_x():
    """The property.

    More about it.
    """
'''


def test_catalogue_reads_controls_without_importing_them(write):
    path = write(CONTROL, "test_x.py")
    (control,) = read_catalogue([path]).values()
    assert (control.id, control.area, control.severity) == ("acme/x", "acme", "high")
    assert (control.tier, control.reads, control.title) == (
        "probe",
        ("nodes", "pods"),
        "The property.",
    )
    assert control.path == path.resolve()


def test_catalogue_searches_folders_and_takes_a_file_once(write, tmp_path):
    path = write(CONTROL, "deep/er/test_x.py")
    assert list(read_catalogue([tmp_path, path, path.parent])) == ["acme/x"]


@pytest.mark.parametrize("other", ["test_x.py", "test_y.py"])
def test_catalogue_refuses_an_id_declared_twice(write, tmp_path, other):
    write(CONTROL, "test_x.py")
    text = CONTROL * 2 if other == "test_x.py" else CONTROL
    write(text, other)
    with pytest.raises(SettingsError, match=r"control acme/x is declared in .* and in "):
        read_catalogue([tmp_path])


def test_catalogue_refuses_what_is_no_literal(write):
    path = write("@eks_control(ID)\ndef test_x(): pass", "test_x.py")
    with pytest.raises(SettingsError, match=r"test_x.py:1: .* literal arguments only"):
        read_catalogue([path])


def test_catalogue_leaves_broken_python_to_pytest(write):
    assert read_catalogue([write("eks_control def", "test_x.py")]) == {}


@pytest.mark.parametrize("folder", [".hidden", "an-environment"])
def test_catalogue_passes_hidden_folders_and_environments_by(write, tmp_path, folder):
    write("home = /usr", "an-environment/pyvenv.cfg")
    write(CONTROL, f"{folder}/test_x.py")
    assert read_catalogue([tmp_path]) == {}


def test_area_of_a_shipped_control_is_its_folder():
    path = SHIPPED / "imds" / "test_x.py"
    control = control_from_marker(("my-id",), {}, path=path, doc=None)
    assert (control.area, control.shipped, control.title) == ("imds", True, "")


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {}, "one positional argument"),
        (("a/b", "c"), {}, "one positional argument"),
        (("a/b",), {"colour": "red"}, "unknown argument colour"),
        (("my-id",), {}, 'needs a prefix of yours: "acme/my-id"'),
        (("a/b",), {"severity": "awful"}, "severity 'awful' is unknown"),
        (("a/b",), {"tier": "rough"}, "tier 'rough' is unknown"),
        (("a/b",), {"reads": "nodes"}, "reads must be a tuple"),
        (("a/b",), {"sources": (1,)}, "sources must be a tuple"),
    ],
)
def test_marker_that_means_nothing_is_refused(args, kwargs, said):
    with pytest.raises(SettingsError, match=said):
        control_from_marker(args, kwargs, path=Path("test_x.py"), doc=None)


def test_orders_are_from_the_harmless_to_the_harmful():
    assert TIERS == ("observe", "probe", "provision", "disrupt")
    assert SEVERITIES == ("advice", "medium", "high", "critical")
