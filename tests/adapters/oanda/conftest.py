"""Captured payloads of OANDA, where this machine has them."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def captured(shared_data: Path) -> Path:
    """Folder of payloads captured from OANDA (`rest/*.json`, `stream/*.ndjson`); skipped without them."""
    folder = shared_data.parent / "brokers" / "fixtures" / "oanda"
    if not folder.is_dir():
        pytest.skip("needs captured payloads of OANDA beside the recordings")
    return folder
