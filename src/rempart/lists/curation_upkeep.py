"""What a running process does for curation: it finishes what was agreed to, and tidies up."""

from __future__ import annotations

from collections.abc import Mapping

from rempart.lists import applying
from rempart.lists.curation import Curation
from rempart.store.jobs import Handler
from rempart.store.periodic import Periodic

_HOUR = 3600.0


def handlers(curation: Curation) -> Mapping[str, Handler]:
    """The jobs of curation by their kinds."""
    return {applying.JOB: applying.handler(curation.store, curation.clock, curation.entered)}


def periodics(curation: Curation) -> tuple[Periodic, ...]:
    """The periodic work of curation; running it twice at once does no harm."""
    return (Periodic(name="lists.tidy", seconds=_HOUR, run=lambda _: curation.tidy()),)
