"""A limit on how long one HTTP call may take in all, however slowly the other side goes on answering."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class TimeLimit:
    """A context manager around one call with `extensions` of it: after `seconds` its socket is shut, so that whoever
    reads or writes there fails. A time-out of httpx alone begins anew with every byte."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._sockets: list[Any] = []
        self._over = False

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What the request is given, so that its sockets are known here."""
        return {"trace": self._traced}

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def _traced(self, name: str, info: Mapping[str, Any]) -> None:
        stream = info.get("return_value")
        if name in _CONNECTED and stream is not None:
            self._sockets.append(stream.get_extra_info("socket"))
            if self._over:
                self._shut()

    def _shut(self) -> None:
        self._over = True
        for one in list(self._sockets):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)
