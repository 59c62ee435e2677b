"""From a stamp to its recognition in a case, on a whole service: labelled, with its label taken off, and shown."""

import io
import time

import pytest
from PIL import Image

import origins
from deployment import Deployment, deployment, text_of
from pictures import encode, scene
from rempart.client import Client
from rempart.items.records import items, marks
from rempart.people.permissions import Role, Scope
from rempart.signals.digests import digest_bytes
from serving import add_list, make_key


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("again")) as found:
        yield found


@pytest.fixture(scope="module")
def stamped(house: Deployment) -> bytes:
    with Client(house.address, make_key(house.store, Scope.GENERATOR, service="atelier")) as client:
        return client.stamp(encode(scene(61, 640, 480), "PNG"), generator="atelier 2.1").data


@pytest.fixture(scope="module")
def service(house: Deployment):
    with Client(house.address, make_key(house.store, Scope.CHECK)) as client:
        yield client


def case_of(house: Deployment, service: Client, data: bytes, name: str):
    """Put bytes on a list, check them, and wait until their mark was read; the item and what was read."""
    add_list(house.store, name, [digest_bytes(data).sha256])
    for _ in range(200):
        if service.check(data, item_id=name).blocked:
            break
        time.sleep(0.05)
    for _ in range(600):
        with house.store.read() as conn:
            item = items.find(conn, "forum", name)
            found = marks.of_object(conn, item.id, item.object)
        if found is not None:
            return item, found
        time.sleep(0.05)
    raise AssertionError("nobody read the mark")


def page_of(house: Deployment, item: int) -> str:
    reader = house.browser("rita", Role.REVIEWER)
    case = next(one for one in reader.get("/cases").text.split('href="/cases/')[1:] if one.startswith("case_"))
    return text_of(reader.get(f"/cases/{case.partition(chr(34))[0]}/origin/{item}").text)


def test_a_signed_picture_is_read_within_the_walls_of_the_worker_that_checks(service: Client):
    answer = service.check(origins.authority().sign(origins.picture(62)), item_id="signed")
    assert answer.outcome == "ok"
    assert (answer.origin.declaration, answer.origin.state, answer.origin.generator) == (
        "ai_made", "valid", "Test generator 1.0",
    )  # fmt: skip


def test_what_was_stamped_here_is_recognised_after_its_label_was_lost(house: Deployment, service: Client, stamped):
    with Image.open(io.BytesIO(stamped)) as image:
        again = encode(image.convert("RGB"), "JPEG", quality=70)
    item, found = case_of(house, service, again, "again")
    assert (item.origin, found.outcome) == ("", "found")
    assert [one["by"] for one in found.recognised] == [["watermark", "hash"]]
    told = page_of(house, item.id)
    assert "A mark of this installation was found" in told
    assert "It says neither who posted it nor who had it made" in told


def test_bytes_that_were_stamped_are_declared_ai_made_and_blocked_all_the_same(
    house: Deployment, service: Client, stamped
):
    item, found = case_of(house, service, stamped, "stamped")
    assert found.outcome == "found"
    answer = service.check(stamped, item_id="stamped again")
    assert answer.blocked
    assert answer.origin.declaration == "ai_made"
    assert item.verdict == "block"
