"""Small self-made inputs, imported by a built-in mapping into a folder of the test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ruleengine.recordings import ImportReport, Overrides, Recording, import_recording, open_recording


def _load_small_inputs() -> ModuleType:
    # Tests are imported by path (importlib mode), so a plain import would not find the file beside them.
    name = "recordings_small_inputs"
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, Path(__file__).with_name("small_inputs.py"))
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module
        found.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """The makers of small inputs."""
    return _load_small_inputs()


Imported = Callable[..., tuple[ImportReport, Recording]]


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    """Import files and open the result: imported(mapping, files, instrument=…, declared={…})."""

    def run(
        mapping: Any, files: list[Path], *, instrument: str = "USD_JPY", venue: str = "test", **declared: Any
    ) -> tuple[ImportReport, Recording]:
        out = tmp_path / "recording"
        report = import_recording(
            mapping, files, out, instrument=instrument, venue=venue, declared=Overrides(**declared), force=True
        )
        return report, open_recording(out)

    return run
