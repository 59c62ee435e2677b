"""What reports say of people is sealed, follows a rotation of the service key, and accounts are found by a mark."""

from rempart.evidence.vault import HeldKeys
from rempart.reports.cybertip import sealing
from rempart.reports.cybertip.drafting.holding import tip_of
from rempart.reports.cybertip.records import reports
from reporting import a_report, a_tip, reported
from vaults import a_vault, key_text


def test_a_decided_case_has_a_task_and_a_report_has_its_files(sqlite_store):
    store = sqlite_store
    vault = a_vault(store)
    task = reported(store, vault)
    row = a_report(store, vault, task, document=(tip := a_tip()))
    assert task.state == "waiting"
    assert b"kite" not in row.sealed
    assert tip_of(row, keyring=vault.keyring) == tip


def test_a_rotation_of_the_service_key_reaches_reports_and_their_marks(store):
    old, new = key_text(), key_text()
    vault = a_vault(store, keys=HeldKeys(old))
    row = a_report(store, vault, reported(store, vault))
    both = HeldKeys(f"{new}\n{old}")
    with store.write() as conn:
        assert sealing.rewrap_reports(conn, keyring=both) == 2
        assert sealing.rewrap_reports(conn, keyring=both) == 0
        only = HeldKeys(new)
        again = reports.find(conn, row.id)
        assert tip_of(again, keyring=only) == tip_of(row, keyring=vault.keyring)
        assert again.person == sealing.person_of("forum", "kite_0", keyring=only) != row.person
        assert reports.of_person(conn, again.person, but="another") == (again,)
