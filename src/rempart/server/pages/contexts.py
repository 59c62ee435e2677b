"""What each page shows: one declared value per template, and nothing else reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from markupsafe import Markup

from rempart.people.permissions import Role, Scope
from rempart.people.records.approvals import Approval
from rempart.people.records.keys import ApiKey
from rempart.people.records.persons import Passkey, Person
from rempart.server.pages.together import Became


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a page shows. `styles` and `modules` name its own style sheets and scripts, besides those of all pages;
    `wide` pages use more of a wide screen."""

    template: ClassVar[str]
    styles: ClassVar[tuple[str, ...]] = ()
    modules: ClassVar[tuple[str, ...]] = ()
    wide: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage(Context):
    """Sign in, or (`again`) prove once more who you are. `provider` is the label of its button, empty for none."""

    template: ClassVar[str] = "sign_in"
    then: str
    provider: str
    again: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPage(Context):
    """A one-time link, before it is used; `name` is None for one that cannot be used."""

    template: ClassVar[str] = "link"
    name: str | None
    enrols: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpPage(Context):
    """Choose a password and a code, or a passkey."""

    template: ClassVar[str] = "set_up"
    name: str
    sign_in_name: str
    ceremony: str
    seed: str
    square: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage(Context):
    """One's own account."""

    template: ClassVar[str] = "account"
    person: Person
    passkeys: tuple[Passkey, ...]
    sessions: int
    provider: str
    provider_mark: str
    languages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePage(Context):
    """A new seed for an authenticator app."""

    template: ClassVar[str] = "code"
    ceremony: str
    seed: str
    square: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One line of the state: a key of the texts, its figure, since when, and whether somebody should look."""

    key: str
    figure: str | int
    since: datetime | None = None
    attention: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One hash list: how large, in which mode, when entries were last taken in."""

    name: str
    mode: str
    entries: int
    taken_in: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRow:
    """What waits at the desk for one person: open cases, those that need no look, one's own, the oldest."""

    open: int
    no_look: int
    mine: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage(Context):
    """What is going on, and what waits for whoever looks; `desk` is None for who sees no cases. `reports` are keys of
    words with how many reports wait so; `referrals` is how many decisions to refer wait."""

    template: ClassVar[str] = "home"
    name: str
    rows: tuple[StatusRow, ...]
    lists: tuple[ListRow, ...] | None
    approvals: tuple[Approval, ...]
    desk: DeskRow | None = None
    reports: tuple[tuple[str, int], ...] = ()
    referrals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key; `state` is "usable", "ending", "expired" or "revoked"."""

    key: ApiKey
    state: str
    ends: datetime
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysPage(Context):
    """The keys of services, those that are `sought` by name; `many`: worth a search.

    `secret` is that of a key just made, shown this once.
    """

    template: ClassVar[str] = "keys"
    rows: tuple[KeyRow, ...]
    scopes: tuple[Scope, ...]
    may_manage: bool
    many: bool = False
    sought: str = ""
    made: ApiKey | None = None
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPage(Context):
    """One key."""

    template: ClassVar[str] = "key"
    row: KeyRow
    may_manage: bool
    taken_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage(Context):
    """Everybody, or those that are `sought` by name; `many`: worth a search; `became`: what was done with several.

    `link` is a one-time link just made, shown this once.
    """

    template: ClassVar[str] = "people"
    persons: tuple[Person, ...]
    roles: tuple[Role, ...]
    languages: tuple[tuple[str, str], ...]
    may_manage: bool
    many: bool = False
    sought: str = ""
    link: str = ""
    link_for: str = ""
    link_until: datetime | None = None
    became: tuple[Became, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage(Context):
    """One person, for administrators."""

    template: ClassVar[str] = "person"
    person: Person
    roles: tuple[Role, ...]
    ways: tuple[str, ...]
    sessions: int
    own: bool
    may_manage: bool
    link: str = ""
    link_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """One question, with names for those who may know them; `why_not` is a key of the texts, empty if I may decide.

    `facts` are name, key of the label (empty if there is none in the texts) and value; `about` is the first of them.
    """

    approval: Approval
    asked_by: str
    why_not: str
    about: str
    facts: tuple[tuple[str, str, str | int], ...]
    command: str
    difference: tuple[str, ...]
    kinds: tuple[tuple[str, str, str, int], ...] = ()
    counted: int = 0
    against: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsPage(Context):
    """What waits for a second person."""

    template: ClassVar[str] = "approvals"
    rows: tuple[ApprovalRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPage(Context):
    """One question, to be decided."""

    template: ClassVar[str] = "approval"
    row: ApprovalRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalPage(Context):
    """Something that could not be shown or done; `status` as HTTP has it."""

    template: ClassVar[str] = "refusal"
    status: int
    back: str
