"""Commands on the lists of a data folder: opening it, naming lists in it, and saying who acts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from rempart.cli.actor import acting
from rempart.cli.datafolder import DataFolder, data_option, opened_data
from rempart.cli.terminal import printable
from rempart.clock import utc_now
from rempart.errors import NotFoundError
from rempart.lists import entry_records
from rempart.lists.curation import Curation
from rempart.lists.entry_records import LiveList
from rempart.lists.guards import GuardKeeper
from rempart.lists.staging_records import ChangeSet
from rempart.people.principal import Principal
from rempart.store.engine import Store

DATA = data_option
AS = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
JSON = click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
LIST = click.argument("list_name", metavar="LIST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A data folder that is open, and who acts on it."""

    store: Store
    curation: Curation
    by: Principal
    folder: DataFolder

    def named(self, name: str) -> LiveList:
        """A list by its name or id; raises NotFoundError."""
        with self.store.read() as conn:
            found = entry_records.list_named(conn, name) or entry_records.find_list(conn, name)
        if found is None:
            raise NotFoundError(f"There is no list {name!r}.", hint="`rempart list ls` shows those that are there.")
        return found


@contextmanager
def opened(data: Path, actor: str | None = None) -> Iterator[Opened]:
    """Open a data folder, bringing its database to this version; `actor` is asked for password and code.

    Raises SettingsError when there is none, RefusedError for a wrong name, password or code.
    """
    with opened_data(data) as folder:
        settings, store = folder.settings, folder.store
        curation = Curation(
            store=store, guards=GuardKeeper(store, monotonic=time.monotonic, radius=settings.check.radius),
            clock=utc_now, alone_after=settings.people.alone_after,
        )  # fmt: skip
        with acting(folder, actor) as by:
            yield Opened(store=store, curation=curation, by=by, folder=folder)


def say(text: str) -> None:
    """One line for people."""
    click.echo(printable(text))


def told(changes: ChangeSet) -> dict[str, Any]:
    """A change set as JSON-able data."""
    return {
        "changes": changes.id, "list": changes.list_id, "kind": changes.kind, "state": changes.state.value,
        "source": changes.origin, "why": changes.why, "counts": dict(changes.counts),
        "outcomes": dict(changes.outcomes),
        "first_refused": [{"line": line, "reason": reason} for line, reason in changes.refused],
    }  # fmt: skip


def say_changes(changes: ChangeSet) -> None:
    """What became of a change set, for people."""
    counts = changes.counts
    done = dict(changes.outcomes or counts)
    words = _DONE if changes.state == "applied" else _TO_DO
    steps = ", ".join(
        f"{count} {word}" for name, word in words + _ELSE if (count := (done | _rest(counts)).get(name, 0))
    )
    say(f"{changes.id}: {steps or 'nothing new'}; {counts.get('refused', 0)} lines refused.")
    for line, reason in changes.refused[:20]:
        say(f"  line {line}: {reason}")
    if counts.get("refused", 0) > 20:
        say(f"  … and {counts['refused'] - 20} more; --json shows up to 200.")
    for name, count in sorted(counts.items()):
        if name.startswith("changed "):
            say(f"  {count} changed in {name.removeprefix('changed ')}.")
    for name, word in (("canary", "near pictures known to be good"), ("noisy", "with hashes that many pictures share")):
        if counts.get(name):
            aside = changes.state == "staged" or changes.outcomes.get("set_aside")
            say(f"  {counts[name]} {word}{': set aside unless they were accepted' if aside else ', and let in'}.")
    if changes.state == "staged":
        say(f"It waits for a second person: {changes.why}")
        say(f"  rempart list approve {changes.id} --as NAME")
    elif changes.outcomes.get("overtaken"):
        say(f"{changes.outcomes['overtaken']} were left out: their entries had changed since.")
    if changes.state not in ("staged", "applied"):
        say(f"It is {changes.state}.")


def _rest(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name, _ in _ELSE}


_TO_DO = (("add", "to add"), ("change", "to change"), ("withdraw", "to withdraw"))
_DONE = (("add", "added"), ("change", "changed"), ("withdraw", "withdrawn"))
_ELSE = (("unchanged", "unchanged"), ("duplicates", "said twice"), ("entries", "on the list"))
Command = Callable[..., Any]


def open_input(path: str) -> Any:
    """A file to import, or standard input for `-`; raises NotFoundError."""
    if path == "-":
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=1 << 16)
    try:
        return Path(path).open("rb", buffering=1 << 16)
    except OSError as err:
        raise NotFoundError(f"{path} could not be opened: {err.strerror}.") from err
