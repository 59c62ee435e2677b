"""`rempart order …`: what is done about an order once it is entered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.clock import iso
from rempart.errors import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rempart.evidence.vault import Vault
    from rempart.people.principal import Principal

    Step = Callable[[Connection, Principal, Vault, datetime], Any]

AS = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
ORDER = click.argument("order", metavar="ORDER")
WHY = click.option("--why", required=True, help="Sealed, and in the ledger.")
_WHATS = ("signals", "assessments", "account", "report", "locations", "proofs")
_OUTCOMES = ("done", "partly", "refused", "lifted")


@click.command()
@ORDER
@AS
@data_option
def acknowledge(order: str, actor: str | None, data: Path) -> int:
    """Note that the authority was told of the receipt."""
    from rempart.reports.orders.answering import acknowledge as noted

    _run(data, actor, lambda conn, who, _, at: noted(conn, order, who, at=at))
    click.echo("Noted.")
    return NOTHING_FOUND


@click.command(short_help="Note that the authority gave more time.")
@ORDER
@click.option("--until", required=True, metavar="TIME", help="The new end, with its zone.")
@WHY
@AS
@data_option
def extend(order: str, until: str, why: str, actor: str | None, data: Path) -> int:
    """Note that the authority gave more time, or renewed what it asks to be kept."""
    from rempart.reports.orders.answering import extend as noted

    end = moment(until)
    _run(
        data, actor,
        lambda conn, who, vault, at: noted(conn, order, who, until=end, why=why, keyring=vault.keyring, at=at),
    )  # fmt: skip
    click.echo(f"Due {iso(end)} now.")
    return NOTHING_FOUND


@click.command(short_help="Note that it is contested, or how that ended.")
@ORDER
@click.option("--why", help="Where and why it is contested; sealed.")
@click.option("--ended", type=click.Choice(["upheld", "rejected"]), help="How a contest ended.")
@AS
@data_option
def contest(order: str, why: str | None, ended: str | None, actor: str | None, data: Path) -> int:
    """Note that an order is contested (--why), or how that ended (--ended). Its times run on."""
    from rempart.reports.orders.answering import contest as noted
    from rempart.reports.orders.answering import contested

    if (why is None) == (ended is None):
        raise RefusedError("Say why it is contested, or how that ended.", hint="--why or --ended.")
    if ended is not None:
        _run(data, actor, lambda conn, who, _, at: contested(conn, order, who, upheld=ended == "upheld", at=at))
    else:
        told = why or ""
        _run(
            data, actor,
            lambda conn, who, vault, at: noted(conn, order, who, why=told, keyring=vault.keyring, at=at),
        )  # fmt: skip
    click.echo("Noted.")
    return NOTHING_FOUND


@click.command(short_help="Note what was handed over.")
@ORDER
@click.option("--what", "whats", multiple=True, required=True, type=click.Choice(_WHATS))
@click.option("--recipient", default="", help="To whom, if not to the order's authority; sealed.")
@click.option("--reference", default="", help="Their reference, if it is another; sealed.")
@AS
@data_option
def disclose(
    order: str, whats: tuple[str, ...], recipient: str, reference: str, actor: str | None, data: Path
) -> int:  # fmt: skip
    """Note what was handed over under a warrant or a request. Content leaves as a referral package alone."""
    from rempart.reports.orders.answering import disclose as noted
    from rempart.reports.orders.values import What

    entry = _run(
        data, actor,
        lambda conn, who, vault, at: noted(
            conn, order, who, what=list(map(What, whats)), recipient=recipient, note=reference, keyring=vault.keyring,
            at=at,
        ),
    )  # fmt: skip
    click.echo(entry)
    return NOTHING_FOUND


@click.command(short_help="Ask a second person to agree to destruction.")
@ORDER
@AS
@data_option
def destroy(order: str, actor: str | None, data: Path) -> int:
    """Ask for a second person to destroy what no legal hold stands on. That person decides on the console."""
    from rempart.reports.orders.destroying import ask

    approval = _run(data, actor, lambda conn, who, vault, at: ask(conn, order, who, vault=vault, at=at))
    click.echo(f"{approval} waits for a second person: /approvals/{approval}")
    return NOTHING_FOUND


@click.command(short_help="End the legal holds of a preservation order.")
@ORDER
@WHY
@AS
@data_option
def release(order: str, why: str, actor: str | None, data: Path) -> int:
    """End the legal holds that a preservation order placed; others stand."""
    from rempart.reports.orders.answering import release as released

    count = _run(data, actor, lambda conn, who, vault, at: released(conn, order, who, why=why, vault=vault, at=at))
    click.echo(f"{count} holds were released.")
    return NOTHING_FOUND


@click.command()
@ORDER
@click.option("--outcome", type=click.Choice(_OUTCOMES), required=True, help="How it ended.")
@click.option("--answer", required=True, help="What the authority was answered; sealed.")
@AS
@data_option
def close(order: str, outcome: str, answer: str, actor: str | None, data: Path) -> int:
    """End an order, with what its authority was answered."""
    from rempart.reports.orders.answering import close as closed
    from rempart.reports.orders.values import Outcome

    _run(
        data, actor,
        lambda conn, who, vault, at: closed(
            conn, order, who, outcome=Outcome(outcome), answer=answer, vault=vault, at=at
        ),
    )  # fmt: skip
    click.echo("It is closed.")
    return NOTHING_FOUND


STEPS: tuple[click.Command, ...] = (acknowledge, extend, contest, disclose, destroy, release, close)
"""The commands of the group that change an order."""


def moment(text: str) -> datetime:
    """A time with its zone, as it was typed. Raises RefusedError."""
    try:
        found = datetime.fromisoformat(text)
        found.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise RefusedError(f"{text!r} is no time.", hint="Write it as 2026-11-22T09:30Z.") from err
    if found.tzinfo is None:
        raise RefusedError("The time has no zone.", hint="Add Z for UTC, or an offset such as +01:00.")
    return found


def _run(data: Path, actor: str | None, step: Step) -> Any:
    from rempart.cli.actor import acting

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        return step(conn, who, folder.vault(), folder.store.clock())
