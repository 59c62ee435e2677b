"""Persons who sign in on the console of a data folder."""

from functools import partial

from sqlalchemy import text

from rempart.cli.actor import sign_in
from rempart.cli.datafolder import opened_data
from rempart.clock import utc_now
from signing import PASSWORD, add_person, code, enrolled


def enrol(data, *people):
    """Make persons, each a name and roles, with password and authenticator; gives for each what they type."""
    with opened_data(data) as folder:
        entry = sign_in(folder)
        seeds = [enrolled(entry, add_person(entry, name, roles))[0] for name, *roles in people]
    return [partial(_typed, data, seed) for seed in seeds]


def _typed(data, seed, password=PASSWORD):
    """The code of this moment, which stays good for half a minute at least, whatever was used before."""
    with opened_data(data) as folder, folder.store.write() as conn:
        conn.execute(text("UPDATE persons SET totp_step = 0"))  # as if the last sign-in had been some time ago
    return f"{password}\n{code(seed, utc_now())}\n"
