"""What `rempart list build` does, and how it tells people about it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TextIO

import click

from rempart.cli.terminal import printable
from rempart.clock import utc_now
from rempart.errors import ForeignFileError, IncompleteError, RefusedError, RempartError
from rempart.index.sections import MAGIC
from rempart.lists.build import ListBuilder
from rempart.lists.importing import Sink, import_file
from rempart.lists.report import ListReport, Refusal, SourceReport
from rempart.lists.schemes import Scheme, built_in, load_scheme
from rempart.lists.source import shown
from rempart.lists.vocabulary import ReadOptions
from rempart.scan.results.replace import storage_error
from rempart.signals.outcome import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What the command line asked for."""

    out: Path
    files: tuple[Path, ...]
    pictures: Path | None
    format_name: str
    name: str
    scheme: str | None
    force: bool
    workers: int
    limits: Limits


class RefusalFile:
    """Every refused line as a JSON object, written as it is found; without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Sink:
        if self._path is not None:
            with self._told():
                fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(fd, "w", encoding="utf-8", errors="replace")
        return self._write

    def __exit__(self, kind: type[BaseException] | None, __: object, ___: TracebackType | None) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            with self._told():
                file.close()
        except RempartError:
            if kind is None:  # else what went wrong first is what matters
                raise

    def _write(self, origin: str, refusal: Refusal) -> None:
        if self._file is not None:
            row = {"origin": origin, "line": refusal.line, "reason": refusal.reason, "whole": refusal.whole}
            with self._told():
                self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as err:
            raise storage_error(shown(self._path or ""), err) from err


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same file, which need not be there yet."""
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()


def refuse_report_over(report_file: Path | None, plan: Building) -> None:
    """Refuse a report that would be written over what is read or made."""
    if report_file is None:
        return
    scheme = (Path(plan.scheme),) if plan.scheme else ()
    if any(is_same(report_file, other) for other in (plan.out, *plan.files, *scheme)):
        raise RefusedError(f"The report would be written over {shown(report_file)}.", hint="Name another file.")


def build_list(plan: Building, *, sink: Sink) -> ListReport:
    """Build the list; raises RempartError and leaves what stood at `plan.out` untouched when it cannot."""
    _refuse_foreign(plan.out)
    chosen = load_scheme(plan.scheme) if plan.scheme else None
    schemes: Mapping[str, Scheme] = dict(built_in()) | ({chosen.id: chosen} if chosen else {})
    options = ReadOptions(schemes=schemes, now=utc_now(), scheme=chosen, force=plan.force)
    with ListBuilder(plan.out, name=plan.name, schemes=schemes, created=options.now) as builder:
        sources = [
            _whole(import_file(builder, path, options=options, format_name=plan.format_name, sink=sink), plan)
            for path in plan.files
        ]
        if plan.pictures is not None:
            # Decoding loads only when it is asked for.
            from rempart.lists.pictures import import_pictures

            made = import_pictures(
                builder, plan.pictures, options=options, workers=plan.workers, limits=plan.limits, sink=sink
            )
            sources.append(made)
        return builder.finish(sources)


def _whole(source: SourceReport, plan: Building) -> SourceReport:
    """Refuse a source whose end is missing, unless it was asked for: half a list must not replace a whole one."""
    if source.incomplete and not plan.force:
        last = source.first_refused[-1].reason if source.refused <= len(source.first_refused) else "it is cut short"
        raise IncompleteError(
            f"{source.origin}: after {source.accepted} accepted lines {last}.",
            hint="No list was made; fetch the file again, or take what is there with --force.",
        )
    return source


def _refuse_foreign(out: Path) -> None:
    """Refuse to replace a file that is no list, and to write where there is no folder."""
    if not out.parent.is_dir():
        raise IncompleteError(f"There is no folder {out.parent}.")
    if out.is_dir():
        raise ForeignFileError(f"{out} is a folder.")
    if out.exists() and not out.is_file():
        raise ForeignFileError(f"{out} is a device or pipe; a list is a file.")
    if out.exists() and out.stat().st_size:
        with out.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise ForeignFileError(
                    f"{out} exists and is no list of Rempart's.", hint="It was left as it is; choose another name."
                )


def print_report(out: Path, name: str, report: ListReport, *, all_refused_in: Path | None) -> None:
    """The report in words on standard output; warnings stand with what they are about."""
    for source in report.sources:
        _say(
            f"{source.origin} ({source.format}): {source.read} read, {source.accepted} accepted"
            f" ({source.withdrawn} of them withdrawn), {source.refused} refused."
        )
        for note in source.notes:
            _say(f"  {note}")
        if source.left_out:
            _say(f"  Single values left out of accepted lines: {source.left_out}.")
        for one in source.first_refused:
            _say(f"  line {one.line}: {one.reason}{'' if one.whole else ' (the rest of the line was taken)'}")
        hidden = source.refused + source.left_out - len(source.first_refused)
        if hidden > 0:
            where = f"in {shown(all_refused_in)}" if all_refused_in else "name --report FILE to have all of them"
            _say(f"  … and {hidden} more: {where}.")
    _say(f"{shown(out)}: list {name!r}, {report.entries} entries ({report.duplicates} duplicates merged).")
    _say(f"  {report.matching} will match.")
    if report.known_good:
        _say(f"  {report.known_good} are benign: known good by exact digest, never a match.")
    for reason, count in report.silent.items():
        _say(f"  {count} stay silent: {reason}.")
    if report.superseded:
        _say(f"  {report.superseded} signals stay silent: withdrawn later under the same entry id.")
    if report.low_quality:
        _say(f"  {report.low_quality} PDQ hashes stay silent: quality below 50.")
    if not report.matching and not report.known_good:
        _say("  Warning: nothing in this list will ever match.")


def _say(text: str) -> None:
    """One line for people; what a partner or a file's name says cannot steer their terminal."""
    click.echo(printable(text))
