"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.running import changes, entries, guarding, health, items, lists, searching, taking

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/lists", lists.lists_page),
    ("POST", "/lists", lists.create),
    ("GET", "/lists/breakers", guarding.breakers_page),
    ("POST", "/lists/breakers", guarding.reset),
    ("POST", "/lists/stops", guarding.decide_stop),
    ("GET", "/lists/guards", guarding.guards_page),
    ("POST", "/lists/guards", guarding.add_guards),
    ("POST", "/lists/guards/remove", guarding.remove_guard),
    ("GET", "/lists/{list}", lists.list_page),
    ("POST", "/lists/{list}", lists.change),
    ("GET", "/lists/{list}/entries", entries.entries_page),
    ("POST", "/lists/{list}/entries", entries.add),
    ("POST", "/lists/{list}/entries/withdraw", entries.withdraw),
    ("GET", "/lists/{list}/import", taking.import_page),
    ("POST", "/lists/{list}/import", taking.take_in),
    ("GET", "/lists/{list}/changes", changes.changes_page),
    ("GET", "/lists/{list}/changes/{changes}", changes.changeset_page),
    ("POST", "/lists/{list}/changes/{changes}/take-back", changes.take_back),
    ("GET", "/items", items.items_page),
    ("GET", "/items/search", searching.search_page),
    ("POST", "/items/search", searching.search),
    ("POST", "/items/delete", items.delete),
    ("GET", "/items/{item}", items.item_page),
    ("GET", "/health", health.health_page),
    ("GET", "/health/machine", health.machine_page),
    ("POST", "/health/jobs", health.retry_jobs),
    ("POST", "/health/messages", health.retry_messages),
)
