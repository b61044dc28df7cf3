"""Codes of what protections and alerts decide and note; their pages stand in `diagnostics/catalogue/safety.py`."""

from __future__ import annotations

from typing import Final

PROTECTED: Final = "RE620"
"""A protection that is on refuses what it stops."""
UNSURE: Final = "RE621"
"""A protection can't be told; what it stops is refused, or an alert says so."""
TRIPPED: Final = "RE622"
"""A protection tripped."""
OVER: Final = "RE623"
"""A protection is over, by time, by its condition or by a human."""
RAISED: Final = "RE624"
"""An alert's condition holds, or holds still."""
ENDED: Final = "RE625"
"""An alert's condition holds no more."""
ALERT_UNSURE: Final = "RE626"
"""An alert's condition can't be told."""
