"""A deployment that has orders in every state, for the pages that show them."""

from datetime import timedelta
from types import SimpleNamespace

from desks import join_team
from judging import ADA, LEA, REMOVE, RUI
from ordering import LEO, OrderDesk, an_item, named
from rempart.reports.orders import answering
from rempart.reports.orders.values import OrderKind, Outcome, What
from vaults import BY

PLACE = "https://forum.example/photos"


def desk_in(house):
    """People who take orders and carry them out, in a deployment that runs."""
    found = OrderDesk.__new__(OrderDesk)
    found.store, found.vault, found.clock = house.store, house.runtime.service.vault, house.clock
    with house.store.write() as conn:
        join_team(conn, RUI, ADA, LEA, LEO)
    return found


def every_order(house):
    """Orders of every kind, by what they are: their ids."""
    desk = desk_in(house)
    for number in (7_001, 7_002, 7_003, 7_004):
        desk.hosted(number)
    came = desk.clock() - timedelta(hours=2)
    removal = desk.take(named(f"{PLACE}/1"), named(f"{PLACE}/2"), regimes=("fr-lcen",), text="Within the day, please.")
    late = desk.take(named(f"{PLACE}/3"), regimes=("eu-tco",), country="DE", received=came, reference="BKA 5")
    preserved = desk.take(an_item(7_001), kind=OrderKind.PRESERVATION, regimes=("us-2703f",), reference="USAO 12")
    destroyed = desk.take(an_item(7_002), kind=OrderKind.DESTRUCTION, regimes=("us-2258b",), reference="FBI 3")
    held = desk.hosted(7_005)
    with house.store.write() as conn:
        desk.vault.hold(conn, held, reason="a trial", by=BY)
    kept = desk.take(an_item(7_005), kind=OrderKind.DESTRUCTION, reference="FBI 4")
    told = desk.take(an_item(7_003), kind=OrderKind.INFORMATION, reference="PV 2026/20")
    desk.do(answering.disclose, told.order, LEA, what=[What.ACCOUNT, What.SIGNALS], keyring=desk.vault.keyring)
    refused = desk.take(an_item(7_004), kind=OrderKind.WARRANT, reference="PV 2026/21")
    desk.close(refused.order, Outcome.REFUSED, answer="No court has signed it.")
    desk.judge(desk.case(removal.order).id, REMOVE, people=(RUI,))
    desk.do(answering.acknowledge, removal.order, LEA)
    desk.do(answering.contest, late.order, LEA, why="It is a news report.", keyring=desk.vault.keyring)
    twin = desk.take(named(f"{PLACE}/9"), reference="PV 2026/17")
    return SimpleNamespace(
        removal=removal.order, late=late.order, preserved=preserved.order, destruction=destroyed.order,
        held=kept.order, information=told.order, refused=refused.order, twin=twin.order,
    )  # fmt: skip
