"""`python launcher.py OFFSET ARGUMENTS…`: the rempart command with the clock as far off as the file OFFSET says.

The one source of "now" is replaced before anything else is imported, so that every part has the same wrong time.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rempart import clock

_OFFSET = Path(sys.argv[1])


def utc_now() -> datetime:
    """The present moment, and so many seconds before or after it."""
    return datetime.now(UTC) + timedelta(seconds=float(_OFFSET.read_text()))


if __name__ == "__main__":
    clock.utc_now = utc_now
    sys.argv[1:] = sys.argv[2:]
    from rempart.cli import main

    main()
