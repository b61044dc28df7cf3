"""Who may import whom: the contracts of pyproject.toml hold, and each heavy library has one home."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, Import, imports_of, is_inside, module_name, python_files

HOMES = {
    "yaml": ("ruleengine.load",),
    "jsonschema": ("ruleengine.schema",),
    "simpleeval": ("ruleengine.backends.trace",),
    "talib": ("ruleengine.functions",),
    "duckdb": ("ruleengine.recordings", "ruleengine.reports"),
    "sqlite3": ("ruleengine.journal",),
    "httpx": ("adapters",),
    "loguru": ("ruleengine.log",),
    "typer": ("ruleengine.cli",),
    "rich": ("ruleengine.cli",),
}


def strangers(module: str, tree: ast.AST) -> list[Import]:
    """Heavy libraries that a module imports although they live elsewhere, and adapters imported by the engine."""
    found = []
    for imported in imports_of(tree):
        library = imported.module.split(".")[0]
        at_home = any(is_inside(module, home) for home in HOMES.get(library, (module,)))
        engine_knows_adapter = library == "adapters" and is_inside(module, "ruleengine")
        if not at_home or engine_knows_adapter:
            found.append(imported)
    return found


@pytest.mark.parametrize("path", python_files("ruleengine", "adapters"), ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_stay_at_home(path: Path) -> None:
    found = strangers(module_name(path), ast.parse(path.read_text(encoding="utf-8")))
    assert not [f"{path.relative_to(ROOT)}:{imported.line}: imports {imported.module}" for imported in found]


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("ruleengine.schema.shape", "import yaml"),
        ("ruleengine.loader", "import yaml"),
        ("ruleengine.runtime.engine", "from sqlite3 import connect"),
        ("ruleengine.graph.lookback", "def f():\n    import talib.abstract as ta"),
        ("ruleengine.cli.main", "import loguru"),
        ("ruleengine.functions.window", "import importlib\nimportlib.import_module('duckdb')"),
        ("ruleengine.cli.run", "from adapters.paper import adapter"),
        ("adapters.paper.feed", "from rich.console import Console"),
    ],
)
def test_a_library_away_from_home_is_seen(module: str, line: str) -> None:
    assert strangers(module, ast.parse(line))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("ruleengine.load.compose", "import yaml.composer"),
        ("ruleengine.log", "def f():\n    from loguru import logger"),
        ("adapters.okx.client", "import httpx"),
        ("adapters.paper.feed", "from adapters.paper.fills import fill"),
        ("ruleengine.backends.trace.evaluate", "import simpleeval"),
    ],
)
def test_a_library_at_home_passes(module: str, line: str) -> None:
    assert not strangers(module, ast.parse(line))


def run_contracts(root: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over the project that lies in `root`."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]
    return subprocess.run(
        [*command, "--no-logo", "--no-cache"], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )


def test_contracts_hold() -> None:
    result = run_contracts(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("path", "line", "contract"),
    [
        ("ruleengine/model/__init__.py", "import ruleengine.graph", "A layer imports only layers below it"),
        ("ruleengine/functions/__init__.py", "import ruleengine.facts", "A layer imports only layers below it"),
        (
            "ruleengine/backends/scalar/__init__.py",
            "import ruleengine.backends.trace",
            "A layer imports only layers below it",
        ),
        ("ruleengine/utils.py", "", "A layer imports only layers below it"),
        (
            "ruleengine/runtime/orders/__init__.py",
            "import ruleengine.runtime.book",
            "A room of the runtime imports only rooms below it",
        ),
        ("ruleengine/runtime/utils.py", "", "A room of the runtime imports only rooms below it"),
        (
            "ruleengine/runtime/__init__.py",
            "import adapters.paper",
            "The engine knows no adapter: they are found by entry point",
        ),
        ("adapters/paper/__init__.py", "import ruleengine.runtime", "Adapters see ports and what lies below"),
        ("ruleengine/runtime/__init__.py", "import ruleengine.log", "Only the prompt and the adapters write logs"),
        ("ruleengine/log.py", "import ruleengine.model", "The log module imports nothing of ours"),
    ],
)
def test_a_broken_contract_is_seen(tmp_path: Path, path: str, line: str, contract: str) -> None:
    """The same contracts over a project of empty modules with this one line in it."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for file in python_files("ruleengine", "adapters"):
        empty = tmp_path / file.relative_to(ROOT)
        empty.parent.mkdir(parents=True, exist_ok=True)
        empty.write_text("")
    (tmp_path / path).write_text(line + "\n")
    result = run_contracts(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    broken = [row for row in result.stdout.splitlines() if row.endswith("BROKEN")]
    assert broken == [f"{contract} BROKEN"], result.stdout
