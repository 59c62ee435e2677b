"""How `rempart scan` puts a scan together: its lists, its journal, what it writes and where."""

from __future__ import annotations

import os
import platform
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from rempart import __version__
from rempart.cli.scanview import Printed, Progress
from rempart.clock import iso, utc_now
from rempart.errors import RefusedError
from rempart.lists.hashlist import HashList
from rempart.scan.journal import Journal
from rempart.scan.memory import Memory
from rempart.scan.paths import visible
from rempart.scan.records import LETTERS, Record, Result, from_line, json_of_line
from rempart.scan.results import csv, html, vics
from rempart.scan.results.facts import Facts, ListFacts, Report
from rempart.scan.results.replace import replacing, storage_error
from rempart.scan.run import Scan, ScanPlan
from rempart.scan.tally import Tally
from rempart.signals.decode import RECIPE
from rempart.signals.pool import WorkerPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asked to be scanned, with what."""

    paths: tuple[str, ...]
    lists: tuple[Path, ...]
    plan: ScanPlan
    workers: int
    resume: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What is to be written: JSON Lines on standard output, and files."""

    json: bool
    csv: str | None
    vics: str | None
    html: str | None
    lang: str
    vics_hashes: bool

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(path for path in (self.csv, self.vics, self.html) if path is not None)


class Run:
    """One run of the command; `open` comes before `scan`, so that a mistake shows before hours of work."""

    def __init__(self, wanted: Wanted, outputs: Outputs, stack: ExitStack) -> None:
        self._wanted, self._outputs, self._stack = wanted, outputs, stack
        self._started, self._clock = utc_now(), time.monotonic()
        self._lists: list[HashList] = []
        self._list_facts: tuple[ListFacts, ...] = ()
        self._tally = Tally()
        self._printed = Printed(as_json=outputs.json, quiet=bool(outputs.files))
        self._memory: Memory | None = None
        self.is_open = False
        self.seconds = 0.0
        self._kept = 0

    def open(self) -> None:
        """Open the lists and what keeps the results. Raises RempartError for what cannot be opened."""
        wanted = self._wanted
        _refuse_inside(wanted, self._outputs)
        self._lists = [self._stack.enter_context(HashList.open(path)) for path in wanted.lists]
        self._list_facts = tuple(map(_list_facts, wanted.lists, self._lists))
        self._memory = self._open_memory()
        self.is_open = True

    def scan(self, paths: Iterable[str]) -> Tally:
        """Scan, write every output, and return the counts over all runs of this journal."""
        wanted = self._wanted
        progress = self._stack.enter_context(Progress(wanted.paths, kept=self._memory.kept if self._memory else 0))

        def sink(record: Record) -> None:
            self._tally.add(record)
            self._printed.record(record)
            progress.record(record)

        with WorkerPool(workers=wanted.workers, limits=wanted.plan.limits) as pool:
            once = "-" in wanted.paths or _overlap(wanted.paths)
            scan = Scan(wanted.plan, lists=self._lists, pool=pool, sink=sink, memory=self._memory, once=once)
            scan.run(paths)
        progress.done()
        self._print_kept()
        self._printed.flush()
        self._write_files(scan.walk.atime_unkept)
        self.seconds = time.monotonic() - self._clock
        return self._tally

    def stopped(self) -> str:
        """What to say when the run ended early: what was kept and how to go on."""
        if self._wanted.resume is None:
            return "Stopped. Nothing was kept; with --resume FILE a scan can go on where it stopped."
        if self._memory is not None:
            self._memory.flush_quietly()
        return f"Stopped. What was done is kept in {visible(self._wanted.resume)}; the same command goes on from there."

    def _open_memory(self) -> Memory | None:
        wanted, settings = self._wanted, _settings(self._wanted, self._list_facts)
        if wanted.resume is not None:
            journal = Journal.open(wanted.resume, settings=settings)
        elif self._outputs.files:
            folder = Path(self._outputs.files[0]).parent
            try:
                spool: Any = self._stack.enter_context(
                    tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  the stack closes it
                )
            except OSError as err:
                raise storage_error(self._outputs.files[0], err) from err
            journal = Journal.temporary(spool, settings=settings)
        else:
            return None
        self._stack.callback(journal.abandon)
        memory = Memory(journal)
        memory.session(started=iso(self._started), workers=wanted.workers)
        return memory

    def _print_kept(self) -> None:
        """Count again over all runs, and print what earlier runs found: the output is that of one run."""
        if self._memory is None or not self._memory.kept:
            return
        for line in self._memory.lines(earlier_only=True):
            self._kept += 1
            record = from_line(line)
            self._tally.add(record)
            self._printed.line(record, json_of_line(line))

    def _write_files(self, atime_unkept: int) -> None:
        if self._memory is None:
            return
        self._memory.session(ended=iso(utc_now()))
        outputs = self._outputs
        report = Report(facts=self._facts(atime_unkept), records=self._records, tally=self._tally)
        writers: dict[str | None, Callable[[Report, IO[bytes]], None]] = {
            outputs.csv: csv.write,
            outputs.vics: partial(vics.write, options=vics.Options(hashes=outputs.vics_hashes)),
            outputs.html: partial(html.write, lang=outputs.lang),
        }
        for path, write in writers.items():
            if path is not None:
                with replacing(path) as stream:
                    write(report, stream)

    def _records(self, group: Result) -> Iterator[Record]:
        assert self._memory is not None
        return map(from_line, self._memory.lines(frozenset(LETTERS[group])))

    def _facts(self, atime_unkept: int) -> Facts:
        assert self._memory is not None
        wanted, plan = self._wanted, self._wanted.plan
        sessions = self._memory.sessions()
        starts = [datetime.fromisoformat(str(one["started"])) for one in sessions if "started" in one]
        return Facts(
            version=__version__, paths=wanted.paths, lists=self._list_facts, probe_set=plan.probe_set,
            radius=plan.radius, recipe=RECIPE, workers=wanted.workers, limits=_limits(plan), software=_software(),
            started=starts[0], ended=utc_now(), runs=len(starts),
            kept_from_before=self._kept, atime_unkept=atime_unkept, archives=plan.archives,
        )  # fmt: skip


