"""Entries made from pictures: digests, the canonical PDQ hash, and facets for crops and small tilts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rempart.errors import IncompleteError, RefusedError
from rempart.lists.build import ListBuilder
from rempart.lists.entry import Category, Entry, EntrySignal, derived_id
from rempart.lists.importing import Sink
from rempart.lists.report import Reading, Refusal, SourceReport, Tally
from rempart.lists.source import shown
from rempart.lists.vocabulary import ReadOptions
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Job, Plan, WorkerPool


def import_pictures(
    builder: ListBuilder,
    folder: Path,
    *,
    options: ReadOptions,
    workers: int = 1,
    limits: Limits | None = None,
    sink: Sink | None = None,
) -> SourceReport:
    """Make an entry from every picture in a folder (or from one picture) and those below it; links are not followed.

    A file that cannot be hashed is refused with its outcome; one of low quality (< 50) is entered by its digests
    only, and counted among the values left out. A line number is the file's place in the walk.

    Raises IncompleteError when the folder cannot be read, RefusedError when the named scheme has several codes.
    """
    tally = Tally(origin=shown(folder.name), format="pictures", sink=sink)
    poor = 0
    for path, one in read_pictures(folder, options=options, workers=workers, limits=limits):
        if isinstance(one, Refusal):
            poor += not one.whole
            tally.refuse(one)
            continue
        try:
            builder.add(one.entry)
        except RefusedError as err:
            tally.refuse(Refusal(line=one.line, reason=f"{_below(path, folder)}: {err.message}"))
            continue
        tally.accept(one)
    if poor:
        tally.notes.append(f"Too flat for PDQ (quality below 50), matched by digest only: {poor}.")
    return tally.close()


def read_pictures(
    folder: Path, *, options: ReadOptions, workers: int = 1, limits: Limits | None = None
) -> Iterator[tuple[str, Reading | Refusal]]:
    """An entry for every picture in a folder, with the path that it was made from; and what was refused, as above."""
    category = options.membership()
    troubles: list[tuple[str, Refusal]] = []
    with WorkerPool(workers=workers, limits=limits or Limits()) as pool:
        jobs = _jobs(folder, troubles)
        for job, seen in pool.map(jobs, Plan(probe_set="canonical", facets=True)):
            while troubles:
                yield troubles.pop(0)
            number, name, path = job.key if isinstance(job.key, tuple) else (0, "", "")
            if seen.outcome not in (Outcome.OK, Outcome.LOW_QUALITY):
                reason = f"{name}: {seen.outcome.value}: {seen.error or 'no picture'}"
                yield path, Refusal(line=number, reason=reason)
                continue
            yield path, Reading(entry=_entry(seen, name, category, options), line=number)
            if seen.outcome is Outcome.LOW_QUALITY:
                reason = f"{name}: low_quality: digests only"
                yield path, Refusal(line=number, reason=reason, whole=False)
    yield from troubles


def _below(path: str, folder: Path) -> str:
    """A path as it is told: below the folder."""
    return shown(os.path.relpath(path, folder) if folder.is_dir() else folder.name)


def _entry(seen: Examination, name: str, category: Category, options: ReadOptions) -> Entry:
    assert seen.sha256 is not None
    signals = [EntrySignal(signal=digest) for digest in (seen.sha256, seen.sha1, seen.md5) if digest is not None]
    if seen.outcome is Outcome.OK and seen.pdq is not None:
        signals.append(EntrySignal(signal=seen.pdq, recipe=seen.recipe, quality=seen.pdq_quality))
        signals += [
            EntrySignal(signal=facet.hash, recipe=seen.recipe, quality=facet.quality, facet=facet.name)
            for facet in seen.facets
        ]
    record: dict[str, object] = {"path": name, "media_type": seen.media_type, "size": seen.size}
    return Entry(
        id=derived_id(seen.sha256),
        signals=tuple(signals),
        category=category,
        source=options.source or "pictures",
        added=options.now,
        record=record | {"width": seen.width, "height": seen.height},
    )


def _jobs(folder: Path, troubles: list[tuple[str, Refusal]]) -> Iterator[Job]:
    """A job for every regular file, opened read-only; the pool closes it. `troubles` are added to."""
    number = 0
    for path, name, trouble in _walk(folder):
        number += 1
        if trouble is not None:
            troubles.append((path, Refusal(line=number, reason=f"{name[-200:]}: {trouble}")))
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as err:
            troubles.append((path, Refusal(line=number, reason=f"{name}: could not be opened: {err.strerror}")))
            continue
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            continue
        yield Job(key=(number, name, path), source=descriptor)


def _walk(folder: Path) -> Iterator[tuple[str, str, str | None]]:
    """Yield (path, name below the folder, trouble) of every file, in the order of names.

    A folder below that cannot be listed stands there itself, with the trouble. Raises IncompleteError at the top.
    """
    if folder.is_file():
        yield os.fspath(folder), shown(folder.name), None
        return
    waiting = [os.fspath(folder)]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as found:
                inside = sorted(found, key=lambda one: one.name)
        except OSError as err:
            if place == os.fspath(folder):
                raise IncompleteError(f"The folder {shown(folder)} could not be read: {err.strerror}.") from err
            yield place, shown(os.path.relpath(place, folder)), f"the folder could not be listed: {err.strerror}"
            continue
        waiting += [one.path for one in reversed(inside) if one.is_dir(follow_symlinks=False)]
        for one in inside:
            if one.is_file(follow_symlinks=False):
                yield one.path, shown(os.path.relpath(one.path, folder)), None
