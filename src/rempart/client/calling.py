"""The two clients: the same methods, with and without `await`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from rempart.client.answers import (
    Answer,
    Decision,
    DecisionPage,
    Item,
    Reason,
    ReasonPage,
    answer_of,
    confirmed_of,
    item_of,
    page_of,
    reason_of,
    reason_page_of,
)
from rempart.client.requests import (
    RETRIED,
    Call,
    Signals,
    WhenUnreachable,
    check_call,
    confirm_path,
    item_path,
    pause,
    reason_call,
    reasons_call,
    refusal,
    signals_call,
    unchecked,
)
from rempart.client.stamping import StampedPicture, stamp_call, stamped_of
from rempart.errors import RefusedError, RequestRefusedError, ServerAnswerError, ServerUnreachableError

Context = Mapping[str, str | int | bool]
_CHOICES = ("hold", "block", "raise", "allow_unchecked")
_TOO_LARGE = 413


class _Setup:
    """What both clients are made with."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        when_unreachable: WhenUnreachable = "hold",
        timeout: float = 10.0,
        attempts: int = 3,
    ) -> None:
        if when_unreachable not in _CHOICES:
            raise RefusedError(f"when_unreachable is one of {', '.join(_CHOICES)}.")
        if not url.startswith(("http://", "https://")):
            raise RefusedError("The address of Rempart begins with http:// or https://.")
        if attempts < 1 or timeout <= 0:
            raise RefusedError("There is at least one attempt, and more than 0 seconds for it.")
        self._when: WhenUnreachable = when_unreachable
        self._attempts, self._seconds = attempts, timeout
        self._options: dict[str, Any] = {
            "base_url": url, "headers": {"Authorization": f"Bearer {key}", "User-Agent": "rempart-client"},
            "timeout": timeout, "trust_env": False, "follow_redirects": False,
        }  # fmt: skip

    def _timeout(self, call: Call) -> float:
        return self._seconds + call.wait

    def _next(self, attempt: int, answer: httpx.Response | None, err: httpx.HTTPError | None) -> float | None:
        """How long to wait before the next attempt; None when there is none."""
        if err is None and (answer is None or answer.status_code not in RETRIED):
            return None
        if attempt + 1 >= self._attempts:
            return None
        return pause(attempt, None if answer is None else answer.headers.get("retry-after"))


def _answered(answer: httpx.Response | None, err: httpx.HTTPError | None) -> httpx.Response:
    """What was answered. Raises what went wrong."""
    if err is not None or answer is None:
        raise ServerUnreachableError(f"Rempart could not be reached: {type(err).__name__}.") from err
    if answer.status_code in RETRIED:
        raise ServerUnreachableError(f"Rempart could not answer now (status {answer.status_code}).")
    if not answer.is_success:
        raise refusal(answer)
    return answer


def _result(answer: httpx.Response) -> Any:
    """What was answered, as JSON (None for no content)."""
    if answer.status_code == 204:
        return None
    try:
        return answer.json()
    except ValueError as wrong:
        raise ServerAnswerError from wrong


def _id_of(decision: Decision | str) -> str:
    return decision if isinstance(decision, str) else decision.id


def _checked(call: Call, item_id: str, result: Any) -> Answer:
    answer = answer_of(result)
    if answer.item_id != item_id:
        raise ServerAnswerError(f"The answer to {call.path} is about another item.")
    return answer


