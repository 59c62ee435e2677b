"""How much a request to the gate, and what comes of it, may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """Bounds of one request, on its way in, to the generator and back. Passing one is refused, never cut short.

    `at_once` requests are worked on at a time, so that memory has a bound too; more are told to come back.
    """

    body_bytes: int = 64 << 20
    body_seconds: float = 30.0
    form_parts: int = 64
    text_bytes: int = 64 << 10
    references: int = 16
    picture_bytes: int = 25 << 20
    outputs: int = 16
    answer_bytes: int = 192 << 20
    upstream_seconds: float = 300.0
    at_once: int = 8


DEFAULT = GateLimits()
