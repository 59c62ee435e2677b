"""One report from a picture to its receipt, in a folder of its own: every step is the one that a service takes."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection as Database

from rempart.cases.assessing.answering import SETTLE, assess
from rempart.cases.assessing.settling import Settler
from rempart.cases.assessing.values import Assessment, Decision
from rempart.cases.care.teams import team
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import leaves
from rempart.cases.sight import grants
from rempart.cases.sight.evidence import evidence_of
from rempart.cases.sight.grants import Asked
from rempart.cases.sight.showing import Showing
from rempart.cases.work import claims
from rempart.cli.newfolder import NewFolder, make_database
from rempart.clock import utc_now
from rempart.evidence.vault import Vault
from rempart.items.records import items
from rempart.lists.entry import Category
from rempart.people import persons
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, SYSTEM, Principal
from rempart.reports.cybertip.document.records import CyberTip, IncidentType
from rempart.reports.cybertip.document.writing import report_xml
from rempart.reports.cybertip.drafting import editing, seconding
from rempart.reports.cybertip.drafting.holding import draft_of, tip_of
from rempart.reports.cybertip.drafting.making import Maker
from rempart.reports.cybertip.filing.beginning import begin
from rempart.reports.cybertip.filing.filer import Filer
from rempart.reports.cybertip.filing.means import Means
from rempart.reports.cybertip.filing.outbox import Outbox
from rempart.reports.cybertip.records import calls, filings, receipts, reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.service.rehearsal import RehearsalServer, rules_of, running
from rempart.reports.cybertip.values import Environment
from rempart.server.cybertips import check_of, edition_of, mark_of, schema_of
from rempart.server.drafting import house_of
from rempart.server.vaults import open_keyring, open_vault
from rempart.settings import CybertipSettings, Settings, read_settings
from rempart.signals.derivatives import Step
from rempart.signals.digests import digest_bytes
from rempart.signals.drawing import drawing_pool
from rempart.signals.outcome import Limits
from rempart.signals.scenes import scene
from rempart.store.engine import Store
from rempart.store.jobs import Handler, JobRunner, release_jobs_of
from rempart.store.workers import Worker

FIRST, SECOND = "rui", "ada"
_ITEM, _SEED, _SIZE = 1, 20, (640, 480)
_CATEGORY = Category(scheme="uk-abc", code="C")
_LIMITS = Limits(file_bytes=8 << 20, seconds=20.0)
_SILENCE = 2.0
_HOURS = 30
_MENDED_AFTER = 60
ACCOUNT: Mapping[str, Any] = {
    "account.screen_name": "kite_0", "account.email": "kite@example.org", "upload.file_name": "kite.jpg",
    "upload.ip": "192.0.2.7",
}  # fmt: skip
"""What the service of this story says of the account and the upload: documented addresses, which are nobody's."""


class Hands:
    """A clock that can be put forward, so that nobody has to wait for what takes its time."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        """The moment of this story."""
        return utc_now() + self.ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it ended: the report, what the server was asked and how it behaved, and what it has."""

    row: ReportRow
    calls: tuple[Mapping[str, Any], ...]
    finished: int
    opened: int
    receipt: bytes | None
    receipt_object: str | None
    waited: timedelta