class Client(_Setup):
    """Asks a Rempart server. Safe to share between threads; close it, or use it as a context manager.

    `when_unreachable` says what a check answers when the server cannot be asked within `attempts`, each of `timeout`
    seconds: `hold` (the default), `block`, `raise` (ServerUnreachableError), or `allow_unchecked`, which lets through
    what nobody has checked. No proxy of the environment is used.
    """

    def __init__(self, url: str, key: str, **options: Any) -> None:
        super().__init__(url, key, **options)
        self._http = httpx.Client(**self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def check(
        self,
        data: bytes,
        *,
        item_id: str,
        uploader: str | None = None,
        url: str | None = None,
        published: bool | None = None,
        context: Context | None = None,
        media_type: str = "application/octet-stream",
        idempotency_key: str | None = None,
    ) -> Answer:
        """Check an upload. Raises RequestRefusedError for a wrong key or field: that is for the developer to mend.

        What is larger than the server takes is answered as if it could not be reached, with the outcome `too_large`.
        """
        call = check_call(
            data, item_id=item_id, uploader=uploader, url=url, published=published, context=context,
            media_type=media_type, key=idempotency_key,
        )  # fmt: skip
        return self._check(call, item_id)

    def check_signals(
        self,
        signals: Signals,
        *,
        item_id: str,
        uploader: str | None = None,
        url: str | None = None,
        published: bool | None = None,
        context: Context | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Check by signals alone; needs a key with the scope `signals`. Errors as `check`."""
        call = signals_call(
            signals, item_id=item_id, uploader=uploader, url=url, published=published, context=context,
            key=idempotency_key,
        )  # fmt: skip
        return self._check(call, item_id)

    def item(self, item_id: str) -> Item:
        """What is known of an item now. Raises RequestRefusedError (status 404) and ServerUnreachableError."""
        return item_of(self._call(Call(method="GET", path=item_path(item_id))))

    def delete_item(self, item_id: str) -> None:
        """Tell that an item is hosted no more; one that is not there is fine."""
        try:
            self._call(Call(method="DELETE", path=item_path(item_id)))
        except RequestRefusedError as err:
            if err.status != 404:
                raise

    def put_content(self, item_id: str, data: bytes, *, media_type: str = "application/octet-stream") -> Answer:
        """Send the bytes of an item that was checked by signals, when people need to see them."""
        headers = {"Content-Type": media_type}
        call = Call(method="PUT", path=item_path(item_id, "/content"), headers=headers, content=data)
        return _checked(call, item_id, self._call(call))

    def decisions(self, *, after: int = 0, limit: int = 100, wait: float = 0.0) -> DecisionPage:
        """What was decided after a number, waiting up to `wait` seconds (30 at most) for the first."""
        params = {"after": after, "limit": limit, "wait": wait}
        return page_of(self._call(Call(method="GET", path="/v1/decisions", params=params, wait=wait)))

    def confirm(self, decision: Decision | str) -> datetime | None:
        """Say that what a decision asked for is done; gives since when that is known, None where it removes nothing.

        `decision` is one of the feed or of a webhook, or its id. Said twice it changes nothing. Raises
        RequestRefusedError (status 404) for a decision that is not about an item of yours.
        """
        return confirmed_of(self._call(Call(method="POST", path=confirm_path(_id_of(decision)))))

    def follow(self, *, after: int = 0, wait: float = 25.0) -> Iterator[DecisionPage]:
        """Pages of decisions for ever; keep each page's `next` once you have acted on it."""
        while True:
            page = self.decisions(after=after, wait=wait)
            if page.decisions:
                yield page
            after = page.next

    def reasons(self, *, after: int = 0, limit: int = 100) -> ReasonPage:
        """Statements of reasons after a number, to hand to uploaders; needs a key with the scope `decisions`."""
        return reason_page_of(self._call(reasons_call(after, limit)))

    def reason(self, reason_id: str) -> Reason:
        """One statement of reasons. Raises RequestRefusedError (status 404) and ServerUnreachableError."""
        return reason_of(self._call(reason_call(reason_id)))

    def _check(self, call: Call, item_id: str) -> Answer:
        try:
            return _checked(call, item_id, self._call(call))
        except ServerUnreachableError as err:
            return unchecked(item_id, err, self._when, outcome="unreachable")
        except RequestRefusedError as err:
            if err.status != _TOO_LARGE:
                raise
            return unchecked(item_id, ServerUnreachableError(err.message), self._when, outcome="too_large")

    def stamp(
        self, data: bytes, *, generator: str | None = None, edited: bool = False, references: int = 0
    ) -> StampedPicture:
        """Label, mark and sign what a generator made; needs a key with the scope `generator`. Give out `data` of the
        answer. Raises RequestRefusedError for a picture that is not stamped, ServerUnreachableError, and
        ServerAnswerError for an answer that is no picture: give out nothing then."""
        call = stamp_call(data, generator=generator, edited=edited, references=references)
        return stamped_of(self._send(call))

    def _call(self, call: Call) -> Any:
        return _result(self._send(call))

    def _send(self, call: Call) -> httpx.Response:
        attempt = 0
        while True:
            answer, failure = None, None
            try:
                answer = self._http.request(
                    call.method, call.path, params=call.params, headers=call.headers, content=call.content,
                    timeout=self._timeout(call),
                )  # fmt: skip
            except httpx.HTTPError as err:
                failure = err
            seconds = self._next(attempt, answer, failure)
            if seconds is None:
                return _answered(answer, failure)
            time.sleep(seconds)
            attempt += 1


class AsyncClient(_Setup):
    """As `Client`, with `await`; for one event loop."""

    def __init__(self, url: str, key: str, **options: Any) -> None:
        super().__init__(url, key, **options)
        self._http = httpx.AsyncClient(**self._options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def check(
        self,
        data: bytes,
        *,
        item_id: str,
        uploader: str | None = None,
        url: str | None = None,
        published: bool | None = None,
        context: Context | None = None,
        media_type: str = "application/octet-stream",
        idempotency_key: str | None = None,
    ) -> Answer:
        """As `Client.check`."""
        call = check_call(
            data, item_id=item_id, uploader=uploader, url=url, published=published, context=context,
            media_type=media_type, key=idempotency_key,
        )  # fmt: skip
        return await self._check(call, item_id)

    async def check_signals(
        self,
        signals: Signals,
        *,
        item_id: str,
        uploader: str | None = None,
        url: str | None = None,
        published: bool | None = None,
        context: Context | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """As `Client.check_signals`."""
        call = signals_call(
            signals, item_id=item_id, uploader=uploader, url=url, published=published, context=context,
            key=idempotency_key,
        )  # fmt: skip
        return await self._check(call, item_id)

    async def item(self, item_id: str) -> Item:
        """As `Client.item`."""
        return item_of(await self._call(Call(method="GET", path=item_path(item_id))))

    async def delete_item(self, item_id: str) -> None:
        """As `Client.delete_item`."""
        try:
            await self._call(Call(method="DELETE", path=item_path(item_id)))
        except RequestRefusedError as err:
            if err.status != 404:
                raise

    async def put_content(self, item_id: str, data: bytes, *, media_type: str = "application/octet-stream") -> Answer:
        """As `Client.put_content`."""
        headers = {"Content-Type": media_type}
        call = Call(method="PUT", path=item_path(item_id, "/content"), headers=headers, content=data)
        return _checked(call, item_id, await self._call(call))

    async def decisions(self, *, after: int = 0, limit: int = 100, wait: float = 0.0) -> DecisionPage:
        """As `Client.decisions`."""
        params = {"after": after, "limit": limit, "wait": wait}
        return page_of(await self._call(Call(method="GET", path="/v1/decisions", params=params, wait=wait)))

    async def confirm(self, decision: Decision | str) -> datetime | None:
        """As `Client.confirm`."""
        return confirmed_of(await self._call(Call(method="POST", path=confirm_path(_id_of(decision)))))

    async def follow(self, *, after: int = 0, wait: float = 25.0) -> AsyncIterator[DecisionPage]:
        """As `Client.follow`."""
        while True:
            page = await self.decisions(after=after, wait=wait)
            if page.decisions:
                yield page
            after = page.next

    async def reasons(self, *, after: int = 0, limit: int = 100) -> ReasonPage:
        """As `Client.reasons`."""
        return reason_page_of(await self._call(reasons_call(after, limit)))

    async def reason(self, reason_id: str) -> Reason:
        """As `Client.reason`."""
        return reason_of(await self._call(reason_call(reason_id)))

    async def _check(self, call: Call, item_id: str) -> Answer:
        try:
            return _checked(call, item_id, await self._call(call))
        except ServerUnreachableError as err:
            return unchecked(item_id, err, self._when, outcome="unreachable")
        except RequestRefusedError as err:
            if err.status != _TOO_LARGE:
                raise
            return unchecked(item_id, ServerUnreachableError(err.message), self._when, outcome="too_large")

    async def stamp(
        self, data: bytes, *, generator: str | None = None, edited: bool = False, references: int = 0
    ) -> StampedPicture:
        """As `Client.stamp`."""
        call = stamp_call(data, generator=generator, edited=edited, references=references)
        return stamped_of(await self._send(call))

    async def _call(self, call: Call) -> Any:
        return _result(await self._send(call))

    async def _send(self, call: Call) -> httpx.Response:
        attempt = 0
        while True:
            answer, failure = None, None
            try:
                answer = await self._http.request(
                    call.method, call.path, params=call.params, headers=call.headers, content=call.content,
                    timeout=self._timeout(call),
                )  # fmt: skip
            except httpx.HTTPError as err:
                failure = err
            seconds = self._next(attempt, answer, failure)
            if seconds is None:
                return _answered(answer, failure)
            await asyncio.sleep(seconds)
            attempt += 1
