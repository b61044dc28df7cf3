"""Waiting for what another thread, process or server does, however long a busy machine takes for it."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 90
"""After which a test gives up."""


def until(is_so: Callable[[], bool], otherwise: str, every_s: float = 0.05) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"{otherwise} in {PATIENCE_S} s"
        time.sleep(every_s)
