"""How a decision table's matching rows give one value; the same for floats and Decimals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruleengine.model.unknown import Unknown


def combine(how: str, pairs: Sequence[Any], otherwise: Any) -> Any:
    """`pairs`: match, value, match, value … from the top. `first`: the first match wins, and an unknown match before it
    makes the value unknown. `min`, `max`, `product`: over all matches; any unknown match or matching value is unknown.
    No match: `otherwise`."""
    result: Any = None
    for index in range(0, len(pairs), 2):
        match, value = pairs[index], pairs[index + 1]
        if match.__class__ is Unknown:
            return match
        if not match:
            continue
        if how == "first" or value.__class__ is Unknown:
            return value
        if result is None:
            result = value
        elif how == "product":
            result = result * value
        else:
            result = min(result, value) if how == "min" else max(result, value)
    return otherwise if result is None else result