class Rehearsal:
    """A data folder of its own, with a clock that is put forward. Use it within `rehearsal`."""

    def __init__(self, settings: Settings, store: Store, vault: Vault, hands: Hands) -> None:
        self.settings, self.store, self.vault, self.hands = settings, store, vault, hands
        self.house = house_of(settings)
        self.people = {name: self._person(name) for name in (FIRST, SECOND)}

    def picture(self) -> Mapping[str, Any]:
        """A picture of a landscape that was just drawn, uploaded by an account, in an open case."""
        stream = io.BytesIO()
        scene(_SEED, _SIZE).save(stream, "JPEG", quality=88)
        content, at = stream.getvalue(), self.hands()
        sealed, digest = self.vault.seal(content), bytes(digest_bytes(content).sha256)
        with self.store.write() as conn:
            case = open_case(
                conn, item=CaseItem(id=_ITEM, service="forum", sha256=digest), matches=[], kind="match",
                queue="similar", assessors=2, reason="rehearsal", policy_version=1, by=SYSTEM, at=at,
            )  # fmt: skip
            held = self.vault.record(
                conn, sealed, item=f"item:{_ITEM}", basis="case", reference=case, media_type="image/jpeg", by=SYSTEM
            )  # fmt: skip
            items.add(conn, [_item(digest, held, len(content)) | {"created": at, "checked": at}])
        return {"case": case, "bytes": len(content), "sha256": digest.hex(), "object": held}

    def decided(self, case: str) -> None:
        """Two people look at the original under a logged grant, and answer without knowing of each other."""
        asked = Assessment(
            decisions=frozenset({Decision.REMOVE, Decision.REPORT}), category=_CATEGORY, rationale="a rehearsal"
        )  # fmt: skip
        maker = Maker(house=self.house, keyring=self.vault.keyring)
        settler = Settler(self.store, vault=self.vault, clock=self.store.clock, asked=maker.of_outcome)
        with closing(drawing_pool(limits=_LIMITS)) as pool:
            sight = Showing(self.store, vault=self.vault, pool=pool, clock=self.store.clock)
            for who in self.people.values():
                with self.store.write() as conn:
                    token = claims.claim(conn, case, who, at=self.hands()).token
                self._look(sight, case, who)
                with self.store.write() as conn:
                    assess(conn, case, asked, who=who, token=token, at=self.hands())
                self.hands.ahead += timedelta(minutes=10)  # in which it could be taken back
                with self._runner({SETTLE: settler}) as run:
                    run()

    def draft(self, case: str) -> ReportRow:
        """The draft that the decision made."""
        with self.store.read() as conn:
            (row,) = reports.of_cases(conn, [case])
        return row

    def lacking(self, row: ReportRow) -> tuple[str, ...]:
        """What keeps a draft from being asked."""
        tip = draft_of(row, keyring=self.vault.keyring).tip
        return tuple(str(one) for one in check_of(self.settings)(tip, self.hands()))

    def asked(self, row: ReportRow) -> tuple[ReportRow, CyberTip, bytes]:
        """The first person completes the draft and asks; gives the exact document, as records and as XML."""
        tip, who, keyring = draft_of(row, keyring=self.vault.keyring).tip, self.people[FIRST], self.vault.keyring
        incident = replace(tip.report.incident, type=IncidentType.WORDS)
        tip = replace(tip, report=replace(tip.report, incident=incident))
        with self.store.write() as conn:
            edited = editing.edit(
                conn, row.id, tip, version=row.version, who=who, at=self.hands(), keyring=keyring, house=self.house
            )
        with self.store.write() as conn:
            seconding.ask(
                conn, row.id, version=edited.version, who=who, at=self.hands(), keyring=keyring, house=self.house
            )
        found = self._row(row.id)
        exact = tip_of(found, keyring=keyring)
        return found, exact, report_xml(exact.report, edition=edition_of(schema_of(self.settings)))

    def confirmed(self, row: ReportRow) -> None:
        """The second person confirms exactly this document; filing it begins, as a rehearsal."""

        def go(conn: Database, report: str, at: datetime) -> None:
            begin(conn, report, environment=Environment.REHEARSAL, at=at)

        assert row.digest is not None
        with self.store.write() as conn:
            seconding.decide(
                conn, row.id, digest=row.digest, approve=True, who=self.people[SECOND], at=self.hands(),
                keyring=self.vault.keyring, house=self.house, begin=go,
            )  # fmt: skip

    def filed(self, row: ReportRow, *, plan: tuple[str, ...]) -> Ended:
        """File it at a rehearsal server that behaves as planned, until it is filed, refused or in people's hands."""
        before, schema = self.hands.ahead, schema_of(self.settings)
        server = RehearsalServer(
            plan=plan, clock=self.hands, hang=2 * _SILENCE, rules=rules_of(edition_of(schema), schema)
        )
        with running(server):

            def connect(_: Environment) -> Connection:
                return Connection(server.url, server.user, server.password, silence=_SILENCE, seconds=5 * _SILENCE)

            def mark(environment: Environment) -> bytes:
                return mark_of(self.settings, environment, keyring=self.vault.keyring)

            means = Means(vault=self.vault, connect=connect, mark=mark, check=check_of(self.settings))
            outbox = Outbox(self.store, means)
            with self._runner(Filer(self.store, means).handlers(), outbox=outbox) as run:
                for minute in range(60 * _HOURS):
                    run()
                    if not self._goes_on(row.id):
                        break
                    self.hands.ahead += timedelta(minutes=1)
                    if minute >= _MENDED_AFTER:  # by then somebody has put the credentials right
                        server.revoked = False
            return self._ended(row, server, waited=self.hands.ahead - before)

    def steps(self, report: str) -> tuple[str, ...]:
        """What the ledger says of the report, in order."""
        with self.store.read() as conn:
            return tuple(one.action for one in leaves.about(conn, f"report:{report}"))

    def _ended(self, row: ReportRow, server: RehearsalServer, *, waited: timedelta) -> Ended:
        with self.store.read() as conn:
            made = [one for run in range(1, self._row(row.id).run + 1) for one in calls.of_run(conn, row.id, run)]
            found = receipts.of_report(conn, row.id)
        receipt, name = None, found[-1].object if found else None
        if name is not None:
            with self.vault.opened(name, purpose="a rehearsal", by=CONSOLE) as view:
                receipt = bytes(view)
        told = tuple({"step": one.step, "result": one.result, "http": one.http, "code": one.code} for one in made)
        return Ended(
            row=self._row(row.id), calls=told, finished=len(server.finished), opened=len(server.book.reports()),
            receipt=receipt, receipt_object=name, waited=waited,
        )  # fmt: skip

    def _look(self, sight: Showing, case: str, who: Principal) -> None:
        with self.store.write() as conn:
            rules = team(conn)
            granted = grants.grant(
                conn, case, Asked(item=_ITEM, step=Step.ORIGINAL), evidence=evidence_of(conn, _ITEM, vault=self.vault),
                who=who, limits=rules.limits, reveal_seconds=rules.reveal_seconds, at=self.hands(),
            )  # fmt: skip
        sight.picture(case, granted.id, who=who)
        with self.store.write() as conn:
            grants.cover(conn, who=who, at=self.hands())

    def _goes_on(self, report: str) -> bool:
        with self.store.read() as conn:
            found = filings.find(conn, report)
        return found is not None and found.active

    def _row(self, report: str) -> ReportRow:
        with self.store.read() as conn:
            found = reports.find(conn, report)
        assert found is not None
        return found

    def _person(self, name: str) -> Principal:
        with self.store.write() as conn:
            one = persons.add(
                conn, name=name, roles=[Role.REVIEWER], by=CONSOLE, at=self.hands(), random=secrets.token_bytes
            )
        return Principal(
            kind="person", id=one.id, pseudonym=one.pseudonym, roles=one.roles, session=f"session_{name}",
            signed_in=self.hands(),
        )  # fmt: skip

    @contextmanager
    def _runner(self, handlers: Mapping[str, Handler], *, outbox: Outbox | None = None) -> Iterator[Any]:
        with Worker(self.store, on_death=release_jobs_of) as worker:
            runner = JobRunner(self.store, worker, handlers)

            def run() -> None:
                if outbox is not None:
                    outbox.run(worker)
                runner.run_due()

            yield run


@contextmanager
def rehearsal(folder: Path, told: CybertipSettings) -> Iterator[Rehearsal]:
    """A rehearsal in a new folder, with the reporter that these settings name."""
    NewFolder(folder).make("", filled=make_database, ledger_name="rehearsal/ledger")
    settings = read_settings(folder, environ={}).model_copy(update={"cybertip": told})
    hands = Hands()
    with Store.open(settings.database_url, clock=hands) as store:
        vault = open_vault(settings, store, keyring=open_keyring(settings, environ={}), clock=hands)
        yield Rehearsal(settings, store, vault, hands)


def _item(digest: bytes, held: str, size: int) -> dict[str, object]:
    return {
        "id": _ITEM, "service": "forum", "item_id": "photo-1", "uploader": "kite_0",
        "url": "https://forum.example/p/1", "published": True, "context": dict(ACCOUNT), "sha256": digest,
        "media_type": "image/jpeg", "size": size, "verdict": "hold", "decided": None, "request": "check_rehearsal",
        "object": held, "gone": None,
    }  # fmt: skip
