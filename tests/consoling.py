"""Persons who sign in on the console of a data folder."""

from functools import partial

from sqlalchemy import text

from rempart.cli.actor import sign_in
from rempart.cli.datafolder import opened_data
from rempart.clock import utc_now
from signing import PASSWORD, add_person, code, enrolled


def enrol(data, *people):
    """Make persons, each a name and roles, with password and authenticator; gives for each what they type, by the
    step: -1, 0 and 1 are good for one sign-in each, in this order."""
    with opened_data(data) as folder:
        entry = sign_in(folder)
        seeds = [enrolled(entry, add_person(entry, name, roles))[0] for name, *roles in people]
        with folder.store.write() as conn:
            conn.execute(text("UPDATE persons SET totp_step = 0"))  # as if that had been some time ago
    return [partial(_typed, seed) for seed in seeds]


def _typed(seed, step, password=PASSWORD):
    return f"{password}\n{code(seed, utc_now(), steps=step)}\n"
