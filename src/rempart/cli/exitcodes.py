"""Exit codes, as clamscan's: found outranks could-not."""

NOTHING_FOUND = 0
FOUND = 1
COULD_NOT = 2
INTERRUPTED = 130


def worst(*, found: bool, failed: bool) -> int:
    """1 when something was found, else 2 when something could not be done, else 0."""
    return FOUND if found else COULD_NOT if failed else NOTHING_FOUND
