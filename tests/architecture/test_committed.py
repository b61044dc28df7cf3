"""Nothing committed names a package registry, a path of somebody's machine, or an address to download from."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, committed_files

FILE_BYTES_MAX = 2 * 1024 * 1024

REGISTRY = re.compile(
    r"(?:pypi|pythonhosted|anaconda|npmjs|yarnpkg|conda|crates|rubygems)\.(?:org|com|io)"
    r"|golang\.org|https?://\S+/simple/|--(?:extra-)?index-url|--find-links",
    re.IGNORECASE,
)
# A path, not the tail of an address or of a relative path.
MACHINE_PATH = re.compile(
    r"(?<![\w.~})\]*-])/(?:root|work|workspace|opt|srv|(?:home|Users)/[\w.-]+)/|\b[A-Z]:\\Users\\"
)
SCRATCH_PATH = re.compile(r"(?<![\w.~})\]*-])/(?:var/)?tmp/")
REQUIREMENT = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[0-9][\w.!+]*)(?: ; (?P<marker>[^\\]+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str | None:
    """A file's text; None for what is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def lines_of_text() -> Iterator[tuple[str, str]]:
    """`file:line` and the line, over all that is committed."""
    for path in committed_files():
        for number, line in enumerate((text_of(path) or "").splitlines(), 1):
            yield f"{relative(path)}:{number}", line


def found(pattern: re.Pattern[str], *, but_not_in: str | None = None) -> list[str]:
    return [
        f"{place}: {line.strip()[:120]}"
        for place, line in lines_of_text()
        if pattern.search(line) and not (but_not_in and place.startswith(but_not_in))
    ]


def locked(text: str) -> dict[tuple[str, str], str]:
    """(name, marker) → version of a lock, each line of which must be a pin or a hash."""
    pins: dict[tuple[str, str], str] = {}
    hashes = 0
    for number, line in enumerate(text.splitlines(), 1):
        if pin := REQUIREMENT.match(line):
            assert not pins or hashes, f"line {number}: the pin before it has no hash"
            pins[pin["name"], pin["marker"] or ""] = pin["version"]
            hashes = 0
        else:
            assert HASH.match(line), f"line {number} is neither a pin nor a hash: {line}"
            hashes += 1
    assert pins
    assert hashes, "the last pin has no hash"
    return pins


def test_no_registry_is_named() -> None:
    assert found(REGISTRY, but_not_in=relative(Path(__file__))) == []


def test_no_path_of_a_machine() -> None:
    assert found(MACHINE_PATH, but_not_in=relative(Path(__file__))) == []


def test_no_scratch_path_outside_of_tests() -> None:
    assert found(SCRATCH_PATH, but_not_in="tests/") == []


def test_no_home_or_checkout_of_whoever_runs_this() -> None:
    places = [f"{place}/" for place in (Path.home(), ROOT) if len(place.parts) > 1]
    assert found(re.compile("|".join(map(re.escape, places)) or r"(?!)")) == []


def test_no_large_file() -> None:
    assert [relative(path) for path in committed_files() if path.stat().st_size > FILE_BYTES_MAX] == []


@pytest.mark.parametrize("path", LOCKS, ids=relative)
def test_a_lock_holds_pins_and_hashes_alone(path: Path) -> None:
    assert locked(path.read_text(encoding="utf-8"))


def test_engine_and_tests_run_on_the_same_pins() -> None:
    run, test = (
        {
            (name, version)
            for (name, _), version in locked((ROOT / f"requirements/{lock}.lock").read_text("utf-8")).items()
        }
        for lock in ("run", "test")
    )
    assert run <= test, "the tests would run on other versions than the engine"


def test_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    own, *others = extras["test"]
    named = re.fullmatch(r"ruleengine\[([\w,]+)\]", own)
    assert named, "the tests run with the extras that they test"
    tested = [each for name in named[1].split(",") for each in extras[name]]
    asked = {"run": project["dependencies"], "test": project["dependencies"] + tested + others}
    for name, requirements in asked.items():
        names = {pin for pin, _ in locked((ROOT / f"requirements/{name}.lock").read_text(encoding="utf-8"))}
        wanted = {re.split(r"[<>=!~ \[;]", requirement)[0].lower() for requirement in requirements}
        assert wanted <= names, f"run `make lock`: requirements/{name}.lock lacks {sorted(wanted - names)}"
        assert "setuptools" in names, "installing the project needs its build backend pinned"


def test_no_more_than_fifteen_direct_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert len(project["dependencies"]) <= 15


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (REGISTRY, "see https://" + "pypi.org/project/x"),
        (REGISTRY, "https://files." + "pythonhosted.org/packages/x.whl"),
        (REGISTRY, "pip install --index-url=https://mirror.example/"),
        (REGISTRY, "https://mirror.example/simple/x"),
        (MACHINE_PATH, "data = '/" + "root/data'"),
        (MACHINE_PATH, "cd /" + "home/someone/project"),
        (MACHINE_PATH, "(/" + "Users/someone/project)"),
        (MACHINE_PATH, "/" + "work/shared/data"),
        (SCRATCH_PATH, "open('/" + "tmp/x')"),
    ],
)
def test_what_must_not_be_committed_is_seen(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "docs/" + "work/notes.md",
        "https://example.org/" + "home/page/",
        "ruleengine/" + "root/x.py",
        "~/" + "work/x",
        "{base}/opt/x",
        "a / work / b",
    ],
)
def test_other_text_is_left_alone(line: str) -> None:
    assert not MACHINE_PATH.search(line)
    assert not REGISTRY.search(line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "numpy==2.4.6",
        "numpy>=2 \\\n    --hash=sha256:" + "0" * 64,
        "numpy==2.4.6 \\\n    --hash=md5:" + "0" * 32,
        "numpy==2.4.6 \\\nrich==15.0.0 \\\n    --hash=sha256:" + "0" * 64,
        "numpy @ https://mirror.example/numpy.whl \\\n    --hash=sha256:" + "0" * 64,
        "-e file:///somewhere",
        "# made on a machine\nnumpy==2.4.6 \\\n    --hash=sha256:" + "0" * 64,
    ],
)
def test_a_lock_that_is_none_is_seen(text: str) -> None:
    with pytest.raises(AssertionError):
        locked(text)
