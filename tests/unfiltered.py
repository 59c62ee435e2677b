"""A worker's task on a machine whose system calls nobody has listed."""

import platform

from rempart.signals.examine import examine_in_worker

__all__ = ["examine_in_worker", "prepare_worker"]


def prepare_worker() -> None:
    platform.machine = lambda: "pdp11"
