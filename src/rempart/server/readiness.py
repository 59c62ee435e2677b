"""Whether a check could be answered now, and what is lacking if not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from rempart.errors import RempartError

log = logging.getLogger(__name__)

Probe = Callable[[], None]
"""Returns when a part can be used, and raises a RempartError saying why not."""


class Readiness:
    """The parts that a check needs, by name. Safe from several threads."""

    def __init__(self, probes: Sequence[tuple[str, Probe]]) -> None:
        self._probes = list(probes)
        self._stopping = False
        self._told: dict[str, str] = {}

    def stop(self) -> None:
        """From now on nothing more shall be sent here."""
        self._stopping = True

    def lacking(self) -> Mapping[str, str]:
        """What cannot be used now, and why; empty when everything can. Blocks: not for the event loop."""
        found = {"server": "It is stopping."} if self._stopping else {}
        for name, probe in self._probes:
            try:
                probe()
            except RempartError as err:
                found[name] = err.message
        if found != self._told:
            self._told = found
            told = "; ".join(f"{name}: {why}" for name, why in sorted(found.items()))
            log.warning("not ready: %s", told) if found else log.info("ready again")
        return found
