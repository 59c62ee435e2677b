"""Workers' tasks that look at more than signals, and end badly at it."""

import os

from rempart.signals import examine
from rempart.signals.outcome import Limits

__all__ = ["examine_in_worker", "prepare_worker", "tell_in_worker"]
_told: list[str] = []


def prepare_worker(told: str = "") -> None:
    """Keep what is told, for `tell_in_worker`."""
    _told.append(told)
    examine.prepare_worker()


def examine_in_worker(descriptor: int, plan: dict, limits: Limits, progress) -> dict:
    """By the file's last byte: an end in the middle, an answer that is too long, or a word."""
    return _examined(descriptor, plan, limits, _beside)


def tell_in_worker(descriptor: int, plan: dict, limits: Limits, progress) -> dict:
    """What the worker was told before its walls went up."""
    return _examined(descriptor, plan, limits, lambda _: _told[-1])


def _examined(descriptor: int, plan: dict, limits: Limits, beside) -> dict:
    return examine.examine(descriptor, probe_set=plan.get("probe_set"), limits=limits, beside=beside).to_wire()


def _beside(data: bytes) -> str:
    if data.endswith(b"!"):
        os.abort()
    return "x" * (examine.MOST_BESIDE + 1) if data.endswith(b"+") else "a word"
