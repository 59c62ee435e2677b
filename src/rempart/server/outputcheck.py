"""The operator's own checker of what a generator made: a program on this machine, or an address on its loopback.

None comes with Rempart. It can hold a picture and nothing else: no answer of it lets pass what the gate refuses, and
whatever goes wrong with it holds too.
"""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import httpx

from rempart.settings import GateSettings

log = logging.getLogger(__name__)
_MOST_ANSWER = 64 << 10
_ENVIRON: Mapping[str, str] = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
"""All that a program sees of our environment: the service key may stand in the rest."""


class OutputChecker(Protocol):
    """What says of a picture whether it may pass as far as it is concerned."""

    def passes(self, content: bytes, media_type: str) -> bool: ...


class ByCommand:
    """A program that gets the picture on standard input: exit code 0 lets it pass, any other holds it."""

    def __init__(self, argv: Sequence[str], *, seconds: float) -> None:
        self._argv, self._seconds = list(argv), seconds

    def passes(self, content: bytes, media_type: str) -> bool:
        """Whether it may pass; False too when the program cannot be run, or takes too long."""
        try:
            done = subprocess.run(  # noqa: S603 - a list of arguments from the operator's own settings, no shell
                self._argv, input=content, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                timeout=self._seconds, env={**_ENVIRON, "REMPART_MEDIA_TYPE": media_type},
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as err:
            log.warning("the output checker could not be asked, the picture is held: %s", type(err).__name__)
            return False
        if done.returncode not in (0, 1):
            log.warning("the output checker ended with code %d, the picture is held", done.returncode)
        return done.returncode == 0


class ByAddress:
    """A program behind an address on the loopback: 200 and `{"verdict": "allow"}` lets a picture pass."""

    def __init__(self, url: str, *, seconds: float) -> None:
        self._url, self._seconds = url, seconds

    def passes(self, content: bytes, media_type: str) -> bool:
        """Whether it may pass; False too for whatever is no such answer."""
        try:
            with httpx.Client(timeout=self._seconds, trust_env=False, follow_redirects=False) as client:
                answer = self._asked(client, content, media_type)
        except (httpx.HTTPError, ValueError, RecursionError) as err:
            log.warning("the output checker gave no answer, the picture is held: %s", type(err).__name__)
            return False
        return isinstance(answer, dict) and answer.get("verdict") == "allow"

    def _asked(self, client: httpx.Client, content: bytes, media_type: str) -> object:
        headers = {"Content-Type": media_type, "Accept": "application/json", "Accept-Encoding": "identity"}
        until = time.monotonic() + self._seconds
        with client.stream("POST", self._url, content=content, headers=headers) as response:
            body = b""
            for part in response.iter_raw():
                body += part
                if len(body) > _MOST_ANSWER or time.monotonic() > until:
                    raise ValueError("too long an answer")
        if response.status_code != 200:
            raise ValueError(f"status {response.status_code}")
        answer: object = json.loads(body)
        return answer


def checker_of(settings: GateSettings) -> OutputChecker | None:
    """The checker that the operator has set up, if any."""
    if settings.checker_command:
        return ByCommand(settings.checker_command, seconds=settings.checker_seconds)
    return ByAddress(settings.checker_url, seconds=settings.checker_seconds) if settings.checker_url else None
