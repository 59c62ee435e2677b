"""The check of an index's blocks when it is first searched.

A small index is verified before its first answer. A big one would keep its first caller waiting for seconds, so a
thread verifies it while answers are given, and the first search after damage was found raises. Until then a
search of a damaged file cannot crash (every number it reads is checked) but may miss or invent a row, which is why
`rempart list verify` belongs after every copy of a file.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from rempart.errors import CorruptFileError
from rempart.index.sections import SectionFile

# About 15 ms at the speed of CRC-32 here.
SMALL = 64 << 20


class FirstUse:
    """Verifies the named sections of a file once; `begin` is called at every search until it says it is done."""

    def __init__(self, file: SectionFile, names: Sequence[str]) -> None:
        self._file = file
        self._names = tuple(names)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._damage: CorruptFileError | None = None

    def begin(self) -> bool:
        """True when everything has been verified; raises CorruptFileError once damage is known."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._verify, name="rempart-verify", daemon=True)
                self._thread.start()
                if sum(self._file.length(name) for name in self._names) <= SMALL:
                    self._thread.join()
        if self._damage is not None:
            raise self._damage
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Wait until everything has been verified, and raise what was found."""
        self.begin()
        if self._thread is not None:
            self._thread.join()
        self.begin()

    def _verify(self) -> None:
        try:
            self._file.verify(self._names)
        except CorruptFileError as err:
            self._damage = err
        except ValueError:
            # The file was closed meanwhile: nobody will ask any more.
            return
