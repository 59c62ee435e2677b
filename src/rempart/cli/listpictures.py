"""`rempart list import LIST FOLDER`: entries made from pictures, and where it is on, the features of their parts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rempart.cli.listdata import Opened, say
from rempart.errors import IncompleteError
from rempart.lists.entry import derived_id
from rempart.lists.entry_records import LiveList
from rempart.lists.ingest import Wishes
from rempart.lists.parts.keeping import PartKeeper
from rempart.lists.pictures import read_pictures
from rempart.lists.report import Reading, Refusal
from rempart.lists.staging_records import ChangeSet
from rempart.provenance.partial.making import Parts, Wanted, parts_of, parts_pool
from rempart.signals.outcome import Limits
from rempart.signals.pool import WorkerPool
from rempart.signals.values import Sha256


@dataclass(kw_only=True)
class _Pictures:
    """The pictures of a folder as entries; where each came from is remembered for the second look."""

    folder: Path
    workers: int
    limits: Limits
    paths: dict[str, Path] = field(default_factory=dict)

    def readings(self, live: LiveList, there: Opened, wishes: Wishes) -> Iterator[Reading | Refusal]:
        options = there.curation.intake.options(live, wishes)
        for path, one in read_pictures(self.folder, options=options, workers=self.workers, limits=self.limits):
            if isinstance(one, Reading):
                self.paths[one.entry.id] = Path(path)
            yield one


def import_folder(
    there: Opened, live: LiveList, folder: Path, wishes: Wishes, *, as_json: bool
) -> ChangeSet:  # fmt: skip
    """Take entries made from the pictures of a folder into a list, then make their features where that is on.

    Features are made for entries that wait for a second person too; they go again if nobody agrees.
    """
    pictures = _Pictures(folder=folder, workers=len(os.sched_getaffinity(0)), limits=Limits())
    done = there.curation.intake.readings(
        live.id, lambda now: pictures.readings(now, there, wishes), wishes, by=there.by
    )
    if there.folder.settings.partial.on:
        kept = _keep(there, live, pictures)
        if not as_json:
            say(f"Features of {kept} pictures were made: parts of them are found in uploads.")
    return done


def _keep(there: Opened, live: LiveList, pictures: _Pictures) -> int:
    keeper = PartKeeper(vault=there.folder.vault(), number=live.number, by=there.by)
    missing = sorted(keeper.missing(list(pictures.paths)))
    with parts_pool(workers=1, limits=pictures.limits) as pool:
        return keeper.keep(_made(pool, missing, pictures.paths))


def _made(pool: WorkerPool, refs: list[str], paths: dict[str, Path]) -> Iterator[tuple[str, Parts]]:
    for ref in refs:
        try:
            made = parts_of(pool, paths[ref].read_bytes(), Wanted.LISTED)
        except OSError as err:
            raise IncompleteError(f"{paths[ref].name} could not be read again: {err.strerror}.") from err
        # The file may have been exchanged since its entry was made.
        if derived_id(Sha256(made.sha256)) == ref:
            yield ref, made
