"""The checker of the determinism rules: what core code may not ask, found in its syntax tree.

Same input log, same decisions, byte for byte. So the core asks no clock, no randomness, no environment, no order that a
hash seed or a directory gives, starts no thread, and swallows no error without a coded event. A line that must do so
carries `# determinism: <reason>`; `test_determinism.py` counts those.

The checker reads one file at a time and infers sets from what the file itself says (literals, calls, annotations); a
set that comes out of another module's function without an annotation in sight is beyond it.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

FORBIDDEN_MODULES = {
    "time": "reads the wall clock; time comes from events",
    "random": "draws at random",
    "secrets": "draws at random",
    "threading": "starts threads",
    "_thread": "starts threads",
    "concurrent.futures": "starts threads or processes",
    "multiprocessing": "starts processes",
    "locale": "depends on the machine's language",
    "numpy.random": "draws at random",
}
FORBIDDEN_NAMES = {
    "datetime.now": "reads the wall clock",
    "datetime.utcnow": "reads the wall clock",
    "datetime.today": "reads the wall clock",
    "date.today": "reads the wall clock",
    "uuid.uuid1": "draws from clock and machine",
    "uuid.uuid4": "draws at random",
    "os.urandom": "draws at random",
    "os.getrandom": "draws at random",
    "os.environ": "reads the environment",
    "os.environb": "reads the environment",
    "os.getenv": "reads the environment",
    "os.getenvb": "reads the environment",
    "os.getpid": "differs from run to run",
    "os.cpu_count": "depends on the machine",
    "numpy.random": "draws at random",
    "asyncio.wait": "returns a set; the order in which tasks are drained is open",
    "asyncio.as_completed": "order depends on timing",
    "asyncio.to_thread": "starts threads",
}
UNORDERED_LISTINGS = {"iterdir", "glob", "rglob", "listdir", "scandir"}
ORDER_IS_LOST_ANYWAY = {"sorted", "set", "frozenset", "len", "any", "all", "fsum"}
ORDER_IS_SEEN = {
    "list",
    "tuple",
    "enumerate",
    "iter",
    "map",
    "filter",
    "zip",
    "sum",
    "reversed",
    "deque",
    "array",
    "next",
}
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}
SET_OPERATORS = (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)
SET_TYPES = {"set", "frozenset", "Set", "AbstractSet", "MutableSet", "FrozenSet"}
MARKER = re.compile(r"#\s*determinism:\s*(?P<reason>.*)$")
CODE = re.compile(r"\bRE\d{3}\b")
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, order=True)
class Breach:
    """One thing that core code may not do, on its line (1-based)."""

    line: int
    what: str


@dataclass(frozen=True)
class Report:
    """What a file does: breaches that nothing excuses, excused lines with their reason, markers that excuse nothing."""

    breaches: tuple[Breach, ...]
    excused: dict[int, str]
    idle_markers: tuple[int, ...]


def check(source: str) -> Report:
    """The report of one file's text."""
    tree = ast.parse(source)
    markers = dict(_markers(source))
    found = sorted(set(_Checker(tree).breaches()))
    excused = {breach.line: markers[breach.line] for breach in found if markers.get(breach.line)}
    return Report(
        breaches=tuple(breach for breach in found if breach.line not in excused),
        excused=excused,
        idle_markers=tuple(line for line in markers if line not in excused),
    )


