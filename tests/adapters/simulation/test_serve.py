"""Serving from the command line: an interrupt ends it at once, whoever still listens to a stream."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

_ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = """
from adapters.oanda.simulator import simulator
from adapters.simulation.server import serve
try:
    serve(simulator.app(1, {}), 0, lambda address: print(address, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-c", _PROGRAM]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=_ROOT
    ) as running:
        yield running
        running.kill()


def test_an_interrupt_ends_it_with_streams_open(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:")
    headers = {"Authorization": "Bearer key"}
    with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=10) as client:
        account = client.get("/v3/accounts").json()["accounts"][0]["id"]
        with client.stream("GET", f"/v3/accounts/{account}/transactions/stream") as answer:
            lines = answer.iter_lines()
            assert "HEARTBEAT" in next(lines)
            process.send_signal(signal.SIGINT)
            with pytest.raises(httpx.TransportError):
                list(lines)
    out, err = process.communicate(timeout=60)
    assert (out.split(), err, process.returncode) == (["interrupted"], "", 0)
