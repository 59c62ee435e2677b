"""A deployment whose settings name recipients, and referrals in every state, for tests of the pages."""

import time

from deployment import Deployment
from judging import REFER, REMOVE, answered, no_window, settler
from pictures import jpeg
from referring import HOTLINE, NEIGHBOUR, POLICE
from rempart.cases.records import cases
from rempart.people.permissions import Role
from rempart.reports.orders.values import Ground
from rempart.reports.referrals import drafting, handing
from rempart.reports.referrals.drafting import Wanted
from rempart.reports.referrals.packing import pack
from rempart.server.referring import sender_of, signer_of
from rempart.settings import ReferralSettings


def with_recipients(house: Deployment, *, country: str = "GB") -> None:
    """Let the running service's settings name recipients."""
    rows = [
        {"id": one.id, "name": one.name, "class": one.kind.value, "country": one.country, "keys": one.keys,
         "authority": one.authority}
        for one in (POLICE.recipient, HOTLINE.recipient, NEIGHBOUR.recipient)
    ]  # fmt: skip
    told = ReferralSettings.model_validate(
        {"operator": "A small forum", "contact": "trust@forum.example", "country": country,
         "registrations": ["uk-nca"], "recipients": rows}
    )  # fmt: skip
    service = house.runtime.service
    object.__setattr__(service, "settings", service.settings.model_copy(update={"referrals": told}))


def decided_case(house: Deployment, *, danger: bool = False, seed: int = 1) -> str:
    """A case with two sealed pictures that two people decided to refer."""
    case = house.desk.case(jpeg(seed, 64, 48), jpeg(seed + 1, 64, 48))
    if danger:
        with house.store.write() as conn:
            cases.change(conn, case, danger=True)
    no_window(house.store)
    for name in ("ruth", "amir"):
        answered(house.store, case, REMOVE, REFER, by=house.principal(name, Role.REVIEWER))
        _settle(house, case)
    return case


def _settle(house: Deployment, case: str) -> None:
    """Let an answer take effect: by a job, which the running service may be at already."""
    for _ in range(200):
        with settler(house.store, house.runtime.service.vault) as run:
            run()
        with house.store.read() as conn:
            found = cases.find(conn, case)
        if found is not None and (found.state == "decided" or found.stage != "settling"):
            return
        time.sleep(0.02)
    raise AssertionError("the answer did not take effect")


def every_referral(house: Deployment) -> dict[str, str]:
    """A referral in every state, by a name for it."""
    import io

    service, found = house.runtime.service, {}
    sender, keyring = sender_of(service.settings), service.vault.keyring
    ruth, amir = house.principal("ruth", Role.REVIEWER), house.principal("amir", Role.REVIEWER)
    calm, danger = decided_case(house), decided_case(house, danger=True, seed=5)
    found["waiting"] = decided_case(house, seed=9)

    def drafted(case, *to, content=False, note=""):
        wanted = Wanted(case_id=case, to=to, content=content, ground=Ground.DUTY, note=note)
        with house.store.write() as conn:
            return drafting.draft(conn, wanted, ruth, sender=sender, keyring=keyring, at=house.clock()).id

    found["draft"] = drafted(calm, "yard", content=True, note="Ask for the team on duty.")
    found["danger"] = drafted(danger, "yard", content=True)
    found["asked"] = drafted(calm, "yard", content=True)
    found["confirmed"], found["single"] = drafted(calm, "line"), drafted(danger, "yard", content=True)
    found["handed"], found["withdrawn"] = drafted(calm, "line"), drafted(calm, "neighbour")
    with house.store.write() as conn:
        at = house.clock()
        for name in ("asked", "confirmed", "handed"):
            drafting.ask(conn, found[name], ruth, at=at)
        drafting.confirm_alone(conn, found["single"], amir, reason="A child is named.", at=at)
        drafting.withdraw(conn, found["withdrawn"], ruth, why="they came for it", keyring=keyring, at=at)
    for name in ("confirmed", "handed"):
        pack(service.vault, found[name], io.BytesIO(), ruth, sender=sender, signer=signer_of(service.settings))
    with house.store.write() as conn:
        handing.hand_over(
            conn, found["handed"], ruth, reference="R-17/2026", how="upload to their portal", vault=service.vault,
            at=house.clock(),
        )  # fmt: skip
    return found
