"""Keys of these pages that are put together from two parts, and sentences that are the same in both languages."""

FAMILIES: dict[str, list[str]] = {}
SAME: set[str] = set()
SAYING: set[str] = {f"reports/cybertip/document/{name}.py" for name in ("problems", "editions")}
