from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from pytest_eksconform import CouldNotRead, Rights, Section, Snapshot
from pytest_eksconform.clients.calls import record
from pytest_eksconform.snapshot import SnapshotStore


@pytest.fixture
def store(tmp_path):
    """Make stores with these sections; all share one folder, as the workers of a run do."""

    def make(*sections):
        by_name = {section.name: section for section in sections}
        return SnapshotStore(tmp_path, by_name, "prod", aws=None, kube=lambda: None)

    return make


def counting(name="numbers", needs=()):
    """A section that counts how often it was read."""
    reads = []

    def load(reader):
        reads.append(name)
        record(kubernetes=1, size=10)
        return [reader.cluster, *(reader.read(other) for other in needs)]

    return Section(name, f"the {name}", load, needs=tuple(needs)), reads


def test_section_is_read_once_by_all_threads_and_workers(store):
    section, reads = counting()
    stores = [store(section) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda n: stores[n % 4].read("numbers"), range(16)))
    assert values == [["prod"]] * 16
    assert len(reads) == 1


def test_sections_that_need_others_are_prefetched_together(store):
    base, reads = counting("base")
    others = [counting(f"other-{n}", needs=["base"])[0] for n in range(10)]
    shared = store(base, *others)
    shared.prefetch([section.name for section in (*others, base)])
    assert len(reads) == 1
    assert shared.read("other-9") == ["prod", ["prod"]]


def test_files_are_private_and_nothing_else_stays(store, tmp_path):
    section, _ = counting()
    store(section).read("numbers")
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.*")}
    assert files["numbers.json"] == 0o600
    assert set(files) <= {"numbers.json", "numbers.lock"}


def test_entry_tells_what_reading_cost(store):
    section, _ = counting()
    entry = store(section).entry("numbers")
    assert entry.calls == {"aws": 0, "kubernetes": 1, "bytes": 10}
    assert store(section).read_so_far()["numbers"] == entry


def test_seeded_section_is_not_read(store):
    section, reads = counting()
    seeded = store(section)
    seeded.seed("numbers", {"known": True})
    assert seeded.read("numbers") == {"known": True}
    assert reads == []


def refusing(code, message=""):
    def load(_reader):
        raise ClientError({"Error": {"Code": code, "Message": message}}, "DescribeInstances")

    return Section("it", "the instances", load, Rights(iam=("ec2:DescribeInstances",)))


def test_refusal_is_kept_and_names_the_action_in_full(store):
    section = refusing("UnauthorizedOperation", "You are not authorized.")
    for _worker in range(2):
        with pytest.raises(CouldNotRead, match="could not read the instances") as problem:
            store(section).read("it")
        assert problem.value.permission == "ec2:DescribeInstances"


def test_answer_of_another_kind_lacks_no_permission(store):
    with pytest.raises(CouldNotRead, match="DescribeInstances answered Throttling") as problem:
        store(refusing("Throttling")).read("it")
    assert problem.value.permission is None


@pytest.mark.parametrize("load", [lambda reader: 1 / 0, lambda reader: {1, 2}])
def test_section_that_breaks_is_could_not_read(store, load):
    broken, (whole, _) = Section("broken", "what breaks", load), counting()
    both = store(broken, whole)
    both.prefetch(["broken", "numbers"])
    assert both.read("numbers") == ["prod"]
    with pytest.raises(CouldNotRead, match="could not read what breaks: "):
        both.read("broken")


def test_control_reads_only_what_it_declared(store):
    section, _ = counting()
    assert Snapshot(store(section), ("numbers",)).read("numbers") == ["prod"]
    assert Snapshot(store(section)).read("numbers") == ["prod"]
    with pytest.raises(LookupError, match="'numbers' is not in this control's reads"):
        Snapshot(store(section), ("others",)).read("numbers")
    with pytest.raises(LookupError, match="there is no section 'nudes'"):
        store(section).read("nudes")


def test_question_is_asked_once(store):
    asked = []
    for _worker in range(2):
        answer = store().ask("question", lambda reader: asked.append(1) or "yes", "a question")
        assert answer == "yes"
    assert len(asked) == 1
