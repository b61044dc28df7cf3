"""The folder of a result, cut off as it is made."""

from __future__ import annotations

import signal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from ruleengine.cli import out_folder


def test_a_signal_as_the_folder_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**where: Any) -> str:
        folder = str(mkdtemp(**where))
        signal.raise_signal(signal.SIGINT)
        return folder

    monkeypatch.setattr(out_folder, "mkdtemp", made)
    with pytest.raises(KeyboardInterrupt), out_folder.stage(tmp_path / "cut", [], force=False):
        raise AssertionError("nothing is begun")
    assert list(tmp_path.iterdir()) == []
