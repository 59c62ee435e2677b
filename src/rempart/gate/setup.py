"""A gate put together from an address, a keeper and what the operator lets through."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rempart.gate import a1111, openai
from rempart.gate.held import Held
from rempart.gate.keeper import Keeper
from rempart.gate.limits import DEFAULT, GateLimits
from rempart.gate.passing import Passes
from rempart.gate.proxy import Gate, Setup
from rempart.gate.upstream import Upstream

HELD_BYTES = 256 << 20
HELD_SECONDS = 600.0


def open_gate(
    upstream: str,
    keeper: Keeper,
    *,
    limits: GateLimits = DEFAULT,
    upstream_key: str | None = None,
    passes: Iterable[str] = (),
    fields: Iterable[str] = (),
    scripts: Iterable[str] = (),
    user_header: str | None = None,
    public_url: str | None = None,
) -> Gate:
    """The application in front of the generator at `upstream`.

    `passes` are further paths for GET, `fields` further text fields of requests, `scripts` those of the web UI that
    may be used. Raises RefusedError for an address or a path that is none.
    """
    names = frozenset(fields)
    return Gate(
        Setup(
            upstream=Upstream(upstream, limits=limits, key=upstream_key), keeper=keeper,
            routes=openai.routes(names) | a1111.routes(names, frozenset(scripts)),
            passes=Passes(passes), limits=limits, user_header=user_header, public_url=public_url,
            held=Held(most_bytes=HELD_BYTES, seconds=HELD_SECONDS, now=time.monotonic),
        )
    )  # fmt: skip
