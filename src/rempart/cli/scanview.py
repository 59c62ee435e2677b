"""What a scan shows: lines on standard output, progress on a terminal, and the summary in words."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rempart.scan.paths import visible
from rempart.scan.records import Record, Result, json_line
from rempart.scan.results.replace import storage_error
from rempart.scan.tally import Tally

if TYPE_CHECKING:
    from rempart.cli.scanning import Outputs

_FLUSH_SECONDS = 0.25


class Printed:
    """Standard output: JSON Lines, or words for what matched and what could not be checked, or nothing.

    Raises StorageFullError when a redirected output does not fit; BrokenPipeError passes through.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._json, self._quiet = as_json, quiet
        self._stream = sys.stdout.buffer
        self._flushed = time.monotonic()

    def record(self, record: Record) -> None:
        self.line(record, None)

    def line(self, record: Record, text: str | None) -> None:
        """Print one record; `text` is its JSON object where that is known already."""
        if self._json:
            self._write(json_line(record) if text is None else text)
        elif not self._quiet and record.result in (Result.MATCH, Result.UNHASHED) and not record.by_design:
            self._write(in_words(record))

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as err:
            raise storage_error("Standard output", err) from err

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text.encode("utf-8", "backslashreplace") + b"\n")
        except BrokenPipeError:
            raise
        except OSError as err:
            raise storage_error("Standard output", err) from err
        now = time.monotonic()
        if now - self._flushed > _FLUSH_SECONDS:
            self.flush()
            self._flushed = now


def in_words(record: Record) -> str:
    """One line about a match or a file that could not be checked; nothing in it steers a terminal."""
    path = visible(record.target.label)
    if record.result is Result.UNHASHED:
        return f"{path}: not checked: {visible(record.error or str(record.outcome))}"
    match = record.matches[0]
    how = "same bytes" if match["probe"] == "exact" else f"likeness, distance {match['distance']}, {match['probe']}"
    code = f", {match['scheme']} {match['code']}" if match["scheme"] not in (None, "listed") else ""
    others = record.other_entries
    more = f", and {counted(others, 'more entry', 'more entries')}" if others else ""
    return f"{path}: match: " + visible(f"{match['list']} {match['entry']} ({how}{code}){more}")


def summary(tally: Tally, seconds: float, outputs: Outputs) -> str:
    """The end of a scan in plain words."""
    rate = f", {tally.files / seconds:,.0f} a second" if seconds >= 1 else ""
    lines = [
        f"{counted(tally.files, 'file')} looked at ({counted(tally.pictures, 'picture')}) in {_time(seconds)}{rate}.",
        f"  on a list      {tally.exact:>9,} with the same bytes, {tally.similar:,} by likeness",
        f"  known good     {tally.known_good:>9,}",
        f"  never seen     {tally.never_seen_pictures:>9,} pictures, {counted(tally.other_clear, 'other file')}",
        f"  not checked    {tally.unhashed:>9,}",
    ]
    lines += [f"    {count:>9,} × {visible(reason)}" for reason, count in tally.reasons.most_common(5)]
    if tally.by_digests_only:
        lines.append(f"Too flat for PDQ, looked up by digests only: {counted(tally.by_digests_only, 'picture')}.")
    if tally.left_out:
        lines.append(f"Links and special files left out on purpose: {tally.left_out:,}.")
    if tally.matched:
        lines.append("A match is a lead for a person to judge, not a verdict on anyone.")
    lines += [f"Written: {visible(path)}" for path in outputs.files]
    return "\n".join(lines)


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60} min {int(seconds) % 60} s"


class Progress:
    """Files, rate and time left on standard error, when that is a terminal; otherwise nothing.

    The time left appears once a quick count, made beside the scan, has finished.
    """

    def __init__(self, paths: tuple[str, ...], *, kept: int) -> None:
        self._paths, self._kept = paths, kept
        self._bar: Any = None
        self._task: Any = None
        self._stop = threading.Event()
        self._found = 0
        self._drawn = 0.0
        self._done = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._show()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done()

    def record(self, record: Record) -> None:
        if self._bar is None:
            return
        self._done += not record.target.members
        self._found += record.result is Result.MATCH
        now = time.monotonic()
        if now - self._drawn > 0.1:
            self._drawn = now
            self._bar.update(self._task, completed=self._done, found=self._found)

    def done(self) -> None:
        self._stop.set()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: Any) -> Text:
                return Text(f"{task.speed or 0:,.0f} files a second")

        plain = "cyan"
        self._bar = Bar(
            TextColumn("{task.completed:,.0f} files"),
            BarColumn(bar_width=30, complete_style=plain, finished_style=plain, pulse_style=plain),
            Rate(),
            TextColumn("{task.fields[found]} on a list"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("scan", total=None, found=0)
        self._bar.start()
        if "-" not in self._paths:
            threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        total = -self._kept
        pending = list(self._paths)
        while pending and not self._stop.is_set():
            total += _count_folder(pending.pop(), pending)
        if not self._stop.is_set() and self._bar is not None:
            self._bar.update(self._task, total=max(total, self._done))


def _count_folder(path: str, pending: list[str]) -> int:
    """The entries that are no folders; folders are added to `pending`. The folder's access time stays as it is."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            return 1
        fd = os.open(path, flags | os.O_DIRECTORY | getattr(os, "O_NOATIME", 0))
    except OSError:
        return 0
    count = 0
    try:
        with os.scandir(fd) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(os.path.join(path, entry.name))
                else:
                    count += 1
    except OSError:
        pass
    finally:
        os.close(fd)
    return count
