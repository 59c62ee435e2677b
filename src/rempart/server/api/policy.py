"""`/v1/policy`: the policy in force, proposals, and the second person's word."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from rempart.clock import iso
from rempart.errors import NotFoundError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.policy import records, versions
from rempart.policy.reading import MOST_BYTES
from rempart.policy.records import PolicyRow
from rempart.server.access import needs
from rempart.server.forms import Form, Shown, Text, form_of, known_id, takes
from rempart.server.problems import documented
from rempart.server.service import Service, get_service

router = APIRouter(tags=["policy"])
Reader = Annotated[Principal, Depends(needs(Permission.POLICY_READ, people=True))]
Serving = Annotated[Service, Depends(get_service)]


class Proposal(Form):
    """A whole policy, as TOML."""

    text: Annotated[str, Field(min_length=1, max_length=MOST_BYTES)]


class Word(Form):
    """What the second person says of a proposal."""

    approve: bool
    reason: Annotated[Text, Field(max_length=2_000)] = ""


class PolicyShown(Shown):
    """A policy. `version` is set once it was put in force; `state` is proposed, refused or put."""

    id: str
    version: int | None
    name: str
    state: str
    proposed: str
    put: str | None
    approval: str | None


class PolicyText(PolicyShown):
    """A policy with its text."""

    text: str


class Policies(Shown):
    """Policies, the youngest first; the one with the highest version is in force."""

    policies: list[PolicyShown]


@router.get("/v1/policy", summary="The policy in force")
def in_force(who: Reader, service: Serving) -> PolicyText:
    """The text that decides now, and its version."""
    with service.store.read() as conn:
        row = records.newest_put(conn)
    if row is None:
        raise NotFoundError("No policy was put in force yet.", hint="Start the server once, or propose one.")
    return PolicyText(**_facts(row), text=row.text)


@router.get("/v1/policies", summary="Versions and proposals")
def policies(who: Reader, service: Serving, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Policies:
    """What was proposed, refused and put in force."""
    with service.store.read() as conn:
        return Policies(policies=[PolicyShown(**_facts(row)) for row in records.recent(conn, most=limit)])


@router.get("/v1/policies/{policy_id}", summary="A proposal or version")
def policy(policy_id: str, who: Reader, service: Serving) -> PolicyText:
    """Its text and what became of it."""
    with service.store.read() as conn:
        row = records.find(conn, known_id(policy_id))
    if row is None:
        raise NotFoundError("There is no such policy.", hint="GET /v1/policies lists them.")
    return PolicyText(**_facts(row), text=row.text)


@router.post("/v1/policies", status_code=201, summary="Propose a policy", openapi_extra=takes(Proposal))
async def propose(
    request: Request,
    who: Annotated[Principal, Depends(needs(Permission.POLICY_PROPOSE, people=True))],
    service: Serving,
) -> PolicyShown:
    """It waits until a second person puts it in force. Mistakes are told with their lines."""
    asked = await form_of(request, service, Proposal, most=2 * MOST_BYTES)
    return await run_in_threadpool(_propose, service, who, asked.text)


@router.post(
    "/v1/policies/{policy_id}/approval", summary="Put in force, or refuse", openapi_extra=takes(Word),
    responses=documented(409),
)  # fmt: skip
async def approval(
    policy_id: str,
    request: Request,
    who: Annotated[Principal, Depends(needs(Permission.POLICY_APPROVE, people=True, proved=True))],
    service: Serving,
) -> PolicyShown:
    """The second person's word: never that of who proposed it."""
    asked = await form_of(request, service, Word)
    return await run_in_threadpool(_approve, service, who, known_id(policy_id), asked)


def _propose(service: Service, who: Principal, text: str) -> PolicyShown:
    with service.store.write() as conn:
        return PolicyShown(**_facts(versions.propose(conn, text, by=who, at=service.clock())))


def _approve(service: Service, who: Principal, policy_id: str, asked: Word) -> PolicyShown:
    alone = service.settings.people.alone_after
    with service.store.write() as conn:
        row = versions.decide(
            conn, policy_id, by=who, approve=asked.approve, reason=asked.reason, at=service.clock(), alone_after=alone
        )
    service.policies.forget()
    return PolicyShown(**_facts(row))


def _facts(row: PolicyRow) -> dict[str, Any]:
    return {
        "id": row.id, "version": row.version, "name": row.name, "state": row.state, "proposed": iso(row.proposed),
        "put": None if row.put is None else iso(row.put), "approval": row.approval,
    }  # fmt: skip
