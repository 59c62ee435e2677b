"""Whether people of this company viewed a file, as the log of looks tells it; nobody can say so otherwise.

A file counts as viewed when somebody was shown the original of the whole of it in this case: one picture that is all
there is in the file, in its full size. What was shown smaller, blurred or in part does not count, nor does a film.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import grants
from rempart.reports.cybertip.document.records import FileDetails
from rempart.reports.cybertip.drafting.composing import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """The objects of a case that were viewed, and those whose metadata were."""

    files: frozenset[str] = frozenset()
    metadata: frozenset[str] = frozenset()


def viewed_in(conn: Connection, case_id: str, *, before: datetime) -> Viewed:
    """What was viewed in a case before a moment."""
    return Viewed(
        files=grants.whole_looks(conn, case_id, steps=("original",), before=before),
        metadata=grants.whole_looks(conn, case_id, steps=("metadata",), before=before),
    )


def with_views(file: FileDetails, held: Mapping[str, Held], found: Viewed) -> tuple[bool | None, bool | None]:
    """The two statements about a file: true where the log says so, else left out. Metadata count only of a file that
    was viewed, as the service has it."""
    source = held.get(file.ref)
    seen = source is not None and source.object in found.files
    return (True if seen else None), (True if seen and source is not None and source.object in found.metadata else None)
