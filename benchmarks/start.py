"""What a start at the prompt costs: whole processes, beside an interpreter that does nothing.

Each round starts one of each, so that a ratio is of neighbours in time. Our modules are compiled before, as an
installer does: where a machine forbids to write bytecode, every start of an editable install would compile them anew.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from compileall import compile_dir
from pathlib import Path

import adapters
import ruleengine
from benchmarks.measure import Figure, microseconds, ratio, take_turns
from benchmarks.policy_texts import policy

ROUNDS = 11
POLICIES = 100
RULES = 8
"""Rules of each policy, about fifty lines."""


def figures() -> list[Figure]:
    """`--help` and `validate` of a folder, in multiples of an empty interpreter."""
    compiled = all(compile_dir(package.__path__[0], quiet=1) for package in (ruleengine, adapters))
    if not compiled:
        raise RuntimeError("our own modules can't be compiled")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(POLICIES):
            text = policy(f"generated-{number}", RULES, seed=number)
            (folder / f"{number:03}.policy.yaml").write_text(text, encoding="utf-8")
        prompt = str(Path(sys.executable).parent / "ruleengine")
        _ends_well([prompt, "validate", str(folder)], "no findings")
        _ends_well([prompt, "--help"], "Usage: ruleengine")
        taken = take_turns(
            {
                "empty": _process([sys.executable, "-c", "pass"]),
                "help": _process([prompt, "--help"]),
                "validate": _process([prompt, "validate", str(folder)]),
            },
            ROUNDS,
        )
    return [
        Figure("start: an empty interpreter", microseconds(taken["empty"], 1) / 1e3, "ms"),
        Figure("start: --help / empty interpreter", ratio(taken["help"], taken["empty"]), limit=15.0),
        Figure(
            f"start: validate of {POLICIES} policies / empty interpreter",
            ratio(taken["validate"], taken["empty"]),
            limit=60.0,
        ),
    ]


def _process(command: Sequence[str]) -> Callable[[], None]:
    def run() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    return run


def _ends_well(command: Sequence[str], expected: str) -> None:
    """Stops the benchmark where the command does not do what is timed; also warms the disk's cache."""
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0 or expected not in result.stdout:
        said = f"{result.stdout[-2000:]}{result.stderr[-2000:]}"
        raise RuntimeError(f"{' '.join(command)}: exit {result.returncode}\n{said}")
