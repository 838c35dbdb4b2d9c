"""What is read: once, in pages, no more than needed, and never what is secret."""

from __future__ import annotations

import pytest

from tests.plugin.stub_eks import named

TEN_READERS = """
import pytest

@pytest.mark.parametrize("number", range(10))
@pytest.mark.eks_control("acme/many", reads=("nodes", "namespaces"))
def test_many(eks_snapshot, eks_findings, number):
    for section in ("nodes", "namespaces"):
        eks_findings.judged(f"{len(eks_snapshot.read(section))} {section}")
"""
LOG_ALL = ("--log-level=DEBUG", "--override-ini=junit_logging=all")
POD_SECRET, APPLIED_SECRET = "pod-env-hunter2", "last-applied-hunter2"
KEEPS_FILES = """
import pathlib, pytest, stat

@pytest.mark.eks_control("acme/pods", reads=("pods", "nodes"))
def test_pods(eks_snapshot, eks_findings, _eks_run):
    eks_snapshot.read("pods")
    eks_findings.judged("pods")
    copy = pathlib.Path("kept")
    copy.mkdir()
    for file in _eks_run.directory.glob("*.json"):
        mode = stat.S_IMODE(file.stat().st_mode)
        assert mode == 0o600, f"{file.name} has mode {mode:o}"
        (copy / file.name).write_text(file.read_text())
    assert stat.S_IMODE(_eks_run.directory.stat().st_mode) == 0o700
    pathlib.Path("directory").write_text(str(_eks_run.directory))
"""


def test_section_is_read_once_for_all_controls_and_workers(aws, run, own_control, workers, report):
    own_control(TEN_READERS)
    aws.answer("GET /api/v1/namespaces", 200, {"items": [named("default")]})
    result = run(workers, "--eks-report=report", "test_acme.py")
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    assert aws.requests.count("GET /api/v1/nodes") == 1
    assert aws.requests.count("GET /api/v1/namespaces") == 1
    assert aws.requests.count("GET /clusters/prod") == 1
    read = report()["read"]
    assert read["sections"]["nodes"]["kubernetes"] == 1
    assert read["totals"]["kubernetes"] == 2
    assert report()["controls"][0]["judged"] == ["1 nodes", "1 namespaces"]


def test_section_that_no_control_reads_is_not_read(aws, run, own_control):
    own_control()
    run("test_acme.py")
    kubernetes = [r for r in aws.requests if "/api/" in r]
    assert kubernetes == ["GET /api/v1/nodes"]


def test_lists_are_read_to_their_last_page(aws, run, own_control, report):
    own_control()
    aws.pages["GET /api/v1/nodes"] = [[named("a"), named("b")], [named("c")], [named("d")]]
    run("--eks-report=report", "test_acme.py")
    assert report()["controls"][0]["judged"] == ["node a", "node b", "node c", "node d"]
    asked = [r.query for r in aws.seen if r.name == "GET /api/v1/nodes"]
    assert [q.get("continue") for q in asked] == [None, "1", "2"]
    assert {q["limit"] for q in asked} == {"500"}
    assert report()["read"]["sections"]["nodes"]["kubernetes"] == 3


def test_metadata_alone_is_asked_for_where_it_is_enough(aws, run, own_control):
    own_control(TEN_READERS.replace("namespaces", "service_accounts"))
    aws.answer("GET /api/v1/serviceaccounts", 200, {"items": [named("default")]})
    run("test_acme.py")
    accept = {r.name: r.headers["Accept"] for r in aws.seen if "/api/" in r.name}
    assert "as=PartialObjectMetadataList" in accept["GET /api/v1/serviceaccounts"]
    assert accept["GET /api/v1/nodes"] == "application/json"


def test_snapshot_is_private_and_gone_after_the_run(aws, run, own_control, pytester):
    own_control(KEEPS_FILES)
    container = {"name": "c", "env": [{"name": "PASSWORD", "value": POD_SECRET}]}
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": APPLIED_SECRET}
    pod = named("p", spec={"containers": [container], "initContainers": [container]})
    pod["metadata"]["annotations"] = annotation
    aws.answer("GET /api/v1/pods", 200, {"items": [pod]})
    result = run("--eks-report=report", *LOG_ALL, "test_acme.py")
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    kept = "".join(file.read_text() for file in pytester.path.glob("kept/*.json"))
    assert '"PASSWORD"' in kept, "the variable's name is kept"
    reports = "".join(file.read_text() for file in pytester.path.glob("report/*"))
    for secret in (POD_SECRET, APPLIED_SECRET):
        assert secret not in kept
        assert secret not in reports
    directory = pytester.path.joinpath("directory").read_text()
    assert not pytester.path.joinpath(directory).exists()


def test_section_that_breaks_hurts_only_its_own_controls(aws, run, own_control, pytester, verdicts):
    pytester.makeconftest(
        "from pytest_eksconform import Section\n"
        "def pytest_eksconform_sections(config):\n"
        "    yield Section('broken', 'what breaks', lambda reader: 1 / 0)\n"
        "    yield Section('no_json', 'what is no JSON', lambda reader: {1, 2})\n"
    )
    own_control(
        "import pytest\n"
        "@pytest.mark.parametrize('again', [1, 2])\n"
        "@pytest.mark.eks_control('acme/broken', reads=('broken', 'nodes'))\n"
        "def test_broken(eks_snapshot, again): eks_snapshot.read('broken')\n"
        "@pytest.mark.eks_control('acme/no-json', reads=('no_json',))\n"
        "def test_no_json(eks_snapshot): eks_snapshot.read('no_json')\n"
        "@pytest.mark.eks_control('acme/whole', reads=('nodes',))\n"
        "def test_whole(eks_snapshot, eks_findings):\n"
        "    eks_findings.judged(str(len(eks_snapshot.read('nodes'))))\n"
    )
    text = run("--eks-report=report", "test_acme.py").stdout.str()
    assert verdicts() == {
        "acme/broken": "unknown",
        "acme/no-json": "unknown",
        "acme/whole": "passed",
    }
    assert "could not read what breaks: ZeroDivisionError" in text
