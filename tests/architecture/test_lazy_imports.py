"""`--help` and `validate` load no library that they don't use: each costs more than an interpreter's whole start."""

import json
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

POLICY = "policies/fx_hedge/fx-hedge.policy.yaml"
HEAVY = {
    "duckdb",
    "talib",
    "plotly",
    "httpx",
    "loguru",
    "numpy",
    "pandas",
    "polars",
    "simpleeval",
    "adapters",
}
NEVER = {
    ("--help",): HEAVY | {"holidays", "jsonschema", "pydantic", "yaml", "sqlite3"},
    ("validate", POLICY): HEAVY,
}
MARK = "-- modules --"
PROGRAM = f"""
import json, sys
sys.argv[0] = "ruleengine"
from ruleengine.cli.main import main
try:
    code = main()
except SystemExit as end:
    code = end.code
print({MARK!r}, json.dumps([code or 0, sorted(sys.modules)]), file=sys.stderr)
"""

needs_cli = pytest.mark.skipif(
    not (ROOT / "ruleengine/cli/main.py").exists() or not (ROOT / POLICY).exists(),
    reason="needs the prompt (ruleengine/cli/main.py) and the shipped policy",
)


def loaded_by(*arguments: str) -> tuple[object, set[str]]:
    """Exit code and the top-level modules that a command has loaded at its end."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert MARK in result.stderr, result.stderr
    code, modules = json.loads(result.stderr.rpartition(MARK)[2])
    return code, {name.split(".")[0] for name in modules}


@needs_cli
@pytest.mark.parametrize("arguments", NEVER, ids=" ".join)
def test_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code, modules = loaded_by(*arguments)
    assert code == 0
    assert "ruleengine" in modules
    assert modules & NEVER[arguments] == set()


def test_the_log_module_waits_with_loguru() -> None:
    program = "import sys, ruleengine.log; print('loguru' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
