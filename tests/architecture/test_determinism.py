"""Core code asks no clock, no chance, no environment, no order that isn't there; the checker of this sees each case."""

from pathlib import Path

import pytest

from tests.architecture.determinism import check
from tests.architecture.sources import ROOT, python_files

CORE = tuple(
    f"ruleengine/{name}"
    for name in ("model", "units.py", "units", "functions", "facts", "graph", "backends", "runtime", "journal")
)
EXCEPTIONS_MAX = 10

BREACHES = {
    "clock": "import time\nnow = time.time()",
    "clock_by_name": "from time import monotonic",
    "clock_under_another_name": "import time as t",
    "datetime_now": "from datetime import datetime\nx = datetime.now()",
    "datetime_module_now": "import datetime\nx = datetime.datetime.now(datetime.UTC)",
    "datetime_aliased": "from datetime import datetime as dt\nx = dt.utcnow()",
    "today": "import datetime as d\nx = d.date.today()",
    "clock_passed_on": "from datetime import datetime\ndefault = datetime.now",
    "machine_zone": "def f(at):\n    return at.astimezone()",
    "machine_zone_of_stamp": "from datetime import datetime\nx = datetime.fromtimestamp(5)",
    "random": "import random",
    "numpy_random": "import numpy as np\nx = np.random.default_rng(1)",
    "numpy_random_imported": "from numpy.random import default_rng",
    "uuid4": "import uuid\nx = uuid.uuid4()",
    "uuid4_by_name": "from uuid import uuid4\nx = uuid4()",
    "secrets": "import secrets",
    "urandom": "import os\nx = os.urandom(8)",
    "environ": "import os\nx = os.environ['A']",
    "environ_get": "import os\nx = os.environ.get('A')",
    "environ_by_name": "from os import environ\nx = environ['A']",
    "getenv": "from os import getenv\nx = getenv('A')",
    "locale": "import locale",
    "threads": "from threading import Thread",
    "pool": "from concurrent.futures import ThreadPoolExecutor",
    "pool_module": "import concurrent.futures",
    "executor": "async def f(loop, g):\n    return await loop.run_in_executor(None, g)",
    "first_completed": "import asyncio\nasync def f(ts):\n    return await asyncio.wait(ts)",
    "as_completed": "import asyncio\nasync def f(ts):\n    return [await t for t in asyncio.as_completed(ts)]",
    "id": "key = id(object())",
    "hash": "key = hash('text')",
    "set_literal": "for x in {1, 2}:\n    print(x)",
    "set_call": "for x in set([1, 2]):\n    print(x)",
    "frozenset_in_comprehension": "xs = [x for x in frozenset('ab')]",
    "dict_from_set": "xs = {x: 1 for x in {'a', 'b'}}",
    "set_name": "names = {'a', 'b'}\nfor n in names:\n    print(n)",
    "set_local": "def f(xs):\n    seen = set(xs)\n    return list(seen)",
    "set_by_way_of_name": "a = {1}\nb = a\nfor x in b:\n    print(x)",
    "set_argument": "def f(xs: set[str]) -> list[str]:\n    return [x for x in xs]",
    "set_or_none": "def f(xs: frozenset[str] | None) -> None:\n    print(*xs)",
    "set_or_empty": "def f(xs: frozenset[str] | None) -> None:\n    for x in xs or ():\n        print(x)",
    "set_field": "class A:\n    tags: frozenset[str]\n    def f(self) -> str:\n        return ','.join(self.tags)",
    "set_attribute": "def f(a):\n    a.seen = set()\ndef g(a):\n    return tuple(a.seen)",
    "set_difference": "def f(a: set[int], b):\n    for x in a - b:\n        print(x)",
    "keys_united": "def f(a, b):\n    for k in a.keys() | b.keys():\n        print(k)",
    "union": "def f(a, b):\n    return [x for x in a.union(b)]",
    "set_summed": "total = sum({0.1, 0.2, 0.3})",
    "set_summed_by_generator": "total = sum(x * 2 for x in {0.1, 0.2})",
    "set_spread": "xs = [*{1, 2}]",
    "set_popped": "pending = {1, 2}\nx = pending.pop()",
    "tie_of_set": "x = max({'a', 'b'}, key=len)",
    "first_of_set": "x = next(iter({1, 2}))",
    "listing": "import os\nfor p in os.listdir('.'):\n    print(p)",
    "glob": "def f(folder):\n    return [p for p in folder.glob('*')]",
    "blind": "try:\n    pass\nexcept Exception:\n    pass",
    "blind_bare": "try:\n    pass\nexcept:\n    pass",
    "blind_in_tuple": "try:\n    pass\nexcept (ValueError, Exception) as e:\n    print(e)",
    "suppressed": "import contextlib\nwith contextlib.suppress(Exception):\n    pass",
    "marker_without_reason": "import time  # determinism:",
    "marker_on_another_line": "# determinism: a reason that stands one line too high\nimport time",
    "marker_in_a_string": "import time; x = '# determinism: said, but not as a comment'",
}

