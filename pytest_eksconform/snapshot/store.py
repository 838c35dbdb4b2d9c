"""The snapshot on disk: one file a section, shared by every worker of a run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from pytest_eksconform.clients.aws import AwsClients, reading
from pytest_eksconform.clients.calls import Calls, counted
from pytest_eksconform.clients.kubernetes import KubernetesApi
from pytest_eksconform.errors import CouldNotRead
from pytest_eksconform.snapshot.sections import Reader, Section

AT_ONCE = 6
"""Sections that are read at the same time."""


@dataclass
class Entry:
    """What became of one section.

    Attributes:
        data: what was read; None when `error` is set.
        error: what, answer and permission of the `CouldNotRead` that stopped it.
        calls: requests: ``aws``, ``kubernetes``, and ``bytes``.
        seconds: how long it took.
    """

    data: Any
    error: dict[str, str | None] | None
    calls: dict[str, int]
    seconds: float

    def value(self) -> Any:
        """The data.

        Raises:
            CouldNotRead: what stopped the section.
        """
        if self.error is not None:
            raise CouldNotRead(
                str(self.error["what"]), str(self.error["answer"]), self.error["permission"]
            )
        return self.data


class SnapshotStore:
    """Reads each section at most once a run and keeps it in `directory` (files of mode 0600).

    Args:
        directory: the run's own folder; workers of one run share it.
        sections: the sections that exist.
        cluster: name of the cluster.
        aws: its AWS clients.
        kube: gives its Kubernetes API; called at most once.
    """

    def __init__(
        self,
        directory: Path,
        sections: Mapping[str, Section],
        cluster: str,
        aws: AwsClients,
        kube: Callable[[], KubernetesApi],
    ) -> None:
        self._directory = directory
        self._sections = sections
        self._cluster = cluster
        self._aws = aws
        self._kube = kube
        self._entries: dict[str, Entry] = {}

    def read(self, name: str) -> Any:
        """The data of the section `name`.

        Raises:
            CouldNotRead: it could not be read, now or at the first try.
            LookupError: there is no such section.
        """
        return self.entry(name).value()

    def seed(self, name: str, data: Any) -> None:
        """Take `data`, which was read already, as the section `name`."""
        self._once(name, lambda: Entry(_as_json(data), None, Calls(aws=1).as_dict(), 0.0))

    def entry(self, name: str) -> Entry:
        """The section `name`, read now if nobody has yet."""
        if name not in self._sections:
            raise LookupError(f"there is no section {name!r} in the snapshot")
        section = self._sections[name]
        return self._once(name, lambda: self._load(section))

    def ask(self, key: str, load: Callable[[Reader], Any], about: str) -> Any:
        """A question with arguments, answered once a run for each `key`."""
        return self._once(key, lambda: self._load(Section(key, about, load))).value()

    def prefetch(self, names: Iterable[str]) -> None:
        """Read the sections `names` that nobody has read, several at a time."""
        missing = [n for n in dict.fromkeys(names) if n not in self._entries]
        if len(missing) > 1:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(self.entry, missing))

    def read_so_far(self) -> dict[str, Entry]:
        """Every section that any worker of this run has read."""
        for file in self._directory.glob("*.json"):
            if file.stem not in self._entries:
                self._entries[file.stem] = _from_file(file)
        return dict(self._entries)

    def _once(self, key: str, load: Callable[[], Entry]) -> Entry:
        if key not in self._entries:
            file = self._directory / f"{key}.json"
            with FileLock(self._directory / f"{key}.lock"):
                if file.exists():
                    self._entries[key] = _from_file(file)
                else:
                    entry = load()
                    _to_file(file, entry)
                    self._entries[key] = entry
        return self._entries[key]

    def _load(self, section: Section) -> Entry:
        reader = Reader(self._cluster, self._aws, self._kube(), self.read)
        calls, start = Calls(), time.monotonic()
        data, error = None, None
        with counted(calls):
            try:
                with reading(section.about):
                    data = _as_json(section.load(reader))
            except CouldNotRead as problem:
                error = {k: getattr(problem, k) for k in ("what", "answer", "permission")}
                error["permission"] = _full_action(problem.permission, section.rights.iam)
            except Exception as problem:  # noqa: BLE001 - only its own controls may suffer from it
                answer = " ".join(f"{type(problem).__name__}: {problem}".split())
                error = {"what": section.about, "answer": answer, "permission": None}
        return Entry(data, error, calls.as_dict(), round(time.monotonic() - start, 3))


def _full_action(permission: str | None, known: Iterable[str]) -> str | None:
    # Some services say no action in their refusal; the section's rights name it.
    if permission is None or not permission.startswith("*:"):
        return permission
    return next((action for action in known if action.endswith(permission[1:])), permission)


def _to_file(file: Path, entry: Entry) -> None:
    temporary = file.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(asdict(entry), stream)
    os.replace(temporary, file)


def _from_file(file: Path) -> Entry:
    return Entry(**json.loads(file.read_text(encoding="utf-8")))


def _as_json(data: Any) -> Any:
    return json.loads(json.dumps(data, default=_plain))


def _plain(value: Any) -> str:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong into the snapshot")


class Snapshot:
    """A control's view of the snapshot: the sections that it declared, nothing else.

    Args:
        store: where the sections are.
        declared: the names in the control's ``reads``; None lets it read all.
    """

    def __init__(self, store: SnapshotStore, declared: Collection[str] | None = None) -> None:
        self._store = store
        self._declared = declared

    def read(self, name: str) -> Any:
        """The JSON data of the section `name`.

        Raises:
            CouldNotRead: it could not be read; the verdict becomes *unknown*.
            LookupError: the control did not declare it, so its rights would be wrong.
        """
        self._must_be_declared(name)
        return self._store.read(name)

    def simulate(
        self,
        role_arn: str,
        actions: Iterable[str],
        resource: str = "*",
        context: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """What IAM says `role_arn` may do, by SimulatePrincipalPolicy.

        Args:
            role_arn: the role that acts.
            actions: IAM actions.
            resource: ARN that they act on.
            context: condition keys with their values, as strings.

        Returns:
            Action to ``allowed``, ``implicitDeny``, ``explicitDeny``, or ``missingContext``.

        Raises:
            CouldNotRead: the simulation is not allowed or did not answer.
            LookupError: the control did not declare ``simulations``.
        """
        from pytest_eksconform.snapshot.iam import simulate, simulation_key

        self._must_be_declared("simulations")
        question = (role_arn, tuple(actions), resource, tuple(sorted((context or {}).items())))
        answer: dict[str, str] = self._store.ask(
            simulation_key(question),
            lambda reader: simulate(reader, *question),
            f"what {role_arn.rsplit('/', 1)[-1]} may do",
        )
        return answer

    def _must_be_declared(self, name: str) -> None:
        if self._declared is not None and name not in self._declared:
            raise LookupError(f"section {name!r} is not in this control's reads: {self._declared}")
