"""The venue's example payloads, and a venue that answers from a script."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def payloads(shared_data: Path) -> Path:
    """Folder of the venue's example payloads, which are not part of this repository."""
    folder = shared_data.parent / "brokers" / "fixtures" / "okx"
    if not folder.is_dir():
        pytest.skip("needs the venue's example payloads: brokers/fixtures/okx beside RULEENGINE_DATA")
    return folder
