"""`ruleengine simulate`: a venue's server on this machine, for any client of that venue."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec

from ruleengine.cli.failure import CommandError
from ruleengine.diagnostics.suggest import did_you_mean
from ruleengine.ports.simulator import Simulator

_PORTS = 65_536


def simulate(venue: str, port: int, seed: int, sets: Sequence[str]) -> int:
    """Serve until Ctrl-C. Exit code 0."""
    if not 0 <= port < _PORTS:
        raise CommandError(f"port {port}: there is none", f"0 to {_PORTS - 1}; 0 takes a free one")
    simulator = simulator_named(venue)
    options = dict(_option(simulator, each) for each in sets)
    if find_spec("uvicorn") is None or find_spec("starlette") is None:
        raise CommandError("simulators need the extra `simulate`", "install ruleengine[simulate]")

    def ready(address: str) -> None:
        for line in (*simulator.greeting(address), "", "Ctrl-C ends it"):
            print(line, flush=True)

    try:
        simulator.serve(port, seed, options, ready)
    except ValueError as error:
        raise CommandError(
            f"simulate {venue}: {error}", f"`ruleengine simulate {venue} --options` lists them"
        ) from None
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        raise CommandError(f"port {port}: {reason}", "name another with --port; 0 takes a free one") from None
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
