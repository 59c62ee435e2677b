"""The tables of items, and the only statements that touch them: `items`, `checks`, `signals`, `replays`."""

from rempart.items.records.items import Item, hosted, set_verdict
from rempart.items.records.signals import item_signals

__all__ = ["Item", "hosted", "item_signals", "set_verdict"]
