"""What happens to cases by itself: holds end; old webhook messages, drafts, looks, notes and facts are forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rempart.cases.forgetting import forget_decided
from rempart.cases.records import drafts, webhooks
from rempart.cases.work.moves import wake
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

MESSAGES_KEPT = timedelta(days=30)
"""How long the log of webhook messages goes back. The decisions themselves stay in the feed."""
DRAFTS_KEPT = timedelta(days=7)
"""How long what somebody typed and did not send is kept."""
_SECONDS = 3600.0
_WAKE_SECONDS = 30.0
_AT_ONCE = 1_000


def periodics(store: Store, *, details_kept: timedelta) -> Sequence[Periodic]:
    """The periodic work; `details_kept` is how long looks, notes and facts stay after a case was decided."""

    def forget(worker: Worker) -> None:
        more = True
        while more:
            with store.write() as conn:
                worker.guard(conn)
                before = store.clock() - MESSAGES_KEPT
                more = webhooks.forget(conn, settled_before=before, most=_AT_ONCE) == _AT_ONCE

        with store.write() as conn:
            worker.guard(conn)
            drafts.forget_before(conn, store.clock() - DRAFTS_KEPT)
        forget_decided(store, worker, older=details_kept)

    def resume(worker: Worker) -> None:
        with store.write() as conn:
            worker.guard(conn)
            wake(conn, at=store.clock())

    return (
        Periodic(name="cases.forget", seconds=_SECONDS, run=forget),
        Periodic(name="cases.wake", seconds=_WAKE_SECONDS, run=resume),
    )
