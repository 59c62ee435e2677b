"""An order whose time ran out while no server ran: the next one that starts says so, and keeps what is to be kept."""

from datetime import timedelta

from ordering import OrderDesk, an_item, named
from receivers import wait_until
from rempart.clock import utc_now
from rempart.evidence.vault import records as vault_records
from rempart.reports.orders.records import clocks
from rempart.reports.orders.values import OrderKind
from rempart.server.vaults import open_keyring, open_vault
from rempart.store.engine import Store
from serving import make_data, serving
from vaults import put_in


def test_a_server_that_starts_says_what_is_overdue_and_holds_what_came_meanwhile(tmp_path):
    settings = make_data(tmp_path / "data")
    with Store.open(settings.database_url, clock=utc_now) as store:
        vault = open_vault(settings, store, keyring=open_keyring(settings, {}), clock=utc_now)
        desk = OrderDesk(store, vault=vault)
        desk.hosted(7, sealed=False)
        came = utc_now() - timedelta(hours=3)
        late = desk.take(named(), regimes=("eu-tco",), country="DE", received=came).order
        kept = desk.take(an_item(7), kind=OrderKind.PRESERVATION, reference="2").order
        object_id = put_in(vault, item="item:7", basis="policy", reference="check_7")

        def is_said():
            with store.read() as conn:
                return clocks.of(conn, [late])[0].alarmed is not None

        def is_held():
            with store.read() as conn:
                return [one.authority for one in vault_records.holds_on(conn, object_id)] == [kept]

        with serving(settings) as server:
            wait_until(lambda: is_said() and is_held(), 30)
        assert f"/orders/{late}" in "".join(server.log)
        assert "Martin" not in "".join(server.log)
