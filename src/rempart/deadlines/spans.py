"""How long something took, as leaves of the ledger and published figures tell it: never to the minute."""

from __future__ import annotations

from datetime import datetime, timedelta

_STEPS = ((2 * 60, 5), (48 * 60, 30))
_LONG = 6 * 60
LONGEST = 10 * 366 * 24 * 60
"""Whatever took longer is told as this: ten years."""


def minutes(since: datetime, until: datetime) -> int:
    """Minutes from one moment to another, rounded up: to 5 up to two hours, to 30 up to two days, then to 360.

    So coarse, it does not tell at what time of the day something came or was done. A clock that was set back in between
    gives 0. ValueError for a moment without a zone.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError("a moment without a zone tells no span; use rempart.clock.utc_now()")
    whole = max(0, -((since - until) // timedelta(minutes=1)))
    step = next((step for bound, step in _STEPS if whole <= bound), _LONG)
    return min(-(-whole // step) * step, LONGEST)
