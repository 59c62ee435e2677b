"""The bytes of an item that was checked by signals alone, brought when a reviewer needs them."""

from __future__ import annotations

from rempart.cases.records import cases
from rempart.errors import ConflictError, RefusedError
from rempart.intake.notices.locating import is_own_item
from rempart.intake.upload_values import CheckRequest
from rempart.items.records import signals
from rempart.items.records.items import Item
from rempart.people.principal import Principal
from rempart.signals.digests import digest_bytes
from rempart.signals.values import Md5, Sha1, Sha256
from rempart.store.engine import Store


def question(store: Store, item: Item, content: bytes, *, by: Principal) -> CheckRequest:
    """The check that these bytes ask for, as the content of this item.

    Raises RefusedError for bytes whose digests are not those that the service told before, and ConflictError where
    it told none: then nothing says that these are the bytes. Of what a notice alone told of, the service says so.
    """
    if not content:
        raise RefusedError("The body is empty.", hint="Send the item's bytes.")
    with store.read() as conn:
        case = cases.open_with(conn, [item.id]).get(item.id)
        known = {one.signal for one in signals.of(conn, item.id) if isinstance(one.signal, Sha256 | Sha1 | Md5)}
    if item.sha256 is not None:
        known.add(Sha256(item.sha256))
    if not known and not (is_own_item(item.item_id) and item.sha256 is None and case is not None):
        raise ConflictError(
            "No digest of this item is known, so nothing shows that these are its bytes.",
            hint="Check the item again, with the bytes.",
        )
    found = digest_bytes(content)
    if not known <= {found.sha256, found.sha1, found.md5}:
        raise RefusedError(
            "These are other bytes than those that were checked: a digest differs.",
            hint="Send the very bytes, or check the item again if it was changed.",
        )
    return CheckRequest(
        service=item.service, by=by, item_id=item.item_id, content=content, uploader=item.uploader, url=item.url,
        published=item.published, context=item.context, known=item.id, case=case,
    )  # fmt: skip