def read_paths(paths: tuple[str, ...], *, null: bool) -> Iterator[str]:
    """The paths of the command line; `-` stands for those on standard input, read as they are needed."""
    for path in paths:
        if path == "-":
            yield from _split(sys.stdin.buffer, b"\0" if null else b"\n")
        else:
            yield path


def _split(stream: IO[bytes], end: bytes) -> Iterator[str]:
    rest = b""
    while data := os.read(stream.fileno(), 1 << 16):
        *whole, rest = (rest + data).split(end)
        yield from (os.fsdecode(path) for path in whole if path)
    if rest:
        yield os.fsdecode(rest)


def _refuse_inside(wanted: Wanted, outputs: Outputs) -> None:
    """No output may lie inside what is scanned: it would alter it, and be scanned itself."""
    folders = [os.path.realpath(path) for path in wanted.paths if path != "-" and os.path.isdir(path)]
    written = [path for path in (wanted.resume, *outputs.files) if path is not None]
    for path in written:
        parent = os.path.realpath(os.path.dirname(path) or ".")
        if not os.path.isdir(parent):
            raise RefusedError(f"The folder of {path} does not exist.")
        _refuse(path, os.path.join(parent, os.path.basename(path)), folders, wanted.plan)
    read = [os.path.realpath(path) for path in (*wanted.paths, *map(str, wanted.lists)) if path != "-"]
    for path in written:
        if os.path.realpath(path) in read:
            raise RefusedError(f"{path} is to be read and must not be written over.", hint="Name another file.")
    if len({os.path.realpath(path) for path in written}) != len(written):
        raise RefusedError("Two outputs have the same name.")
    if outputs.json and stat.S_ISREG(os.fstat(1).st_mode):
        _refuse("Standard output", os.path.realpath("/proc/self/fd/1"), folders, wanted.plan)


def _refuse(name: str, path: str, folders: list[str], plan: ScanPlan) -> None:
    for folder in folders:
        if plan.one_file_system and os.stat(folder).st_dev != os.stat(os.path.dirname(path)).st_dev:
            continue  # on another disk, which this scan does not enter
        if os.path.commonpath((folder, path)) == folder:
            raise RefusedError(
                f"{name} would be written inside {folder}, which is to be scanned and must not be altered.",
                hint="Write it to another folder.",
            )


def _overlap(paths: tuple[str, ...]) -> bool:
    whole = sorted(os.path.abspath(path) + "/" for path in paths)
    return any(after.startswith(before) for before, after in pairwise(whole))


def _settings(wanted: Wanted, lists: tuple[ListFacts, ...]) -> dict[str, Any]:
    plan = asdict(wanted.plan)
    return {
        "version of Rempart": __version__,
        "paths": [[path, os.path.abspath(path)] for path in wanted.paths],
        "lists": [[used.name, used.sha256] for used in lists],
        "--probes": plan["probe_set"],
        "--radius": plan["radius"],
        "--no-archives": not plan["archives"],
        "--one-file-system": plan["one_file_system"],
        "limits": [plan["limits"], plan["archive_limits"]],
    }


def _list_facts(path: Path, opened: HashList) -> ListFacts:
    return ListFacts(name=opened.name, file=str(path), sha256=opened.file.sha256(), entries=len(opened))


def _limits(plan: ScanPlan) -> tuple[tuple[str, str], ...]:
    limits = plan.limits
    return (
        ("--max-memory", str(limits.memory_bytes)), ("--max-seconds", str(limits.seconds)),
        ("--max-pixels", str(limits.pixels)), ("--max-bytes", str(limits.file_bytes)),
    )  # fmt: skip


def _software() -> tuple[tuple[str, str], ...]:
    packages = ("pillow", "simplejpeg", "pi-heif", "numpy")
    return (
        ("Rempart", __version__),
        ("Python", platform.python_version()),
        *((name, metadata.version(name)) for name in packages),
    )
