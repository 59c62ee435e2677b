"""Parts of listed pictures in a running service: looked for only where the operator switched it on."""

from __future__ import annotations

import os
from contextlib import ExitStack

from rempart.evidence.vault import Vault
from rempart.lists.parts.finding import PartFinder
from rempart.lists.parts.live import LiveParts
from rempart.provenance.partial.making import parts_pool
from rempart.settings import Settings
from rempart.signals.outcome import Limits


def open_finder(settings: Settings, vault: Vault, stack: ExitStack, *, share: int = 1) -> PartFinder | None:
    """What looks for parts, its index open and its workers running until `stack` ends; None where it is off."""
    if not settings.partial.on:
        return None
    live = LiveParts(vault)
    live.refresh()
    wanted = settings.partial.workers or max(1, (os.cpu_count() or 1) // 2)
    limits = Limits(file_bytes=settings.server.body_bytes)
    pool = stack.enter_context(parts_pool(workers=max(1, wanted // share), limits=limits))
    return PartFinder(vault, pool=pool, live=live)
