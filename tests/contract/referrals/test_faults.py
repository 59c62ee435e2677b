"""What can go wrong while a package is written: it ends with an error and nothing half made counts."""

import errno
import io
import threading
from contextlib import contextmanager

import pytest

from pictures import jpeg
from referring import LEDGER, POLICE, RUI, Bureau
from rempart.clock import utc_now
from rempart.errors import ConflictError, StorageFullError, TamperedError, UnavailableError
from rempart.reports.referrals import drafting, packing, writing
from rempart.reports.referrals.records import referrals as records


class Full(io.BytesIO):
    """A disk with room for so many bytes."""

    room = 20_000

    def write(self, data):
        if self.tell() + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.fixture
def bureau(sqlite_store):
    return Bureau(sqlite_store)


def packages(bureau, referral):
    with bureau.store.read() as conn:
        return records.packages_of(conn, referral)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("room", [0, 500, 20_000])
def test_a_full_disk_ends_it_and_no_package_is_noted(bureau, room):
    referral = bureau.confirmed(bureau.case(jpeg(1, 900, 700), jpeg(2, 900, 700)), content=True)
    out = Full()
    out.room = room
    with pytest.raises(StorageFullError):
        packing.pack(bureau.vault, referral, out, RUI, sender=bureau.sender, signer=LEDGER)
    assert packages(bureau, referral) == ()
    assert [one for one in threading.enumerate() if one.name.startswith("age")] == []
    assert POLICE.open(bureau.pack(referral))  # and there is room again


def broken(pieces):
    @contextmanager
    def source(_):
        yield pieces()

    return source


def _other():
    yield b"other bytes"


def _away():
    yield b"some"
    raise UnavailableError("The blob store did not answer.")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("pieces", "error"), [(_other, TamperedError), (_away, UnavailableError)])
def test_content_that_is_another_or_does_not_come_ends_it(bureau, pieces, error):
    referral = bureau.confirmed(bureau.case(), content=True)
    with bureau.store.read() as conn:
        frozen = drafting.frozen_of(records.find(conn, referral), keyring=bureau.vault.keyring)
    with pytest.raises(error):
        writing.write_sealed(
            frozen, io.BytesIO(), source=broken(pieces), more=list, signer=LEDGER, made=utc_now()
        )  # fmt: skip
    assert [one for one in threading.enumerate() if one.name.startswith("age")] == []


def test_what_is_taken_back_while_it_is_packed_is_not_noted_as_a_package(bureau, monkeypatch):
    referral = bureau.confirmed(bureau.case())
    real = writing.write_sealed

    def slowly(*arguments, **more):
        made = real(*arguments, **more)
        with bureau.store.write() as conn:
            drafting.withdraw(
                conn, referral, RUI, why="another way", keyring=bureau.vault.keyring, at=bureau.store.clock()
            )  # fmt: skip
        return made

    monkeypatch.setattr(packing, "write_sealed", slowly)
    with pytest.raises(ConflictError):
        bureau.pack(referral)
    assert packages(bureau, referral) == ()
