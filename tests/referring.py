"""Decided cases with sealed content, recipients with keys, and packages opened again."""

import io
import zipfile
from collections.abc import Mapping

import pyrage

from actors import person
from desks import join_team, opened
from judging import LEA, REFER, REMOVE, REPORT, RUI, decided
from pictures import jpeg
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.items.records import items, signals
from rempart.items.records.signals import ItemSignal
from rempart.people.permissions import Role
from rempart.people.principal import SYSTEM
from rempart.people.records import approvals as asked
from rempart.reports.orders.values import Ground, RecipientClass
from rempart.reports.referrals import drafting, packing
from rempart.reports.referrals.drafting import Wanted
from rempart.reports.referrals.recipients import Recipient, Sender
from rempart.signals.digests import digest_bytes
from vaults import a_vault

ADA = person("ada", Role.REVIEWER)
LEDGER = Signer.generate("forum.example/ledger")


class Officer:
    """Somebody with an age key of their own."""

    def __init__(self, id: str, kind: RecipientClass, *, country: str = "GB", authority: str = "") -> None:
        self.identity = pyrage.x25519.Identity.generate()
        self.recipient = Recipient(
            id=id, name=f"The {id}", kind=kind, country=country, keys=(str(self.identity.to_public()),),
            authority=authority,
        )  # fmt: skip

    def open(self, data: bytes) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(self.zip(data))) as archive:
            return {one.filename: archive.read(one) for one in archive.infolist()}

    def zip(self, data: bytes) -> bytes:
        return bytes(pyrage.decrypt(data, [self.identity]))


POLICE = Officer("yard", RecipientClass.POLICE, authority="uk-nca")
SECOND = Officer("lab", RecipientClass.POLICE)
HOTLINE = Officer("line", RecipientClass.HOTLINE, authority="uk-iwf")
NEIGHBOUR = Officer("neighbour", RecipientClass.OTHER)
OFFICERS = (POLICE, SECOND, HOTLINE, NEIGHBOUR)
SENDER = Sender(
    name="A small forum", contact="trust@forum.example", country="GB", registrations=frozenset({"uk-nca"}),
    recipients=tuple(one.recipient for one in OFFICERS),
)  # fmt: skip


class Bureau:
    """A store, a vault and people; makes referrals step by step."""

    def __init__(self, store, *, duties=(), sender: Sender = SENDER) -> None:
        self.store, self.vault, self.sender, self.number = store, a_vault(store), sender, 0
        self.vault.duties = frozenset(duties)
        with store.write() as conn:
            join_team(conn, RUI, ADA, LEA)

    def case(self, *contents: bytes, decisions=(REMOVE, REFER), danger=False, decide=True) -> str:
        """A decided case about these contents, each sealed and with signals; one picture if none are given."""
        found = ""
        for content in contents or (jpeg(self.number + 1, 64, 48),):
            found = self._put(found, content)
        if danger:
            from rempart.cases.records import cases

            with self.store.write() as conn:
                cases.change(conn, found, danger=True)
        if decide:
            decided(self.store, self.vault, found, *decisions)
        return found

    def _put(self, case_id: str, content: bytes) -> str:
        from rempart.cases.records import cases

        self.number += 1
        digests, sealed, at = digest_bytes(content), self.vault.seal(content), self.store.clock()
        with self.store.write() as conn:
            if case_id:
                from hosting import host

                host(conn, self.number)
                cases.add_item(conn, case_id=case_id, item=self.number, service="forum", added=at)
            else:
                case_id = opened(conn, self.number, sha256=bytes(digests.sha256), at=at, uploader="kite_7")
            object_id = self.vault.record(
                conn, sealed, item=f"item:{self.number}", basis="case", reference=case_id, media_type="image/jpeg",
                by=SYSTEM,
            )  # fmt: skip
            items.change(
                conn, self.number, object=object_id, sha256=bytes(digests.sha256), media_type="image/jpeg",
                size=len(content), url=f"https://forum.example/p/{self.number}", uploader="kite_7",
                context={"account": {"email": "kite@mail.example"}},
            )  # fmt: skip
            kept = [ItemSignal(signal=one, probe="exact") for one in (digests.md5, digests.sha1, digests.sha256)]
            signals.add(conn, [signals.row_of(self.number, one, number=self.number) for one in kept])
        return case_id

    def draft(self, case_id: str, *to: str, who=RUI, **more) -> str:
        wanted = Wanted(case_id=case_id, to=to or ("yard",), **({"ground": Ground.DUTY} | more))
        with self.store.write() as conn:
            return drafting.draft(
                conn, wanted, who, sender=self.sender, keyring=self.vault.keyring, at=self.store.clock()
            ).id  # fmt: skip

    def ask(self, referral: str, who=RUI) -> str:
        with self.store.write() as conn:
            return drafting.ask(conn, referral, who, at=self.store.clock())

    def decide(self, approval: str, who=ADA, *, approve=True, reason="looked at it", **more) -> None:
        with self.store.write() as conn:
            found = asked.find(conn, approval)
            drafting.decide(
                conn, found, who, approve=approve, reason=reason, sender=self.sender, keyring=self.vault.keyring,
                at=self.store.clock(), **more,
            )  # fmt: skip

    def confirmed(self, case_id: str, *to: str, **more) -> str:
        """A referral that may leave."""
        referral = self.draft(case_id, *to, **more)
        if approval := self.ask(referral):
            self.decide(approval)
        return referral

    def sign(self) -> None:
        """Let a checkpoint cover all that was done."""
        Sequencer(self.store, signer=LEDGER).checkpoint()

    def pack(self, referral: str, who=RUI, *, sign=True) -> bytes:
        if sign:
            self.sign()
        out = io.BytesIO()
        packing.pack(self.vault, referral, out, who, sender=self.sender, signer=LEDGER)
        return out.getvalue()

    def hand_over(self, referral: str, who=RUI, **more) -> None:
        from rempart.reports.referrals import handing

        values = {"reference": "R-17/2026", "how": "by courier to the front desk"} | more
        with self.store.write() as conn:
            handing.hand_over(conn, referral, who, vault=self.vault, at=self.store.clock(), **values)

    def package(self, *to: str, **more) -> bytes:
        """A package of a new case."""
        return self.pack(self.confirmed(self.case(), *to, **more))


def texts_of(parts: Mapping[str, bytes]) -> str:
    """All that can be read in a package without opening a picture or PDF."""
    return "\n".join(data.decode() for name, data in parts.items() if name.endswith((".json", ".txt")))


__all__ = ["REPORT"]
