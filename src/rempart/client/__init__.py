"""For services: ask Rempart about an upload, and act on what is decided later.

    from rempart.client import Client

    rempart = Client("http://127.0.0.1:8600", key)
    answer = rempart.check(data, item_id="photo-17")
    if not answer.allowed: ...

When Rempart cannot be reached the answer is `hold`, never `allow`, unless you say so in as many words. The module
stands alone: it needs httpx and nothing else of Rempart.
"""

from rempart.client.answers import Answer, Decision, DecisionPage, Item, Match, Origin, Reason, ReasonPage, Verdict
from rempart.client.calling import AsyncClient, Client
from rempart.client.requests import Signals
from rempart.client.stamping import StampedPicture
from rempart.client.webhooks import WebhookEvent, verify_webhook

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "Decision",
    "DecisionPage",
    "Item",
    "Match",
    "Origin",
    "Reason",
    "ReasonPage",
    "Signals",
    "StampedPicture",
    "Verdict",
    "WebhookEvent",
    "verify_webhook",
]
