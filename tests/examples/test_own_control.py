"""A user's own control, in an empty directory, from the built wheel."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from examples.own_control.test_acme_is_caught import one_replica
from pytest_eksconform.emulation.environment import environment_of
from pytest_eksconform.emulation.faults import applied, fault_of

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "own_control"
CONTROL = "acme/two-replicas"
WAIVER = f"""
[[waivers]]
control = "{CONTROL}"
resource = "deployment shop/orders"
reason = "being rewritten"
expires = 2099-12-31
"""
pytestmark = pytest.mark.emulation


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel, beside the packages it depends on."""
    wheels, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("venv")
    pip = [sys.executable, "-m", "pip", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels)]
    subprocess.run([*pip, "wheel", *options, str(ROOT)], check=True)
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    [wheel] = wheels.iterdir()
    install = ["--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([*pip, *install], check=True)
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    dependencies = sysconfig.get_path("purelib")
    Path(own.stdout.strip(), "dependencies.pth").write_text(f"{dependencies}\n")
    return folder / "bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty directory with the two files of the example."""
    for file in EXAMPLE.glob("*.py"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
def pytest_here(installed: Path, folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the wheel's pytest in that directory."""

    def run(*arguments: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        changed = {k: v for k, v in {**inherited, **environment}.items() if v is not None}
        return subprocess.run(
            [installed / "python", "-m", "pytest", *arguments],
            cwd=folder,
            env=changed,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    return run


@pytest.fixture
def on_cluster(eks, emulation, pytest_here, folder):
    """Runs the control on the shared emulation, as on any cluster; gives exit code and verdict."""

    def run(*arguments: str) -> tuple[int, dict]:
        named = (f"--eks-cluster={emulation.cluster_name}", "--eks-report=report")
        done = pytest_here(*named, *arguments, "test_acme.py", **environment_of(emulation))
        report = json.loads((folder / "report" / "report.json").read_text())
        [verdict] = report["controls"]
        assert verdict["control"] == CONTROL, done.stdout
        return done.returncode, verdict

    return run


def test_wheel_is_what_runs(installed: Path, folder: Path):
    code = "import pytest_eksconform as p; print(p.__file__)"
    command = [installed / "python", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(installed.parent))


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_own_control_passes_on_the_blueprint(on_cluster, workers: str):
    status, verdict = on_cluster(workers)
    assert (status, verdict["verdict"]) == (0, "passed")
    assert verdict["judged"] == ["deployment shop/billing", "deployment shop/orders"]


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_own_control_fails_on_its_fault(on_cluster, eks, folder: Path, workers: str):
    with applied(fault_of(one_replica), eks.world):
        status, verdict = on_cluster(workers)
    assert (status, verdict["verdict"]) == (1, "failed")
    [finding] = verdict["findings"]
    assert finding["resource"] == "deployment shop/orders"
    junit = ElementTree.parse(folder / "report" / "junit.xml")
    named = {p.get("name"): p.get("value") for p in junit.iter("property")}
    assert (named["eks.control"], named["eks.verdict"]) == (CONTROL, "failed")


def test_own_control_is_waived(on_cluster, eks, folder: Path):
    (folder / "eksconform.toml").write_text(WAIVER)
    with applied(fault_of(one_replica), eks.world):
        status, verdict = on_cluster()
    assert (status, verdict["verdict"]) == (0, "waived")


def test_own_control_is_proved_by_its_own_test(pytest_here):
    done = pytest_here("test_acme_is_caught.py")
    assert done.returncode == 0, done.stdout + done.stderr
