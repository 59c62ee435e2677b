"""The CyberTipline as a deployment's settings name it: a connection, and who reports."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rempart.clock import Clock, utc_now
from rempart.errors import IncompleteError, RefusedError, SettingsError, TamperedError
from rempart.evidence.vault import Keyring
from rempart.reports.cybertip.document.checking import problems
from rempart.reports.cybertip.document.editions import DEFAULT, Edition
from rempart.reports.cybertip.document.problems import Fault, Problem, Reason
from rempart.reports.cybertip.document.records import ContactPerson, CyberTip, Email, Person, Phone, Reporter
from rempart.reports.cybertip.document.writing import file_xml, report_xml
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.service.rehearsal import RehearsalServer, rules_of, running
from rempart.reports.cybertip.service.schema import Schema, load
from rempart.reports.cybertip.values import Environment
from rempart.settings import CybertipSettings, Settings

REHEARSER = "rehearsal@example.org"
"""The reporter of a rehearsal for whom nobody is set yet: a documented address that is nobody's."""
SCHEMAS = "cybertip"
"""Where fetched schemas lie, in the data folder."""
FOLDER = "rehearsal"
"""Where what the rehearsal's server knows lies, in the data folder."""
_REHEARSED_SILENCE = 5.0


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
    Raises SettingsError where credentials are missing or the pinned schema cannot be used, RefusedError for an address
    that credentials must not be sent to.
    """
    told, wanted = settings.cybertip, environment or environment_of(settings)
    schema = schema_of(settings)
    if wanted is Environment.REHEARSAL:
        rules = rules_of(edition_of(schema), schema)
        place = settings.data / FOLDER
        with running(RehearsalServer(keep=place, clock=clock, rules=rules)) as server:
            with Connection(server.url, server.user, server.password, silence=_REHEARSED_SILENCE) as connection:
                yield connection
        return
    url, user, password = _told(told, wanted)
    with Connection(url, user, password) as connection:
        yield connection


def schema_of(settings: Settings) -> Schema | None:
    """The service's schema that the settings pin; None where none is. Raises SettingsError when it cannot be used."""
    try:
        return load(settings.data / SCHEMAS, pinned=settings.cybertip.schema_sha256)
    except (IncompleteError, TamperedError, RefusedError) as err:
        raise SettingsError(f"cybertip.schema_sha256: {err.message}", hint=err.hint) from err


def edition_of(schema: Schema | None) -> Edition:
    """What may be said in a report: what the fetched schema knows, or what Rempart knows itself."""
    return schema.edition if schema else DEFAULT


def check_of(settings: Settings) -> Callable[[CyberTip, datetime], tuple[object, ...]]:
    """What is wrong with a document here and now: by the rule table, in the edition of the pinned schema, and by that
    schema. A schema that cannot be used stops sending (`connection_of`), and nothing is refused for it. What is filed
    and no rehearsal names the reporter that is set: one that was rehearsed under another is confirmed anew."""

    def check(tip: CyberTip, now: datetime) -> tuple[object, ...]:
        try:
            schema = schema_of(settings)
        except SettingsError:
            schema = None
        edition = edition_of(schema)
        if environment_of(settings) is not Environment.REHEARSAL and tip.report.reporter != reporter_of(settings):
            return ("The reporter is not the one that is set.",)
        found = problems(tip, now=now, may_classify=settings.cybertip.industry_classification, edition=edition)
        return found if found or schema is None else tuple(refused_by(schema, tip))

    return check


def refused_by(schema: Schema, tip: CyberTip) -> Iterator[Problem]:
    """What the service's schema refuses; numbers that it has not given yet stand for themselves."""
    for said in schema.problems(report_xml(tip.report, edition=schema.edition)):
        yield _problem("report", said)
    for number, one in enumerate(tip.files, start=1):
        for said in schema.problems(file_xml(one, report_id=1, file_id="0" * 32, edition=schema.edition)):
            yield _problem(f"files[{number}]", said)


def _problem(field: str, said: str) -> Problem:
    name = said.rpartition(": ")[0].rpartition("/")[2]
    return Problem(field=field, where="", name=name, fault=Fault(Reason.SCHEMA, said))


def mark_of(settings: Settings, environment: Environment, *, keyring: Keyring) -> bytes:
    """A keyed digest of an environment's address and credentials: another one, and they were changed."""
    told = settings.cybertip
    parts = () if environment is Environment.REHEARSAL else _parts(told, environment)
    key = keyring.active().derived("cybertip credentials")
    return hmac.new(key, "\0".join((environment.value, *parts)).encode(), hashlib.sha256).digest()


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
    url, user, secret = _parts(told, environment)
    if not user or not secret:
        raise SettingsError(
            f"There are no credentials for the environment {name}.",
            hint=f"Set {name}_user and {name}_password in [cybertip].",
        )
    return url, user, secret


def _parts(told: CybertipSettings, environment: Environment) -> tuple[str, str, str]:
    name = environment.value
    url, user, password = (getattr(told, f"{name}_{part}") for part in ("url", "user", "password"))
    return str(url), str(user), str(password.get_secret_value())
