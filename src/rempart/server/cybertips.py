"""The CyberTipline as a deployment's settings name it: a connection, and who reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rempart.clock import Clock, utc_now
from rempart.errors import SettingsError
from rempart.reports.cybertip.document.records import ContactPerson, Email, Person, Phone, Reporter
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.service.rehearsal import RehearsalServer, running
from rempart.reports.cybertip.values import Environment
from rempart.settings import CybertipSettings, Settings

REHEARSER = "rehearsal@example.org"
"""The reporter of a rehearsal for whom nobody is set yet: a documented address that is nobody's."""
_FOLDER = "rehearsal"


def environment_of(settings: Settings) -> Environment:
    """Where this deployment's reports go."""
    return Environment(settings.cybertip.environment)


@contextmanager
def connection_of(
    settings: Settings, *, environment: Environment | None = None, clock: Clock = utc_now
) -> Iterator[Connection]:
    """A connection to where reports go, or to another environment (to try its credentials).

    For a rehearsal a server is started on this machine for the length of the block, at a free port and with a password
    of its own; what it knows of its reports lies in the data folder (`rehearsal/`), so that the next one goes on.
    Raises SettingsError where credentials are missing, RefusedError for an address they must not be sent to.
    """
    told, wanted = settings.cybertip, environment or environment_of(settings)
    if wanted is Environment.REHEARSAL:
        with running(RehearsalServer(keep=settings.data / _FOLDER, clock=clock)) as server:
            with Connection(server.url, server.user, server.password) as connection:
                yield connection
        return
    url, user, password = _told(told, wanted)
    with Connection(url, user, password) as connection:
        yield connection


def reporter_of(settings: Settings) -> Reporter:
    """Who stands in every report as its reporter. In a rehearsal an address that is nobody's stands for a missing one;
    elsewhere the settings are not read without one."""
    told = settings.cybertip
    email = told.reporter_email or (REHEARSER if environment_of(settings) is Environment.REHEARSAL else "")
    person = Person(
        first_name=told.reporter_first_name or None, last_name=told.reporter_last_name or None,
        emails=(Email(value=email),) if email else (),
    )  # fmt: skip
    return Reporter(
        person=person, contact=_contact(told), company_template=told.company_template or None,
        terms_of_service=told.terms or None, legal_url=told.legal_url or None,
    )  # fmt: skip


def _contact(told: CybertipSettings) -> ContactPerson | None:
    if not (told.contact_first_name or told.contact_last_name or told.contact_email or told.contact_phone):
        return None
    return ContactPerson(
        first_name=told.contact_first_name or None, last_name=told.contact_last_name or None,
        emails=(Email(value=told.contact_email),) if told.contact_email else (),
        phones=(Phone(value=told.contact_phone),) if told.contact_phone else (),
    )  # fmt: skip


def _told(told: CybertipSettings, environment: Environment) -> tuple[str, str, str]:
    name = environment.value
    url, user, password = (getattr(told, f"{name}_{part}") for part in ("url", "user", "password"))
    secret = password.get_secret_value()
    if not user or not secret:
        raise SettingsError(
            f"There are no credentials for the environment {name}.",
            hint=f"Set {name}_user and {name}_password in [cybertip].",
        )
    return str(url), str(user), str(secret)
