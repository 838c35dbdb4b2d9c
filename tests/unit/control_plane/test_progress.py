"""What is shown of long steps, and when."""

from __future__ import annotations

import threading

from pytest_eksconform.emulation import progress as module
from pytest_eksconform.emulation.progress import (
    FileProgress,
    TerminalProgress,
    duration,
    follow,
    progress_line,
)


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_short_step_shows_nothing():
    written, clock = [], Clock()
    with TerminalProgress(written.append, isatty=False, clock=clock) as shown:
        shown.step("quick")
        clock.now = 1.9
        shown.advance("quick", 1, 2)
    assert written == []


def test_a_silent_step_is_shown_when_it_lasts(monkeypatch):
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.01)
    seen = threading.Event()
    with TerminalProgress(lambda text: seen.set(), isatty=False) as shown:
        shown.step("slow")
        assert seen.wait(5)


def test_a_log_gets_a_line_at_most_every_ten_seconds():
    written, clock = [], Clock()
    with TerminalProgress(written.append, isatty=False, clock=clock) as shown:
        shown.step("building")
        for second in range(25):
            clock.now = float(second)
            shown.advance("building", second, 25)
    assert len(written) == 3
    assert all(line.endswith("\n") for line in written)


def test_a_terminal_line_is_rewritten_within_79_columns():
    written, clock = [], Clock()
    with TerminalProgress(written.append, isatty=True, clock=clock) as shown:
        shown.step("x")
        clock.now = 3.0
        shown.advance("x" * 100, 1, 2, 61)
        shown.advance("y", 2, 2, 0)
    assert len(written) == 3
    assert all(text.startswith("\r") and len(text.strip("\r")) <= 79 for text in written)
    assert written[-1].strip("\r ") == ""


def test_a_line_says_share_time_gone_and_time_left():
    line = progress_line("building etcd", 50, 200, 65, 125)
    assert line == " 25% 50/200, 1:05 gone, 2:05 left: building etcd"


def test_durations_are_minutes_and_seconds():
    assert [duration(s) for s in (0.4, 59.6, 185)] == ["0:00", "1:00", "3:05"]


def test_the_longest_line_of_a_build_fits_a_terminal():
    line = progress_line("building kube-controller-manager (once)", 2659, 2659, 299, 9)
    assert len(line) <= 79


def test_progress_passes_through_a_file(tmp_path, progress):
    path = tmp_path / "progress.jsonl"
    written = FileProgress(path)
    written.step("one")
    written.advance("one", 1, 2, 3.0)
    written.close()
    follow(path, progress, is_alive=lambda: True)
    assert progress.steps == ["one"]
    assert progress.advances == [("one", 1, 2, 3.0)]


def test_following_ends_with_the_writer(tmp_path, progress):
    path = tmp_path / "progress.jsonl"
    FileProgress(path).step("last words")
    follow(path, progress, is_alive=lambda: False)
    assert progress.steps == ["last words"]
