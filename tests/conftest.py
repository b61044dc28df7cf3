"""What every test folder shares: where the real recordings are, an interrupt that is heard, and generated cases that
are the same each time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("new", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
"""`same`: a test says the same of the same code, on a busy machine too. `HYPOTHESIS_PROFILE=new` looks at other cases
each time, and is how faults are found."""

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings: `RULEENGINE_DATA`, or `../shared/data` beside the checkout; skipped without one."""
    named = os.environ.get("RULEENGINE_DATA")
    folder = Path(named) if named else _BESIDE_CHECKOUT
    if not folder.is_dir():
        pytest.skip("needs real recordings: set RULEENGINE_DATA to their folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A run in the background of a shell ignores interrupts, one under `nohup` the end of its terminal, and what they
    start inherits that; tests send both."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)
