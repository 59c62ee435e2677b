"""What somebody typed about a case and has not sent: sealed on the server, for its writer alone.

Why there, and not in the browser: the machine may be shared, and the text speaks of evidence. It is there again after
a lease ran out, after a session ended, after a look at something else, and after an answer was undone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from rempart.cases.records import drafts
from rempart.cases.work.queue import visible
from rempart.errors import RempartError
from rempart.people import sessions
from rempart.people.permissions import Permission
from rempart.people.records import persons
from rempart.people.records import sessions as session_records
from rempart.people.sealing import SecretBox
from rempart.people.tokens import looks_like_token, token_hash
from rempart.server.pages.doors import Pages

_LATE = timedelta(hours=12)
_MOST = 24 << 10
FIELDS = ("main", "more", "category", "image_kind", "origin", "origin_note", "confidence", "rationale", "list_id",
          "accounts", "opened")  # fmt: skip
"""What is kept of a form."""
Typed = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was typed, and when it was kept; `at` is None for what comes straight from a form."""

    typed: Typed
    at: datetime | None = None

    def one(self, name: str) -> str:
        """A field with one value; empty where there is none."""
        return next(iter(self.typed.get(name, ())), "")

    def all(self, name: str) -> frozenset[str]:
        """A field with several."""
        return frozenset(self.typed.get(name, ()))


EMPTY = Draft(typed={})


def typed_in(form: FormData) -> Draft:
    """What stands in a form about a case."""
    found = {name: [one for one in form.getlist(name) if isinstance(one, str) and one] for name in FIELDS}
    return Draft(typed={name: values for name, values in found.items() if values})


def written(draft: Draft) -> bool:
    """Whether anything of a draft was a person's doing."""
    return any(name not in ("opened", "confidence") for name in draft.typed)


def keep(conn: Connection, box: SecretBox, case_id: str, person: str, draft: Draft, *, at: datetime) -> bool:
    """Keep a draft in place of the one before; not one that is far too large."""
    text = json.dumps(dict(draft.typed), ensure_ascii=False)
    if len(text) > _MOST:
        return False
    drafts.keep(conn, case_id, person, box.seal(text, owner=_owner(case_id, person)), at=at)
    return True


def kept(conn: Connection, box: SecretBox, case_id: str, person: str) -> Draft | None:
    """A person's draft about a case. One that no longer opens, after a change of keys, is gone."""
    found = drafts.find(conn, case_id, person)
    if found is None:
        return None
    try:
        typed = json.loads(box.open(found[1], owner=_owner(case_id, person)))
    except RempartError:
        return None
    return Draft(typed=typed, at=found[0])


def drop(conn: Connection, case_id: str, person: str) -> None:
    """Forget a draft."""
    drafts.forget(conn, case_id, person)


async def keep_for_the_absent(request: Request, pages: Pages, case_id: str, draft: Draft) -> None:
    """A form came in a session that has ended: what is typed in it is kept for the person whose session it was."""
    token = request.cookies.get(pages.access.cookie)
    if token is not None and looks_like_token(token) and written(draft):
        await run_in_threadpool(_keep_late, pages, case_id, token, draft)


def _keep_late(pages: Pages, case_id: str, token: str, draft: Draft) -> None:
    at = pages.access.clock()
    with pages.access.store.write() as conn:
        row = session_records.session_by_hash(conn, token_hash(token))
        person = None if row is None else persons.by_id(conn, row.person)
        if row is None or person is None or not person.active or at - row.last_seen > _LATE:
            return
        who = sessions.principal_of(person, row)
        if not who.may(Permission.CASES_ASSESS):
            return
        try:
            visible(conn, case_id, who)
        except RempartError:
            return
        keep(conn, pages.entry.box, case_id, person.id, draft, at=at)


def _owner(case_id: str, person: str) -> str:
    return f"draft:{case_id}:{person}"
