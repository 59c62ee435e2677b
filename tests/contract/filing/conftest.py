"""A vault in which what is reported is kept for a year."""

import pytest

from rempart.reports.cybertip.filing.after import REGIME
from vaults import a_vault


@pytest.fixture
def vault(store):
    made = a_vault(store)
    made.duties = frozenset({REGIME})
    return made


@pytest.fixture
def one_vault(sqlite_store):
    """The same on SQLite alone, for what no database changes."""
    made = a_vault(sqlite_store)
    made.duties = frozenset({REGIME})
    return made
