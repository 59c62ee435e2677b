"""What a settling outcome has to do, read once: who decided what, and about which bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from rempart.cases.assessing.values import VERDICT_OF, Decision, ImageKind, main_of
from rempart.cases.records import assessments, near
from rempart.cases.records import cases as records
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.records.cases import Case
from rempart.cases.records.judged import Target, of_clusters
from rempart.cases.records.near import NearAnswer, NearRow
from rempart.cases.records.outcomes import OutcomeRow
from rempart.items.records import items
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict

CONFIRMED, REJECTED, PROPOSED = "confirmed", "rejected", "proposed"
APART = "apart"
"""The state of a near-duplicate that people judge, or judged, in a case of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An outcome with all that it rests on. `leading` is the answer that counts: a lead's, or the first."""

    case: Case
    outcome: OutcomeRow
    answers: tuple[AssessmentRow, ...]
    near: tuple[NearRow, ...]
    cluster: bytes | None

    @property
    def final(self) -> bool:
        """Whether the case ends with it."""
        return self.outcome.kind == "final"

    @property
    def decisions(self) -> frozenset[Decision]:
        """What takes effect."""
        return frozenset(map(Decision, self.outcome.decisions))

    @property
    def main(self) -> Decision | None:
        """What becomes of the items."""
        return main_of(self.decisions)

    @property
    def leading(self) -> AssessmentRow:
        """The answer that is kept as the case's: the last lead's, else the first."""
        return next((one for one in reversed(self.answers) if not one.blind), self.answers[0])

    @property
    def by(self) -> Principal:
        """Whoever answered last."""
        last = self.answers[-1]
        return Principal(kind="person", id=last.person, pseudonym=last.pseudonym)

    @property
    def image_kind(self) -> str | None:
        """The one of those that were chosen which is taken most seriously."""
        chosen = {one.image_kind for one in self.answers}
        return next((one.value for one in ImageKind if one.value in chosen), None)

    def target(self) -> Target | None:
        """What gets a verdict; None where nothing does. A take-down reaches every copy, a release the case's own."""
        if self.main is None or self.cluster is None:
            return None
        clusters = [self.cluster, *(cluster_of_near(one) for one in self.near)]
        digests, singles = of_clusters(clusters)
        verdict = VERDICT_OF[self.main]
        return Target(
            case_id=self.case.id, digests=digests, singles=singles, verdict=verdict,
            everywhere=verdict is not Verdict.ALLOW, joining=self.final,
        )  # fmt: skip


def plan_of(conn: Connection, case: Case, outcome: OutcomeRow) -> Plan:
    """Read what an outcome rests on."""
    answers = assessments.of_case(conn, case.id, round=outcome.round)
    said = near.answers_of(conn, case.id, round=outcome.round)
    rows = confirmed(near.of_case(conn, case.id), said, answers)
    return Plan(
        case=case, outcome=outcome, answers=answers, near=tuple(_known(conn, one) for one in rows),
        cluster=records.cluster_of(conn, case.id),
    )  # fmt: skip


def confirmed(
    rows: Sequence[NearRow], said: Sequence[NearAnswer], answers: Sequence[AssessmentRow]
) -> tuple[NearRow, ...]:
    """The near-duplicates that are taken for the same picture: somebody who answered says so and nobody says not; a
    lead who decides has the last word on those that she looked at. What an earlier round confirmed stays so until
    somebody says not."""
    leads = {one.person for one in answers if not one.blind}
    persons = {one.person for one in answers}
    found = []
    for row in rows:
        if row.state == APART:
            continue
        about = [one for one in said if one.item == row.item and one.person in persons]
        heard = [one for one in about if one.person in leads] or about
        if all(one.same for one in heard) and (heard or row.state == CONFIRMED):
            found.append(row)
    return tuple(found)


def _known(conn: Connection, row: NearRow) -> NearRow:
    """With the digest of its bytes, which a case that was decided before has forgotten."""
    item = items.hosted(conn, row.item) if row.sha256 is None else None
    return row if item is None else replace(row, sha256=item.sha256)


def cluster_of_near(row: NearRow) -> bytes:
    """What the copies of a near-duplicate share."""
    return row.sha256 if row.sha256 is not None else b"item:%d" % row.item
