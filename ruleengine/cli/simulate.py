"""`ruleengine simulate`: a venue's server on this machine, for any client of that venue."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec

from ruleengine.cli.failure import CommandError
from ruleengine.diagnostics.suggest import did_you_mean
from ruleengine.ports.simulator import Simulator

HOST = "127.0.0.1"
"""Nobody else may reach it: it takes any key."""


def simulate(venue: str, port: int, seed: int, sets: Sequence[str]) -> int:
    """Serve until Ctrl-C. Exit code 0."""
    simulator = simulator_named(venue)
    options = dict(_option(simulator, each) for each in sets)
    if find_spec("uvicorn") is None or find_spec("starlette") is None:
        raise CommandError("simulators need the extra `simulate`", "install ruleengine[simulate]")
    try:
        app = simulator.app(seed, options)
    except ValueError as error:
        raise CommandError(
            f"simulate {venue}: {error}", f"`ruleengine simulate {venue} --options` lists them"
        ) from None
    with _listening(port) as opened:
        address = f"http://{HOST}:{opened.getsockname()[1]}"
        for line in (f"{venue} at {address}; Ctrl-C ends it", *simulator.greeting(address)):
            print(line, flush=True)
        import uvicorn

        config = uvicorn.Config(app, log_level="warning", ws="websockets-sansio", lifespan="on", server_header=False)
        uvicorn.Server(config).run(sockets=[opened])
    sys.stderr.write("stopped\n")
    return 0


def list_options(venue: str) -> int:
    """What `--set` takes. Exit code 0."""
    found = simulator_named(venue).options
    width = max(map(len, found), default=0)
    for name, meaning in sorted(found.items()):
        print(f"{name:<{width}}  {meaning}")
    return 0


def simulator_named(name: str) -> Simulator:
    found = {point.name: point for point in entry_points(group="ruleengine.simulators")}
    if name not in found:
        near = did_you_mean(name, sorted(found))
        known = ", ".join(sorted(found)) or "none"
        remedy = f"did you mean {', '.join(near)}?" if near else f"installed are: {known}"
        raise CommandError(f"no simulator of `{name}`", remedy)
    try:
        made: Simulator = found[name].load()
    except ModuleNotFoundError as error:
        raise CommandError(f"simulators need {error.name}", "install ruleengine[simulate]") from None
    return made


def _option(simulator: Simulator, text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise CommandError(
            f"--set {text}: no NAME=VALUE", f"`ruleengine simulate {simulator.venue} --options` lists them"
        )
    if name not in simulator.options:
        near = did_you_mean(name, sorted(simulator.options))
        known = ", ".join(sorted(simulator.options)) or "none"
        remedy = f"did you mean {near[0]}?" if near else f"it has {known}"
        raise CommandError(f"--set {name}: the simulator of {simulator.venue} has no such option", remedy)
    return name, value


def _listening(port: int) -> socket.socket:
    """A socket of our own, so that a port in use is told before anything is made, and port 0 is told as what it is."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((HOST, port))
    except OSError as error:
        opened.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        raise CommandError(f"port {port}: {reason}", "name another with --port; 0 takes a free one") from None
    return opened
