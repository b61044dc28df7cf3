"""One comparison of a check: what was measured, the limit it was held against, and how far the two are apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Comparison:
    """`left`, `right`: numbers in `unit`, words, truths, or the text of an unknown. `distance`: how far the left value
    is from where the verdict flips, in `unit`, below zero where it failed; None where unknown or no number.

    `decides`: true where the rule's condition would turn around with it by the smallest change; else None."""

    text: str
    operator: str
    left: Any
    right: Any
    verdict: bool | None
    unit: str
    distance: float | None = None
    place: str = ""
    decides: bool | None = None
