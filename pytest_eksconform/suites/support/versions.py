"""Version texts of Kubernetes, add-ons and images, made comparable."""

from __future__ import annotations

import re

_NUMBERS = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:-(?:[a-z]+-)*eksbuild\.(\d+))?")


def version_numbers(text: str) -> tuple[int, ...] | None:
    """The numbers of a version: ``v1.20.4-minimal-eksbuild.2`` is ``(1, 20, 4, 2)``.

    Returns:
        Major, minor, patch (0 if not given) and EKS build (0 if not given); None for a text that
        is no version.
    """
    match = _NUMBERS.match(text)
    return tuple(int(part or 0) for part in match.groups()) if match else None


def minor_version(text: str) -> str | None:
    """Major and minor of a version: ``v1.35.2-eksbuild.1`` is ``1.35``; None if it is none."""
    numbers = version_numbers(text)
    return f"{numbers[0]}.{numbers[1]}" if numbers else None


def next_minor(version: str) -> str:
    """The minor after `version`: ``1.36`` for ``1.35``."""
    major, minor = version.split(".")[:2]
    return f"{major}.{int(minor) + 1}"


def image_tag(image: str) -> str:
    """The tag of an image reference; empty for one that has only a digest or nothing."""
    name = image.split("@", 1)[0].rsplit("/", 1)[-1]
    return name.partition(":")[2]


def image_name(image: str) -> str:
    """The last part of an image's repository, without registry, tag and digest."""
    return image.split("@", 1)[0].rsplit("/", 1)[-1].partition(":")[0]
