"""What a section of the snapshot is: a name, the rights to read it, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pytest_eksconform.clients.aws import AwsClients
from pytest_eksconform.clients.kubernetes import KubernetesApi

T = TypeVar("T")
R = TypeVar("R")
THREADS = 8
"""Requests that one section has under way at once."""


@dataclass(frozen=True)
class Rights:
    """What an identity must be allowed for a section.

    Attributes:
        iam: IAM actions, ``eks:ListAddons``.
        rbac: verb and resource, ``list deployments.apps``, ``get configmaps/aws-auth``.
    """

    iam: tuple[str, ...] = ()
    rbac: tuple[str, ...] = ()

    def __or__(self, other: Rights) -> Rights:
        """Both together, without repeats."""
        return Rights(_merged(self.iam, other.iam), _merged(self.rbac, other.rbac))


def _merged(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def allowed(service: str, *operations: str) -> Rights:
    """The rights to `operations` of an AWS `service`, as IAM names it."""
    return Rights(iam=tuple(f"{service}:{operation}" for operation in operations))


@dataclass(frozen=True)
class Reader:
    """What a section reads with.

    Attributes:
        cluster: name of the cluster.
        aws: its AWS clients.
        kube: its Kubernetes API.
        read: another section's data; raises what stopped that section.
    """

    cluster: str
    aws: AwsClients
    kube: KubernetesApi
    read: Callable[[str], Any]

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """`function` of every item, several at once, in order."""
        work = list(items)
        if len(work) < 2:
            return [function(item) for item in work]
        with ThreadPoolExecutor(THREADS) as pool:
            # Each task carries the context on, so that its requests are counted for this section.
            futures = [pool.submit(copy_context().run, function, item) for item in work]
            return [future.result() for future in futures]

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """The items under `key` of every page of a boto3 operation."""
        paginator = self.aws.client(service).get_paginator(operation)
        return [item for page in paginator.paginate(**arguments) for item in page.get(key) or []]


@dataclass(frozen=True)
class Section:
    """One part of the snapshot.

    Attributes:
        name: as controls name it in ``reads``.
        about: what it holds, in words: "the add-ons".
        load: reads it.
        rights: what reading it needs.
        needs: sections that `load` reads first.
    """

    name: str
    about: str
    load: Callable[[Reader], Any]
    rights: Rights = field(default_factory=Rights)
    needs: tuple[str, ...] = ()
