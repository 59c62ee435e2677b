"""`rempart reports rehearse`: one report from the first look to the receipt, before the viewer's eyes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import VARIABLE
from rempart.cli.exitcodes import COULD_NOT, NOTHING_FOUND
from rempart.settings import FILE, CybertipSettings, read_settings

if TYPE_CHECKING:
    from rempart.cli.rehearsing import Ended, Rehearsal

_DEFAULT = "finish:hang_after"
_ENDS = {
    "filed": "The report is filed: rehearsed, not reported.",
    "rejected": "The report was refused and is not filed; people complete it and ask again.",
    "manual": "Nobody can tell whether it is filed: it is in people's hands now.",
}


@click.command()
@click.option(
    "--misbehave", "plan", multiple=True, metavar="CALL:BEHAVIOUR",
    help=f"How the server is bad (`rempart reports test-server --behaviours`); `none`: not at all. [{_DEFAULT}]",
)  # fmt: skip
@click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), envvar=VARIABLE, default=None,
    help="A data folder whose [cybertip] names the reporter; it is only read. Also from $REMPART_DATA. [none]",
)  # fmt: skip
@click.option("--xml", "with_xml", is_flag=True, help="Show the document that is sent, and the receipt, to the letter.")
@click.option("--json", "as_json", is_flag=True, help="What happened, as JSON.")
def command(plan: Sequence[str], data: Path | None, with_xml: bool, as_json: bool) -> int:
    """See one report from the first look to the receipt; nothing leaves this machine.

    A picture of a landscape is drawn, two people judge it, one completes the draft that makes itself and asks, the
    other confirms, and it is filed at a server on this machine that behaves as badly as you like. All of it lies in a
    temporary folder that is removed at the end; hours that would be waited for are skipped.

    Exit code 0 when it was filed exactly once, 2 when it was not.
    """
    from rempart.cli.rehearsing import rehearsal
    from rempart.reports.cybertip.service.misbehaving import Planned

    wanted = tuple(one for one in (plan or (_DEFAULT,)) if one != "none")
    for behaviour in wanted:
        Planned.of(behaviour)
    told = _told(data)
    with tempfile.TemporaryDirectory(prefix="rempart-rehearsal-") as home:
        with rehearsal(Path(home) / "data", told) as one:
            found = _story(one, wanted, say=_nothing if as_json else click.echo, with_xml=with_xml)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    return NOTHING_FOUND if found["state"] == "filed" and found["finished_at_the_service"] == 1 else COULD_NOT


def _told(data: Path | None) -> CybertipSettings:
    """The operator's reporter, and nothing of where real reports go. A pinned schema stays in the operator's folder."""
    if data is None or not (data / FILE).exists():
        return CybertipSettings()
    kept = read_settings(data).cybertip
    names = [name for name in CybertipSettings.model_fields if name.startswith(("reporter_", "contact_"))]
    names += ["esp_service", "terms", "legal_url", "company_template", "industry_classification"]
    return CybertipSettings(**{name: getattr(kept, name) for name in names})


def _nothing(text: str = "") -> None:
    """Where only JSON is wanted."""


def _story(one: Rehearsal, plan: Sequence[str], *, say: Any, with_xml: bool) -> dict[str, Any]:
    say("A rehearsal: nothing leaves this machine, and nothing is reported.\n")
    picture = one.picture()
    say("1. An account, kite_0, uploaded a picture: a landscape that was drawn just now. It waits as a case.")
    one.decided(picture["case"])
    say("2. Two people looked at the original, each under a logged grant, and answered without knowing of each other:")
    say("   remove it, report it. What they decided took effect when it could not be taken back any more.")
    draft = one.draft(picture["case"])
    lacking = one.lacking(draft)
    say("3. The draft made itself with the decision, from what was known of account and picture at that moment.")
    for text in lacking:
        say(f"   It cannot be sent like this. {text}")
    asked, tip, xml = one.asked(draft)
    viewed = [bool(file.viewed) for file in tip.files]
    assert asked.digest is not None
    say("4. One of them chose the type of incident and asked for exactly this document to be filed:")
    say(f"   SHA-256 {asked.digest.hex()}")
    say("   That the whole file was viewed is said because the log of looks says so." if all(viewed) else "")
    if with_xml:
        say("\n" + xml.decode())
    one.confirmed(asked)
    say("5. The other one confirmed it. Nobody confirms what they asked themselves.")
    how = ", ".join(plan) or "as it should"
    say(f"6. It is filed at a server on this machine that follows the CyberTipline's rules and behaves: {how}.")
    ended = one.filed(asked, plan=tuple(plan))
    for text, some in groupby(f"   {call['step']:9} {_answer(call)}" for call in ended.calls):
        times = len(list(some))
        say(text if times == 1 else f"{text}, {times} times")
    say(f"   {_ENDS.get(ended.row.state.value, f'It ended as: {ended.row.state.value}.')}")
    _say_end(one, ended, say=say, with_xml=with_xml)
    return {
        "rehearsed": True, "state": ended.row.state.value, "number": ended.row.number, "why": ended.row.why,
        "misbehaviour": list(plan), "lacking_before": list(lacking), "digest": asked.digest.hex(), "viewed": viewed,
        "calls": [dict(call) for call in ended.calls], "opened_at_the_service": ended.opened,
        "finished_at_the_service": ended.finished, "waited_seconds": round(ended.waited.total_seconds()),
        "receipt_object": ended.receipt_object, "receipt": ended.receipt.decode("utf-8", "replace") if ended.receipt
        else None, "ledger": list(one.steps(asked.id)),
    }  # fmt: skip


def _say_end(one: Rehearsal, ended: Ended, *, say: Any, with_xml: bool) -> None:
    if ended.waited > timedelta(0):
        say(f"   Until then {ended.waited} would have passed, which was skipped here.")
    say(f"   The server opened {ended.opened} and finished {ended.finished}.")
    if ended.receipt is not None:
        say(f"7. The receipt, number {ended.row.number}, is sealed in the vault to the byte.")
        say("   In production it would be the notification under 18 U.S.C. 2258A(h): what was reported and the receipt")
        say('   would be preserved for one year (regimes = ["us-2258a"] in [vault]), and the task would be done.')
        say("   A rehearsal preserves nothing for the law, and the report can be filed for real later.")
        if with_xml:
            say("\n" + ended.receipt.decode("utf-8", "replace"))
    say("8. What the ledger says of it: " + ", ".join(one.steps(ended.row.id)))


def _answer(call: Mapping[str, Any]) -> str:
    """What became of a call, for people."""
    said = {
        "ok": "done", "finished": "it says that it was finished before: it is filed", "lost": "no answer came",
        "unknown": "an answer that makes no sense", "again": "not now", "wrong": "refused",
        "credentials": "the credentials were not accepted", "gone": "no such report", "damaged": "it arrived damaged",
        "retracted": "it was taken back before", "not_sent": "it could not be sent", "no_file": "no such file",
    }  # fmt: skip
    result = str(call["result"])
    code = "" if call["code"] is None else f" (code {call['code']})"
    return said.get(result, result) + code