def _markers(source: str) -> Iterator[tuple[int, str]]:
    """Line and reason of each marker; a string that holds the words is no marker."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (match := MARKER.search(token.string)):
            yield token.start[0], match["reason"].strip()


class _Checker:
    """One walk over one file."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self.aliases = dict(_aliases(tree))
        self.set_names: set[tuple[ast.AST | None, str]] = set()
        self._find_names_of_sets()

    def breaches(self) -> Iterator[Breach]:
        for node in ast.walk(self.tree):
            for what in self._of(node):
                yield Breach(getattr(node, "lineno", 0), what)

    def _of(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _import(node)
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            yield from self._name(node)
        elif isinstance(node, ast.ExceptHandler):
            yield from self._handler(node)
        if isinstance(node, ast.Call):
            yield from self._call(node)
        yield from self._iteration(node)

    # Names and calls

    def _name(self, node: ast.Attribute | ast.Name) -> Iterator[str]:
        if isinstance(self.parents.get(node), ast.Attribute):
            return  # the longest dotted name is the one that is judged
        dotted = self._dotted(node)
        for name, why in FORBIDDEN_NAMES.items():
            # `datetime.datetime.now` and `datetime.now` alike, `os.environ.get` as well as `os.environ`
            if f".{name}." in f".{dotted}.":
                yield f"`{dotted}` {why}"
                return

    def _dotted(self, node: ast.expr) -> str:
        """A dotted name with the file's import aliases undone; anything else gives an empty text at its place."""
        if isinstance(node, ast.Attribute):
            return f"{self._dotted(node.value)}.{node.attr}"
        return self.aliases.get(node.id, node.id) if isinstance(node, ast.Name) else ""

    def _call(self, node: ast.Call) -> Iterator[str]:
        name = self._dotted(node.func)
        last = name.rpartition(".")[2]
        if name in {"id", "hash"} and not self._is_in_dunder_hash(node):
            yield f"`{name}()` differs from run to run"
        if last == "run_in_executor":
            yield "`run_in_executor` starts threads"
        if last == "astimezone" and not node.args and not node.keywords:
            yield "`astimezone()` without a zone depends on the machine's"
        if last == "fromtimestamp" and len(node.args) + len(node.keywords) < 2:
            yield "`fromtimestamp()` without a zone depends on the machine's"
        if last in UNORDERED_LISTINGS and not self._feeds_order_free(node):
            yield f"`{last}()` lists in the file system's order; sort it"
        if last == "suppress" and any(self._dotted(arg) in {"Exception", "BaseException"} for arg in node.args):
            yield "`suppress(Exception)` hides failures without a coded event"

    def _is_in_dunder_hash(self, node: ast.AST) -> bool:
        above: ast.AST | None = node
        while above is not None and not isinstance(above, Function):
            above = self.parents.get(above)
        return getattr(above, "name", "") == "__hash__"

    # Errors

    def _handler(self, node: ast.ExceptHandler) -> Iterator[str]:
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        is_broad = any(kind is None or self._dotted(kind) in {"Exception", "BaseException"} for kind in kinds)
        if is_broad and not any(self._is_coded(inner) for inner in ast.walk(node)):
            yield "a broad `except` without a coded event"

    def _is_coded(self, node: ast.AST) -> bool:
        """Raised again, or a finding of the catalogue, or a code in plain sight."""
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str) and bool(CODE.search(node.value))
        return isinstance(node, ast.Call) and self._dotted(node.func).startswith("ruleengine.diagnostics.")

    # Sets

    def _iteration(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.For | ast.AsyncFor) and self._is_set(node.iter):
            yield f"iterates over the set `{_short(node.iter)}`; sort it"
        elif isinstance(node, Comprehension) and not self._is_order_free(node):
            for part in node.generators:
                if self._is_set(part.iter):
                    yield f"iterates over the set `{_short(part.iter)}`; sort it"
        elif isinstance(node, ast.Starred) and isinstance(node.ctx, ast.Load) and self._is_set(node.value):
            if not isinstance(self.parents.get(node), ast.Set) and not self._feeds_order_free(node):
                yield f"spreads the set `{_short(node.value)}`; sort it"
        elif isinstance(node, ast.Call):
            yield from self._set_in_call(node)

    def _set_in_call(self, node: ast.Call) -> Iterator[str]:
        last = self._dotted(node.func).rpartition(".")[2]
        with_key = last in {"min", "max"} and any(word.arg == "key" for word in node.keywords)
        if last in ORDER_IS_SEEN | {"join", "fromkeys", "extend"} or with_key:
            for arg in node.args:
                if self._is_set(arg) and not self._feeds_order_free(node):
                    yield f"`{last}()` sees the order of the set `{_short(arg)}`; sort it"
        if last == "pop" and not node.args and isinstance(node.func, ast.Attribute) and self._is_set(node.func.value):
            yield "`pop()` of a set takes any element"

    def _is_order_free(self, node: ast.AST) -> bool:
        return isinstance(node, ast.SetComp) or self._feeds_order_free(node)

    def _feeds_order_free(self, node: ast.AST) -> bool:
        """Whether the value goes straight into something that gives the same for any order."""
        parent = self.parents.get(node)
        if isinstance(parent, ast.comprehension) and parent.iter is node:
            return self._is_order_free(self.parents[parent])
        if not isinstance(parent, ast.Call) or node not in parent.args:
            return False
        name = self._dotted(parent.func).rpartition(".")[2]
        return name in ORDER_IS_LOST_ANYWAY or (name in {"min", "max"} and not parent.keywords)

    def _is_set(self, node: ast.AST | None) -> bool:
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Name | ast.Attribute):
            return (self._scope(node), _key(node)) in self.set_names or (None, _key(node)) in self.set_names
        if isinstance(node, ast.BinOp) and isinstance(node.op, SET_OPERATORS):
            return any(self._is_set(side) or _is_keys(side) for side in (node.left, node.right))
        if isinstance(node, ast.BoolOp):
            return any(self._is_set(value) for value in node.values)
        if isinstance(node, ast.IfExp):
            return self._is_set(node.body) or self._is_set(node.orelse)
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                if node.func.attr in SET_METHODS:
                    return True
                return node.func.attr == "copy" and self._is_set(node.func.value)
            return isinstance(node.func, ast.Name) and node.func.id in {"set", "frozenset"}
        return False

    def _find_names_of_sets(self) -> None:
        """Names that this file declares or fills as sets, with the function they belong to (None: everywhere)."""
        before = -1
        while len(self.set_names) != before:  # a name may be filled from a name found a moment ago
            before = len(self.set_names)
            for node in ast.walk(self.tree):
                self._learn(node)

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.arg) and _is_set_type(node.annotation):
            self.set_names.add((self._scope(node), node.arg))
        elif isinstance(node, ast.AnnAssign) and _is_set_type(node.annotation):
            self._add(node.target)
            if isinstance(self.parents.get(node), ast.ClassDef) and isinstance(node.target, ast.Name):
                self.set_names.add((None, "." + node.target.id))  # a field: any `x.field` in this file
        elif isinstance(node, ast.Assign) and self._is_set(node.value):
            for target in node.targets:
                self._add(target)
        elif isinstance(node, ast.NamedExpr) and self._is_set(node.value):
            self._add(node.target)

    def _add(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.set_names.add((self._scope(target), target.id))
        elif isinstance(target, ast.Attribute):
            self.set_names.add((None, _key(target)))

    def _scope(self, node: ast.AST) -> ast.AST | None:
        above = self.parents.get(node)
        while above is not None and not isinstance(above, Function):
            above = self.parents.get(above)
        return above


def _aliases(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _import(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    for name in names:
        for module, why in FORBIDDEN_MODULES.items():
            if name == module or name.startswith(module + "."):
                yield f"`{name}` {why}"


def _key(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else "." + node.attr


def _is_keys(node: ast.AST) -> bool:
    """`d.keys() | …` gives a set, in no order."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"keys", "items"}


def _is_set_type(annotation: ast.expr | None) -> bool:
    if isinstance(annotation, ast.Subscript):
        return _is_set_type(annotation.value)
    if isinstance(annotation, ast.BinOp):
        return _is_set_type(annotation.left) or _is_set_type(annotation.right)
    if isinstance(annotation, ast.Attribute):
        return annotation.attr in SET_TYPES
    return isinstance(annotation, ast.Name) and annotation.id in SET_TYPES


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "..."
