"""The project's own files, as the tests in this folder read them: from the checkout, without importing anything."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORTERS = {"importlib.import_module", "import_module", "__import__"}


@dataclass(frozen=True)
class Import:
    """One imported module, as it is written, and where."""

    module: str
    line: int


def python_files(*folders: str) -> list[Path]:
    """Every Python file below the named folders, in order; a name may be a file; what is not there gives nothing."""
    found: list[Path] = []
    for name in folders:
        place = ROOT / name
        found += [place] if place.is_file() else sorted(place.rglob("*.py"))
    return found


def module_name(path: Path) -> str:
    """The dotted name under which a file of this project is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST) -> Iterator[Import]:
    """All imports of a file, those inside functions and those by `importlib.import_module("literal")` too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield Import(node.module, node.lineno)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTERS and node.args:
            named = node.args[0]
            if isinstance(named, ast.Constant) and isinstance(named.value, str):
                yield Import(named.value, node.lineno)


def is_inside(module: str, package: str) -> bool:
    """Whether a dotted name is the package or lies in it.

    >>> is_inside("ruleengine.load.compose", "ruleengine.load"), is_inside("ruleengine.loader", "ruleengine.load")
    (True, False)
    """
    return module == package or module.startswith(package + ".")


def committed_files() -> list[Path]:
    """What git tracks; without git (an unpacked archive), every file outside of what the targets make."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        made = {".venv", ".bench-venv", "build", "dist", ".git", ".ruleengine", "__pycache__"}
        paths = [path for path in ROOT.rglob("*") if not made.intersection(path.relative_to(ROOT).parts)]
    return sorted(path for path in paths if path.is_file())
