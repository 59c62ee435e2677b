"""Hiding small numbers so that nothing that is shown gives them away.

Figures are trees: a number, and breakdowns of it. The parts of a breakdown add up to the number; marks may overlap.
What hides is the same for everybody who knows these rules and all that is shown:

1. A number from 1 to 4 is hidden, and everything under a hidden number. None is shown as 0.
2. Where a breakdown hides k of its parts, it also hides m more, in the order of their names and whatever their value,
   but not 0, until the hidden ones come to 5 m + 4 k at least. Then each of the k may be anything from 1 to 4 (if m is
   above 1, not all of them 4 at once). Where all parts together do not come to that, no part is shown.
3. A mark is hidden too where what does not bear it is 1 to 4.

No number that is hidden stands in two sums whose other parts are known, so sums and differences say no more than that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

FEWEST = 5
"""Numbers below, but not 0, are hidden."""
_SMALL = FEWEST - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A number, its breakdowns by their name, and what else is said of it where it is shown.

    `spans` are the lengths of what it counts (in minutes: how many took so long); `hidden` is set by `hide`.
    """

    value: int
    groups: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))
    spans: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A breakdown. `marks`: one thing may bear several of them, or none; otherwise they are parts. `shut`: the
    breakdown is not shown at all."""

    nodes: Mapping[str, Node]
    marks: bool = False
    shut: bool = False


def hide(node: Node) -> Node:
    """The tree with everything hidden that has to be; ValueError for parts that do not add up to their number."""
    if is_small(node.value) or node.hidden:
        return _under(node)
    return replace(node, groups={name: _group(group, node.value) for name, group in node.groups.items()})


def is_small(value: int) -> bool:
    """Whether a number by itself is hidden."""
    return 0 < value < FEWEST


def _under(node: Node) -> Node:
    """A hidden number: nothing under it is shown either."""
    return replace(node, hidden=True, groups={name: _shut(one) for name, one in node.groups.items()})


def _shut(group: Group) -> Group:
    return replace(group, shut=True, nodes={name: _under(one) for name, one in group.nodes.items()})


def _group(group: Group, total: int) -> Group:
    if group.marks:
        wanted = {name for name, one in group.nodes.items() if is_small(one.value) or is_small(total - one.value)}
    else:
        if sum(one.value for one in group.nodes.values()) != total:
            raise ValueError("the parts of a breakdown add up to its number")
        found = _hidden_parts({name: one.value for name, one in group.nodes.items()})
        if found is None:
            return _shut(group)
        wanted = found
    nodes = {name: _under(one) if name in wanted else hide(one) for name, one in group.nodes.items()}
    return replace(group, nodes=nodes)


def _hidden_parts(values: Mapping[str, int]) -> set[str] | None:
    """The parts that are hidden; None where hiding some is not enough."""
    hidden = {name for name, value in values.items() if is_small(value)}
    small, more = len(hidden), 0
    if not small:
        return hidden
    for name in _in_order(values):
        if values[name] < FEWEST:
            continue
        hidden.add(name)
        more += 1
        if sum(values[one] for one in hidden) >= FEWEST * more + _SMALL * small:
            return hidden
    return None


def _in_order(values: Mapping[str, int]) -> Sequence[str]:
    return sorted(values)
