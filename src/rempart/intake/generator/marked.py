"""Whether a photo at the gate carries our own mark: told to the service that asks, and no reason to refuse it."""

from __future__ import annotations

from dataclasses import dataclass

from rempart.errors import UnavailableError
from rempart.evidence.vault import Keyring
from rempart.provenance.looking import read_whole
from rempart.provenance.origin.trust import Trust
from rempart.provenance.watermark.pattern import Pattern
from rempart.signals.pool import WorkerPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What was found in the pixels: `found` is None where nobody could look, `record` the number that the mark holds.

    A mark says that the pixels, or some of them, were once stamped here; neither by whom nor for whom, and it can be
    copied onto another picture.
    """

    found: bool | None
    record: int | None = None

    def told(self) -> dict[str, object]:
        """As answers have it: the number in 12 hexadecimal digits."""
        return {"found": self.found, "record_id": None if self.record is None else f"{self.record:012x}"}


UNREAD = Marked(found=None)


class MarkLooker:
    """Looks for a mark, without a search over tilts. The file is decoded in a worker, which never has the keys."""

    def __init__(self, pool: WorkerPool, *, keyring: Keyring, trust: Trust) -> None:
        self._pool, self._keyring, self._trust = pool, keyring, trust
        self._patterns: dict[bytes, Pattern] = {}

    def __call__(self, content: bytes) -> Marked:
        """Look for the marks of today's key and of older ones. Never raises for what the file holds."""
        try:
            plane = read_whole(self._pool, memoryview(content), trust=self._trust).plane
        except UnavailableError:
            return UNREAD
        if plane is None:
            return UNREAD
        # Loaded with the first picture that has to be read: it is large.
        from rempart.provenance.watermark.reading import read_any

        keys = self._keyring.mark_keys()
        self._patterns = {key: self._patterns.get(key) or Pattern(key) for key in keys}
        found = read_any(plane[:, :, None].repeat(3, axis=2), list(self._patterns.values()), search=False)
        return Marked(found=False) if found is None else Marked(found=True, record=found.record)
