"""A command that wraps and unwraps service keys: the door to a key service or a hardware module.

The command gets bytes on standard input and answers with bytes on standard output; exit code 0 means that it worked.
It is run as a list of arguments, never through a shell, and ended when it takes too long.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from rempart.errors import KeyServiceUnavailableError

_LONGEST_ANSWER = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCommand:
    """The two commands of a key service."""

    wrap_argv: tuple[str, ...]
    unwrap_argv: tuple[str, ...]
    timeout: float = 20.0

    def wrap(self, secret: bytes) -> bytes:
        """A secret in a form that only the key service can read. Raises KeyServiceUnavailableError."""
        return self._run(self.wrap_argv, secret)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The secret again. Raises KeyServiceUnavailableError."""
        return self._run(self.unwrap_argv, wrapped)

    def _run(self, argv: Sequence[str], data: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - a list of arguments from the operator's own settings, no shell
                list(argv), input=data, capture_output=True, timeout=self.timeout, check=False
            )
        except subprocess.TimeoutExpired as err:
            raise KeyServiceUnavailableError(f"{argv[0]} took longer than {self.timeout:g} s.") from err
        except (OSError, IndexError) as err:
            raise KeyServiceUnavailableError(f"The key service's command cannot be run: {err}.") from err
        if done.returncode != 0 or not 0 < len(done.stdout) <= _LONGEST_ANSWER:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise KeyServiceUnavailableError(
                f"{argv[0]} ended with code {done.returncode} and {len(done.stdout)} bytes"
                + (f": {said[-1][:200]}" if said else "."),
            )
        return done.stdout
