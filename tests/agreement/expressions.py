"""Well-typed expressions of the whole language, as text, from a seed.

One method for each kind of value; each chooses among facts, literals on a grid and every operation that gives that
kind. Literals come from small sets, the same that states are made of, so that comparisons hit equality often and sums
cancel to nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ruleengine import units
from ruleengine.facts.catalogue import COLLECTIONS, ENUMS, FACTS
from ruleengine.functions.base import Function
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.typecheck.calls import PAIRS
from tests.agreement.templates import BARE, CANCELLING, FORMS, KINDS, LITERALS, PLAIN_KINDS, TALLY

_TIMEFRAMES = ("m1", "m5", "h1")
SHARES = ("0%", "5%", "33%", "50%", "95%", "100%")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names that the surrounding policy declares, by the kind of their value."""

    named: dict[str, tuple[str, ...]]
    words: dict[str, tuple[str, ...]]
    modes: tuple[str, ...]
    """Those with states, whose words stand in `words` too."""


class Expressions:
    """Draws expressions. `variable` is the comprehension's one while its inside is drawn."""

    def __init__(self, rng: random.Random, vocabulary: Vocabulary, frames: frozenset[str]) -> None:
        self.rng, self.vocabulary, self.frames = rng, vocabulary, frames
        self.variable: tuple[str, str] | None = None
        self.facts = _facts_by_kind(frames)

    def draw(self, kind: str, depth: int) -> str:
        """An expression of a kind, at most about `depth` operations deep."""
        if depth <= 0 or self.rng.random() < 0.18:
            return self.leaf(kind)
        common = self.rng.random()
        if common < 0.07:
            return f"({self.draw(kind, depth - 1)} if {self.draw('bool', depth - 1)} else {self.draw(kind, depth - 1)})"
        if common < 0.12:
            return f"coalesce({self.draw(kind, depth - 1)}, {self.draw(kind, depth - 1)})"
        if kind == "bool":
            return self.condition(depth)
        if common < 0.22 and kind not in ("time", "quote"):
            return self.shared_form(kind, depth)
        return self.form(kind, depth)

    # --- leaves -------------------------------------------------------------------------------------------------------

    def leaf(self, kind: str) -> str:
        if self.variable is not None and self.rng.random() < 0.7:
            of_element = self.element_fact(kind)
            if of_element:
                return of_element
        choices: list[str] = list(self.facts.get(kind, ()))
        choices += self.vocabulary.named.get(kind, ())
        choices += self.features(kind)
        literals = LITERALS.get(kind, ())
        if literals and (not choices or self.rng.random() < 0.35):
            return self.rng.choice(literals)
        if kind == "quote":
            return self.form("quote", 1)
        if kind == "quotient":
            return self.form("quotient", 1)
        if kind == "bool" and self.rng.random() < 0.2:
            return self.rng.choice(("true", "false"))
        return self.rng.choice(choices or ["account.balance"])  # a scope without this kind: the type will be wrong

    def element_fact(self, kind: str) -> str | None:
        assert self.variable is not None
        name, collection = self.variable
        frame = COLLECTIONS[collection]
        names = [
            f"{name}.{fact.name.split('.', 1)[1]}"
            for fact in FACTS.values()
            if fact.frame == frame and kind_of(fact.type) == kind and " for " not in (fact.definition or "")
        ]
        return self.rng.choice(names) if names else None

    def features(self, kind: str) -> list[str]:
        """A few calls of functions of bars and of running figures that give this kind."""
        if "market" not in self.frames:
            return []
        found: list[str] = []
        for function in self.rng.sample(FEATURES, 6):
            call, given = self.feature_call(function)
            if given == kind:
                found.append(call)
        if kind == "price":
            found.append(f"{self.rng.choice(_TIMEFRAMES)}.close[{self.rng.randrange(3)}]")
        return found

    def around(self, function: Function) -> str:
        """A condition on one call of a function of bars or of a running figure."""
        call, kind = self.feature_call(function)
        if kind == "bool":
            return f"{call} and {self.condition(2)}"
        return f"{call} {self.rng.choice(('<', '<=', '>', '>=', '==', '!='))} {self.draw(kind, 1)}"

    def feature_call(self, function: Function) -> tuple[str, str]:
        """One call and the kind it gives; a column or an input is chosen to suit."""
        timeframe = self.rng.choice(_TIMEFRAMES)
        column = self.rng.choice(("close", "high", "volume"))
        source = "price" if column != "volume" else "units"
        if function.kind == "step":
            source = self.rng.choice(("pips", "price", "ratio"))
            inputs = {"pips": "spread", "price": "mid", "ratio": "spread_ratio"}
            first = inputs[source]
            if function.params[0].type == units.BOOL:
                first = "bid > 157"
            window = ", 60s" if len(function.params) > 1 else ""
            return f"{function.name}({first}{window})", result_kind(function, source)
        if function.params[0].type == units.BARS:
            first = timeframe + self.rng.choice(("", "", "[1]"))
        else:
            wanted = function.params[0].type
            if isinstance(wanted, units.Type) and wanted.arg == "price":
                column, source = "close", "price"
            first = f"{timeframe}.{column}"
        return f"{function.name}({first}{_constants(function)})", result_kind(function, source)

    # --- forms that every number has ----------------------------------------------------------------------------------

    def shared_form(self, kind: str, depth: int) -> str:
        one, two = self.draw(kind, depth - 1), self.draw(kind, depth - 1)
        match self.rng.randrange(11):
            case 0:
                return f"abs({one})"
            case 1:
                return f"min({one}, {two})"
            case 2:
                return f"max({one}, {two}, {self.leaf(kind)})"
            case 3:
                return f"clamp({one}, {two}, {self.leaf(kind)})"
            case 4:
                return f"floor_to({one}, {self.step(kind)})"
            case 5:
                return f"ceil_to({one}, {self.step(kind)})"
            case 6:
                return f"round_to({one}, {self.step(kind)})"
            case 7:
                return f"positive({one})"
            case 8:
                return f"-({one})"
            case 9 if kind != "quotient":
                return self.aggregate(self.rng.choice(("sum", "min", "max", "avg")), kind, depth)
        if kind == "count":
            return f"({one}) + ({two})"
        return f"({one}) * {self.rng.choice(('50%', '0%') if kind == 'ratio' else ('0.5', '2', '3'))}"

    def step(self, kind: str) -> str:
        steps = {
            "distance": "instrument.tick",
            "number": "0.5",
            "count": "limit_count",
            "quotient": f"({self.draw(kind, 0)})",
        }
        literals = [text for text in LITERALS.get(kind, ()) if text.strip("-")[0] != "0" or "." in text]
        return steps.get(kind) or self.rng.choice([*literals, self.leaf(kind)])

    # --- forms by kind ------------------------------------------------------------------------------------------------

    def cancelling(self, kind: str, depth: int) -> str:
        """A sum that is zero in decimals, and in binary fractions often is not."""
        x, y = self.draw(kind, min(depth - 1, 1)), self.draw(kind, min(depth - 1, 1))
        if self.rng.random() < 0.5:
            return f"(({x}) + ({y}) - ({x}) - ({y}))"
        return f"(({x}) * 0.7 + ({x}) * 0.3 - ({x}))" if kind != "ratio" else f"(({x}) - 30% - ({x}) + 30%)"

    def form(self, kind: str, depth: int) -> str:
        if kind in CANCELLING and self.rng.random() < 0.05:
            return self.cancelling(kind, depth)
        if kind == "quotient" and self.rng.random() < 0.2:
            same = self.rng.choice(CANCELLING)
            return f"({self.draw(same, depth - 1)}) / {self.cancelling(same, depth)}"
        if kind == "number" and self.rng.random() < 0.1:
            return f"sign({self.cancelling(self.rng.choice(CANCELLING), depth)})"
        template = self.rng.choice(FORMS[kind])
        return (
            self.aggregate(self.rng.choice(("count", "streak")), "count", depth)
            if template == TALLY
            else self.fill(template, depth)
        )

    def fill(self, template: str, depth: int) -> str:
        """`{price}` in a template is a price, and so on; `{T}` is one kind throughout."""
        same = self.rng.choice(PLAIN_KINDS)
        parts = template.split("{")
        out = [parts[0]]
        for part in parts[1:]:
            wanted, _, rest = part.partition("}")
            if wanted.endswith("!"):
                out.append(self.leaf(wanted[:-1]) + rest)
            else:
                out.append(self.draw(same if wanted == "T" else wanted, depth - 1) + rest)
        return "".join(out)

    def aggregate(self, name: str, kind: str, depth: int) -> str:
        if self.variable is not None or "account" not in self.frames:
            return self.leaf(kind)
        return self.over(name, self.rng.choice([over for how, over in PAIRS if how == name]), kind, depth)

    def over(self, name: str, collection: str, kind: str, depth: int) -> str:
        """An aggregate of a collection."""
        self.variable = ("t", collection)
        inner = min(depth - 1, 2)
        condition = f" if {self.draw('bool', inner)}" if self.rng.random() < 0.6 else ""
        element = "t" if name == "count" else self.draw("bool" if name in ("any", "all", "streak") else kind, inner)
        self.variable = None
        over = f"{element} for t in {collection}{condition}"
        return f"percentile(({over}), {self.rng.choice(SHARES)})" if name == "percentile" else f"{name}({over})"

    def condition(self, depth: int) -> str:
        choice = self.rng.random()
        if choice < 0.52:
            return self.comparison(depth)
        if choice < 0.62:
            return f"({self.draw('bool', depth - 1)} and {self.draw('bool', depth - 1)})"
        if choice < 0.72:
            return f"({self.draw('bool', depth - 1)} or {self.draw('bool', depth - 1)} or {self.leaf('bool')})"
        if choice < 0.78:
            return f"(not {self.draw('bool', depth - 1)})"
        if choice < 0.83:
            return f"known({self.draw(self.rng.choice(KINDS), depth - 1)})"
        if choice < 0.88:
            return self.aggregate(self.rng.choice(("any", "all")), "bool", depth)
        if choice < 0.97:
            return self.word(depth)
        return f"({self.draw('bool', depth - 1)}) {self.rng.choice(('==', '!='))} {self.leaf('bool')}"

    def comparison(self, depth: int) -> str:
        kind = self.rng.choice([kind for kind in KINDS if kind != "bool"])
        operator = self.rng.choice(("<", "<=", ">", ">=", "==", "!="))
        left, right = self.draw(kind, depth - 1), self.draw(kind, max(depth - 2, 0))
        pairs = {"distance": "pips", "quotient": "ratio", "count": "number", "pips": "distance"}
        if kind in pairs and self.rng.random() < 0.2:
            right = self.draw(pairs[kind], 0)
        if kind == "count" and self.rng.random() < 0.1:
            return f"({left}) in ({', '.join(self.rng.sample(BARE['count'], 3))})"
        if kind in BARE and self.rng.random() < 0.3:
            right = self.rng.choice(BARE[kind])
        if self.rng.random() < 0.06:
            return f"{self.leaf(kind)} <= ({left}) < ({right})"
        if kind in CANCELLING and self.rng.random() < 0.1:
            return f"{self.cancelling(kind, depth)} {operator} 0"
        if self.rng.random() < 0.12 and kind != "time":
            return f"({left}) {operator} 0"
        return f"({left}) {operator} ({right})"

    def word(self, depth: int) -> str:
        """A word of an enum or of the policy's vocabularies."""
        names = [
            fact for fact in FACTS.values()
            if (fact.type.kind == "enum" or fact.values) and fact.frame in self.frames
        ]  # fmt: skip
        named = {fact.name: fact.type.arg if fact.type.kind == "enum" else fact.values for fact in names}
        named |= {mode: mode for mode in self.vocabulary.modes}
        if not named:
            return self.leaf("bool")
        modes = self.vocabulary.modes
        name = self.rng.choice(modes if modes and self.rng.random() < 0.3 else tuple(named))
        words = ENUMS.get(named[name]) or self.vocabulary.words[named[name]]
        written = [word if word.replace("_", "a").isalnum() else f'"{word}"' for word in words]
        if self.rng.random() < 0.3 and len(written) > 1:
            chosen = ", ".join(self.rng.sample(written, 2))
            return f"{name} {self.rng.choice(('in', 'not in'))} ({chosen})"
        return f"{name} {self.rng.choice(('==', '!='))} {self.rng.choice(written)}"


# --- what a function gives --------------------------------------------------------------------------------------------


def _constants(function: Function) -> str:
    """Constants that a call needs beyond its defaults, within bounds."""
    found = [f", {param.name}=3" for param in function.params if param.constant and param.default is None]
    return "".join(found)


FEATURES = [function for function in FUNCTIONS.values() if function.kind in ("series", "step")]


def kind_of(type_: units.Type) -> str:
    """The generator's word for a type."""
    if type_.kind == "money":
        return "quote" if type_.arg == "quote" else "money"
    return {"rate": "", "contract_size": "", "enum": "", "text": "", "bar_count": "count"}.get(type_.kind, type_.kind)


def result_kind(function: Function, source: str) -> str:
    if isinstance(function.returns, units.Type):
        return kind_of(function.returns)
    spread = "distance" if source == "price" else source
    return spread if function.returns.startswith("spread") else source


def _facts_by_kind(frames: frozenset[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for fact in FACTS.values():
        if fact.frame in frames:
            found.setdefault(kind_of(fact.type), []).append(fact.name)
    return {kind: tuple(names) for kind, names in found.items()}
