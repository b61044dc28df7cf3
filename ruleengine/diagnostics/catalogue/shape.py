"""RE200–RE219: keys, required parts, words and kinds of values of a document that is good YAML.

RE220–RE229 (scenarios) stand in `scenarios.py`, RE230–RE249 (policies made of several files) in `composition.py`. One
function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Related
from ruleengine.diagnostics.span import Span
from ruleengine.diagnostics.suggest import help_line

_LISTED_MAX = 16
_SECTIONS = (
    "guards", "caps", "sizing", "entries", "ladders", "pyramids", "hedges", "exits", "protections", "alerts",
    "parameters",
)  # fmt: skip
"""Of which an overlay names rules and parameters without their section."""


def listed(words: Iterable[str], conjunction: str = "or") -> str:
    """Words in backticks, as a sentence has them; a long list is cut.

    >>> listed(["reduce", "open"]), listed(["a"]), listed([])
    ('`reduce` or `open`', '`a`', 'nothing')
    """
    shown = [f"`{each}`" for each in words]
    if len(shown) > _LISTED_MAX:
        shown = [*shown[: _LISTED_MAX - 1], f"{len(shown) - _LISTED_MAX + 1} more"]
    if not shown:
        return "nothing"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {conjunction} {shown[-1]}"


def _where(owner: str | None) -> str:
    return f"in `{owner}`" if owner else "at the top of the file"


def _slip_or_all(text: str, known: Sequence[str], otherwise: str) -> str:
    return help_line(text, known) or f"{otherwise} {listed(known, 'and')}"


@fault(
    "RE201",
    title="unknown key",
    what="The key is not one that the language has at this place.",
    why="A key that nothing reads looks like a rule and does nothing: a whole block of limits has gone unread that way "
    "(SC-17).",
    bad="guards:\n  - {id: spread, applies_to: {intent: entry}, requre: spread <= 1.2pips}",
    good="guards:\n  - {id: spread, applies_to: {intent: entry}, require: spread <= 1.2pips}",
    proof="none: a whole policy is needed; shown in tests/rejected/keys.yaml",
)
def unknown_key(span: Span, key: str, owner: str | None, known: Sequence[str]) -> Wording:
    return says(f"unknown key {word(key)} {_where(owner)}", help=_slip_or_all(key, known, "known here:"))


@fault(
    "RE202",
    title="missing key",
    what="A key that the language requires at this place is not given.",
    why="A limit or a name that is left out has no safe default, so the author has to state it.",
    bad="guards:\n  - {id: spread, applies_to: {intent: entry}}",
    good="guards:\n  - {id: spread, applies_to: {intent: entry}, require: spread <= 1.2pips}",
    proof="none: a whole policy is needed; shown in tests/rejected/keys.yaml",
)
def missing_key(span: Span, key: str, owner: str | None, example: str | None) -> Wording:
    return says(
        f"{word(key)} is missing {_where(owner)}", help=f"add `{key}: {example}`" if example else f"add `{key}:`"
    )


@fault(
    "RE203",
    title="wrong kind of value",
    what="A map, a list or a single value stands where another of the three is expected.",
    why="The place decides how a value is read; another kind has no meaning there.",
    bad="guards: {id: spread}",
    good="guards:\n  - id: spread",
    proof="none: a whole policy is needed; shown in tests/rejected/kinds.yaml",
)
def wrong_kind(span: Span, owner: str | None, expected: str, found: str, example: str | None) -> Wording:
    place = f" for {word(owner)}" if owner else ""
    return says(f"expected {expected}{place}, found {found}", help=f"write it as in `{example}`" if example else None)


@fault(
    "RE204",
    title="unknown word",
    what="The place takes one of a few words, and another one stands there.",
    why="A word that is almost right would otherwise be taken for none, and the default would act instead.",
    bad="enforcement: enforced",
    good="enforcement: enforce",
    proof="none: a whole policy is needed; shown in tests/rejected/words.yaml",
)
def unknown_choice(span: Span, text: str, owner: str | None, words: Sequence[str]) -> Wording:
    place = f"{word(owner)} cannot be {word(text)}" if owner else f"{word(text)} is not known here"
    return says(place, help=_slip_or_all(text, words, "write" if len(words) == 1 else "choose one of"))


@fault(
    "RE206",
    title="language version",
    what="`apiVersion` names a version of the language that this program does not read.",
    why="The same text can mean something else in another version.",
    bad="apiVersion: ruleengine/v9",
    good="apiVersion: ruleengine/v1",
    proof="none: a whole policy is needed; shown in tests/rejected/document.yaml",
)
def language_version(span: Span, text: str, known: Sequence[str]) -> Wording:
    return says(f"this program does not read {word(text)}", help=f"write {listed(known)}, or use a program that does")


@fault(
    "RE207",
    title="kind of document",
    what="`kind` says that the file is something else than what is asked for here.",
    why="A file read as what it is not would be refused in a hundred places for one reason.",
    bad="kind: Polcy",
    good="kind: Policy",
    proof="none: a whole policy is needed; shown in tests/rejected/document.yaml",
)
def document_kind(span: Span, text: str, expected: str) -> Wording:
    return says(f"expected a file of kind `{expected}`, found {word(text)}", help=f"write `kind: {expected}`")


@fault(
    "RE208",
    title="list or map with too few items",
    what="The list or map is shorter than its place needs.",
    why="An empty list here could only be a mistake: a schedule without windows is never open.",
    bad="windows: []",
    good='windows: [{from: "21:00", to: "06:00"}]',
    proof="none: a whole policy is needed; shown in tests/rejected/kinds.yaml",
)
def too_few_items(span: Span, key: str | None, least: int, example: str | None) -> Wording:
    items = "one item" if least == 1 else f"{least} items"
    return says(
        f"{word(key or 'the list')} needs at least {items}", help=f"for example `{example}`" if example else None
    )


@fault(
    "RE209",
    title="rule id used twice",
    what="Two rules of the policy have the same id, in one section or in two.",
    why="The id stands in every decision; two rules under one name cannot be told apart, nor switched off.",
    bad="guards: [{id: margin}]\ncaps: [{id: margin}]",
    good="guards: [{id: margin-guard}]\ncaps: [{id: margin-cap}]",
    proof="none: a whole policy is needed; shown in tests/rejected/relations.yaml",
)
def duplicate_id(span: Span, rule: str, first: Span) -> Wording:
    return says(
        f"rule id {word(rule)} is used twice",
        help="give one of the two rules another id",
        related=(Related("first used here", first),),
    )


@fault(
    "RE210",
    title="name that cannot be used",
    what="A key that the author chooses is no name: expressions could not refer to it.",
    why="Names of features, parameters, tables and schedules stand in expressions, where `a-b` is a subtraction.",
    bad="features: {ma20-gap: mid}",
    good="features: {ma20_gap: mid}",
    proof="none: a whole policy is needed; shown in tests/rejected/kinds.yaml",
)
def bad_name(span: Span, text: str, fix: str | None, allowed: str) -> Wording:
    section, _, name = text.partition(".")
    if section in _SECTIONS and name.replace("_", "").replace("-", "").isalnum():
        fix = name
    return says(f"{word(text)} cannot be a name here", help=f"write `{fix}`" if fix else f"use {allowed}")


@fault(
    "RE211",
    title="one of several keys is missing",
    what="One of several keys has to be given, and none is.",
    why="Without it the rule would have nothing to do.",
    bad="reduce: {at_least: 10_000units}",
    good="reduce: {until: account.margin_used_of_available <= 82%, at_least: 10_000units}",
    proof="none: a whole policy is needed; shown in tests/rejected/relations.yaml",
)
def one_of_missing(span: Span, keys: Sequence[str], owner: str | None) -> Wording:
    return says(f"{listed(keys)} is missing {_where(owner)}", help=f"add {listed(keys)}")


@fault(
    "RE212",
    title="keys that exclude each other",
    what="Two keys are given of which only one can count.",
    why="Which of them acts would depend on an order that nobody sees.",
    bad="hedges:\n  - {id: relief, reduce: …, open: …}",
    good="hedges:\n  - {id: relief, reduce: …}",
    proof="none: a whole policy is needed; shown in tests/rejected/relations.yaml",
)
def keys_exclude(span: Span, key: str, other: str, other_at: Span) -> Wording:
    return says(
        f"{word(key)} and {word(other)} exclude each other",
        help="keep one of the two; write a second rule if both are meant",
        related=(Related("the other one stands here", other_at),),
    )


@fault(
    "RE213",
    title="key that another one needs",
    what="With the keys that are given, a further one has to be stated.",
    why="What happens in the open case (a floor above a cap, an input unknown) is the author's decision, not ours.",
    bad="reduce: {until: …, at_least: 10_000units, at_most: [90_000units]}",
    good="reduce: {until: …, at_least: 10_000units, at_most: [90_000units], floor_over_cap: send_nothing}",
    proof="none: a whole policy is needed; shown in tests/rejected/relations.yaml",
)
def needs_key(span: Span, missing: Sequence[str], because: str, example: str | None) -> Wording:
    verb = "is" if len(missing) == 1 else "are"
    hint = f"add `{missing[0]}: {example}`" if example else f"add {listed(missing, 'and')}"
    return says(f"{listed(missing, 'and')} {verb} missing, which `{because}` needs", help=hint)


@fault(
    "RE214",
    title="item given twice",
    what="The same word stands twice in a list in which each counts once.",
    why="The second one does nothing; another word was probably meant.",
    bad="instruments: [USD_JPY, USD_JPY]",
    good="instruments: [USD_JPY, EUR_USD]",
    proof="none: a whole policy is needed; shown in tests/rejected/words.yaml",
)
def repeated_item(span: Span, text: str, first: Span) -> Wording:
    return says(
        f"{word(text)} stands twice in the list",
        help="delete one of the two",
        related=(Related("first written here", first),),
    )


@fault(
    "RE216",
    title="time of day",
    what="A time of day is written as hours and minutes of a 24-hour clock, in quotes.",
    why="Anything else can be read in two ways, or as no time at all.",
    bad='from: "9pm"',
    good='from: "21:00"',
    proof="none: a whole policy is needed; shown in tests/rejected/words.yaml",
)
def time_of_day(span: Span, text: str) -> Wording:
    return says(f"{word(text)} is no time of day", help='write hours and minutes, such as `"21:00"`')


@fault(
    "RE217",
    title="date",
    what="A date is written as year, month and day, in quotes.",
    why="`03/04` is March for some and April for others, and a day that does not exist was meant to be another.",
    bad='except_dates: ["2026-02-30"]',
    good='except_dates: ["2026-02-28"]',
    proof="none: a whole policy is needed; shown in tests/rejected/words.yaml",
)
def date(span: Span, text: str) -> Wording:
    return says(f"{word(text)} is no date", help='write year, month and day, such as `"2026-12-25"`')


@fault(
    "RE218",
    title="time zone",
    what="The name is no zone of the IANA database.",
    why="Windows follow the zone's daylight saving; abbreviations such as `EST` have none or several meanings.",
    bad="timezone: Tokyo",
    good="timezone: Asia/Tokyo",
    proof="none: a whole policy is needed; shown in tests/rejected/words.yaml",
)
def time_zone(span: Span, text: str, candidates: Sequence[str]) -> Wording:
    near = help_line(text, candidates) or next(
        (f"did you mean `{zone}`?" for zone in candidates if zone.split("/")[-1].lower() == text.lower()), None
    )
    return says(f"there is no time zone {word(text)}", help=near or "write a name such as `Asia/Tokyo` or `UTC`")


@fault(
    "RE215",
    title="value that does not fit its place",
    what="The value reads well, and its unit, its size or its form is not what this place takes.",
    why="A size in pips or a share above one was meant to be something else.",
    bad="units: 11pips",
    good="units: 11_000units",
    proof="none: an account or a scenario is needed; shown in tests/schema/test_scenario.py",
)
def out_of_place(span: Span, reason: str, help: str | None = None) -> Wording:
    return says(reason, help=help)


@fault(
    "RE219",
    title="outside of the published schema",
    what="The published JSON Schema refuses the value, and no other finding says why.",
    why="The schema is the contract that editors and other programs check against.",
    bad="a document that the schema refuses",
    good="a document that the schema takes",
    proof="none: other findings come first; shown in tests/schema/test_contract.py",
)
def outside_schema(span: Span, reason: str) -> Wording:
    return says(f"the published schema refuses this: {reason}", help="compare it with `ruleengine schema`")
