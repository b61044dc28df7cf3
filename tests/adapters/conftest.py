"""What tests of every venue share: what would be logged."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import loguru
import pytest

from ruleengine import log


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All logs as they would be written; the process's logging is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore")}
    stream = io.StringIO()
    log.configure("TRACE", to=stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    loguru.logger.remove()
    loguru.logger.configure(patcher=lambda record: None)
