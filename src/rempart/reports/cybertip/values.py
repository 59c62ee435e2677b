"""The words of reports to the CyberTipline: where one stands, and where it is sent."""

from __future__ import annotations

from enum import StrEnum


class Environment(StrEnum):
    """Where reports are sent. Only what was sent to `production` has been reported."""

    REHEARSAL = "rehearsal"
    TEST = "test"
    PRODUCTION = "production"


class ReportState(StrEnum):
    """Where a report stands.

    draft → asked → confirmed → the states of filing. An edit of what was asked makes it a draft again; `withdrawn` is
    what nobody reports any more, because the decision behind it ended otherwise.
    """

    DRAFT = "draft"
    ASKED = "asked"  # one person asked another to confirm exactly this document
    CONFIRMED = "confirmed"  # it may be filed
    OPENING = "opening"
    OPEN = "open"
    UPLOADING = "uploading"
    DETAILING = "detailing"
    FINISHING = "finishing"
    FILED = "filed"
    RETRACTING = "retracting"
    RETRACTED = "retracted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    MANUAL = "manual"  # people find out what became of it
    WITHDRAWN = "withdrawn"


class FileState(StrEnum):
    """How far a file of a report has come."""

    WAITING = "waiting"
    UPLOADED = "uploaded"
    DESCRIBED = "described"


EDITABLE = frozenset({ReportState.DRAFT, ReportState.ASKED})
"""What people still work on; an edit takes a question back that was asked."""
ENDED = frozenset({ReportState.FILED, ReportState.WITHDRAWN})
"""Where nothing more happens, once it was in production; what was filed as a rehearsal is filed again for real."""
