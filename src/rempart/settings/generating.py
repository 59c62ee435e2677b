"""Settings of what concerns generated pictures: reading of their origin, stamping, the gate, partial copies."""

from __future__ import annotations

from rempart.settings.section import Section


class OriginSettings(Section):
    """Reading where a picture says that it came from."""


class StampSettings(Section):
    """Stamping what a generator made."""


class GateSettings(Section):
    """The gate in front of a generator."""


class PartialSettings(Section):
    """Finding parts of listed pictures."""
