"""A table of figures, as text, Markdown or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

Cell = str | int | float | None


def wide_console() -> Console:
    """A console for tables: as wide as the terminal, and wide enough for every column where the output is a file."""
    console = Console()
    return console if console.is_terminal else Console(width=150)


def per_million(seen: int, of: int) -> str:
    """A rate per million; where none was seen, the bound that 95 % confidence leaves (3 in n)."""
    if not of:
        return "–"
    return f"{seen / of * 1e6:,.0f}" if seen else f"0 (under {3 / of * 1e6:,.0f})"


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.3f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A titled table; floats are shown with three decimals."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def as_markdown(self) -> str:
        """The table under a heading of the second level."""
        lines = ["| " + " | ".join(self.head) + " |", "|" + "---|" * len(self.head)]
        lines += ["| " + " | ".join(_shown(cell) for cell in row) + " |" for row in self.rows]
        return f"## {self.title}\n\n" + "\n".join(lines)

    def as_text(self) -> str:
        """The table with its columns padded to their widest cell."""
        cells = [list(self.head), *([_shown(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.head))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
        return f"{self.title}\n" + "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Title and rows, each row an object by column."""
        return {"title": self.title, "rows": [dict(zip(self.head, row, strict=True)) for row in self.rows]}