FINE = {
    "given_time": "from datetime import UTC, datetime\nx = datetime.fromtimestamp(5, tz=UTC)",
    "given_zone": "def f(at, zone):\n    return at.astimezone(zone)",
    "time_of_day": "from datetime import time\nopen_at = time(9, 0)",
    "event_time": "def f(event):\n    return event.time",
    "a_field_called_now": "def f(clock):\n    return clock.now()",
    "named_uuid": "import uuid\nx = uuid.uuid5(uuid.NAMESPACE_URL, 'a')",
    "paths": "import os\nx = os.path.join('a', 'b')",
    "sorted_set": "for x in sorted({2, 1}):\n    print(x)",
    "membership": "ok = 1 in {1, 2}",
    "length_and_extremes": "xs = {1, 2}\nn = len(xs), min(xs), max(xs)",
    "any_of_set": "ok = any(x > 1 for x in {1, 2})",
    "sorted_generator": "xs = sorted(x * 2 for x in {1, 2})",
    "set_of_set": "xs = {x * 2 for x in {1, 2}}",
    "other_function's_name": "def f():\n    xs = {1}\n    return 1 in xs\ndef g(xs):\n    return list(xs)",
    "dict": "for k, v in {'a': 1}.items():\n    print(k, v)",
    "integer_algebra": "def f(a, b):\n    return [x for x in range(a - b)]",
    "hash_method": "class A:\n    def __hash__(self):\n        return hash((1, 2))",
    "id_field": "def f(rule):\n    return rule.id",
    "sorted_glob": "def f(folder):\n    return sorted(folder.glob('*'))",
    "sorted_glob_by_generator": "def f(folder):\n    return sorted(p.name for p in folder.iterdir())",
    "narrow_error": "try:\n    pass\nexcept ValueError:\n    pass",
    "raised_again": "try:\n    pass\nexcept Exception as e:\n    raise RuntimeError('x') from e",
    "coded": "try:\n    pass\nexcept Exception as e:\n    emit('RE901', e)",
    "coded_by_catalogue": "from ruleengine.diagnostics import found\ntry:\n    f()\nexcept Exception:\n    found(1)",
    "words_in_a_string": "x = 'time.time() and random'",
}


@pytest.mark.parametrize("name", BREACHES)
def test_checker_sees(name: str) -> None:
    assert check(BREACHES[name]).breaches


@pytest.mark.parametrize("name", FINE)
def test_checker_passes(name: str) -> None:
    assert check(FINE[name]).breaches == ()


def test_a_marker_with_a_reason_excuses_its_own_line() -> None:
    report = check("import time  # determinism: only the profiler's build asks\nimport random")
    assert report.excused == {1: "only the profiler's build asks"}
    assert [breach.line for breach in report.breaches] == [2]


def test_a_marker_that_excuses_nothing_is_reported() -> None:
    assert check("x = 1  # determinism: was needed once").idle_markers == (1,)


@pytest.mark.parametrize("path", python_files(*CORE), ids=lambda path: str(path.relative_to(ROOT)))
def test_core_is_deterministic(path: Path) -> None:
    report = check(path.read_text(encoding="utf-8"))
    place = path.relative_to(ROOT)
    assert not [f"{place}:{breach.line}: {breach.what}" for breach in report.breaches]
    assert not [f"{place}:{line}: marker excuses nothing" for line in report.idle_markers]


def test_exceptions_are_few() -> None:
    excused = [
        f"{path.relative_to(ROOT)}:{line}: {reason}"
        for path in python_files(*CORE)
        for line, reason in check(path.read_text(encoding="utf-8")).excused.items()
    ]
    assert len(excused) <= EXCEPTIONS_MAX, "\n".join(excused)
