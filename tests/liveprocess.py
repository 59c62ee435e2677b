"""A process that looks lists up, for tests of several: `python liveprocess.py URL FOLDER serve|merge`.

`serve` follows the lists as a server does and answers each signal on a line of its own with the entries it finds.
`merge` writes base files without end, telling each one with a line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from rempart.clock import utc_now
from rempart.lists.live import LiveLists
from rempart.lists.lookup import asked_signals
from rempart.signals.values import Signal, parse_signal
from rempart.store.engine import Store
from rempart.store.periodic import Periodics
from rempart.store.workers import Worker


class LiveProcess:
    """Such a process, started; a context manager that ends it."""

    def __init__(self, url: str, folder: Path, deed: str = "serve") -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(
            [sys.executable, __file__, url, str(folder), deed],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def __enter__(self) -> Self:
        assert self.line() == "ready"
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.communicate()

    def line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def refs(self, one: Signal) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{one.kind.value}:{one}\n")
        self.process.stdin.flush()
        return self.line()


def _tell(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    url, folder, deed = sys.argv[1:]
    store = Store.open(url)
    live = LiveLists(store, Path(folder), utc_now)
    live.open()
    _tell("ready")
    if deed == "merge":
        while True:
            live.catch_up()
            live.index.merge()
            _tell(live.mark)
    with Worker(store) as worker:
        works = Periodics(store, worker, live.works())
        works.start()
        for line in sys.stdin:
            answer = live.lookup(asked_signals([parse_signal(line)]), radius=31)
            _tell(sorted(match.ref for match in answer.matches))


if __name__ == "__main__":
    main()
