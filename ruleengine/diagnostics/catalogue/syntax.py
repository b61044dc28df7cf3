"""RE130–RE149: text that is not YAML, told by its usual causes."""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.catalogue.yaml import quote
from ruleengine.diagnostics.diagnostic import Related
from ruleengine.diagnostics.span import Span


@fault(
    "RE130",
    title="not YAML",
    what="The text cannot be read as YAML, and the cause is none of the usual ones.",
    why="What cannot be read cannot be checked.",
    bad="a: {? }}",
    good="a: {}",
    proof="none: by definition no usual text has it; shown in tests/load/test_syntax.py",
)
def not_yaml(span: Span, reason: str) -> Wording:
    return says(
        f"this is not YAML: {reason}", help="compare with the lines around it: indentation, colons, quotes, brackets"
    )


@fault(
    "RE131",
    title="tab in the indentation",
    what="A line is indented with a tab.",
    why="YAML counts spaces only: how deep a tab reaches depends on the editor.",
    bad="rule:\n\twhen: spread > 1",
    good="rule:\n  when: spread > 1",
    proof="load",
)
def tab_in_indentation(span: Span) -> Wording:
    return says("tab used for indentation", help="indent with spaces, two for each level")


@fault(
    "RE132",
    title="no space after the colon",
    what="A key is followed by a colon and, without a space, by its value.",
    why="YAML takes `id:spread` as one word; only a colon with a space after it separates key and value.",
    bad="id:spread\nrequire: spread <= 2",
    good="id: spread\nrequire: spread <= 2",
    proof="load",
)
def no_space_after_colon(span: Span, key: str, value: str) -> Wording:
    return says(f"no space after the colon of {word(key)}", help=f"write {word(f'{key}: {value}')}")


@fault(
    "RE133",
    title="quote not closed",
    what="A quoted text has no closing quote, or a stray quote further down closes it.",
    why="Everything up to the next quote becomes part of the value.",
    bad='id: "spread\nrequire: spread <= 2',
    good='id: "spread"\nrequire: spread <= 2',
    proof="load",
)
def quote_not_closed(span: Span, mark: str, closed_at: Span | None) -> Wording:
    related = (Related("it reaches up to here", closed_at),) if closed_at else ()
    return says(
        f"text that begins with {word(mark)} is not closed on its line",
        help=f"add the closing {word(mark)}",
        related=related,
    )


@fault(
    "RE134",
    title="bracket not closed",
    what="A list `[` or map `{` has no closing bracket.",
    why="Everything after it would belong to the list or map.",
    bad="instruments: [USD_JPY, EUR_USD\nname: x",
    good="instruments: [USD_JPY, EUR_USD]\nname: x",
    proof="load",
)
def bracket_not_closed(span: Span, opening: str, noticed: Span) -> Wording:
    closing = {"[": "]", "{": "}"}[opening]
    return says(
        f"`{opening}` is not closed",
        help=f"add the closing `{closing}`",
        related=(Related("the list or map still goes on here", noticed),),
    )


@fault(
    "RE135",
    title="indentation that fits no level",
    what="A line begins at a column at which no surrounding map or list has its entries.",
    why="Indentation alone says what belongs to what.",
    bad="rule:\n    id: spread\n  when: spread > 1",
    good="rule:\n    id: spread\n    when: spread > 1",
    proof="load",
)
def bad_indentation(span: Span, found: int, levels: tuple[int, ...]) -> Wording:
    if not levels:
        return says("line does not continue what stands above", help="align it with the entry it belongs to")
    expected = " or ".join(str(level) for level in levels)
    return says(f"line is indented by {found} where {expected} would fit", help=f"indent it by {expected} spaces")


@fault(
    "RE136",
    title="colon inside a value",
    what="A value without quotes holds a colon followed by a space.",
    why="For YAML the part before the second colon would be another key on the same line.",
    bad="description: entry: never above 2 pips",
    good='description: "entry: never above 2 pips"',
    proof="load",
)
def colon_in_value(span: Span, value: str) -> Wording:
    return says(
        "a second `: ` on the line", help=f"quote the value: `{quote(value)}`, or put the entry on its own line"
    )


@fault(
    "RE137",
    title="value that begins with a reserved character",
    what="A value without quotes begins with one of ``@ ` % & * ! | > ?``, which have a meaning of their own in YAML.",
    why="`> 3` begins a folded text and `*x` an alias, so the value would not arrive as written.",
    bad="when: >= 3",
    good="when: spread >= 3",
    proof="load",
)
def reserved_first_character(span: Span, character: str, value: str) -> Wording:
    return says(
        f"a value cannot begin with `{character}` without quotes",
        help=f"write the measured value first if this is a condition, or quote it: `{quote(value)}`",
    )


@fault(
    "RE138",
    title="text after a closing quote",
    what="A value begins with a quoted part and goes on after the closing quote.",
    why="For YAML a value that begins with a quote ends with it.",
    bad='when: "long" == side',
    good="when: side == long",
    proof="load",
)
def text_after_quote(span: Span, value: str) -> Wording:
    return says("the value ends at the closing quote, and more text follows", help=f"quote the whole: `{quote(value)}`")


@fault(
    "RE139",
    title="unknown escape",
    what='A backslash in a "double-quoted" text is followed by something that is no escape.',
    why="Readers disagree about what it would mean.",
    bad='pattern: "\\d+"',
    good="pattern: '\\d+'",
    proof="load",
)
def unknown_escape(span: Span, escape: str) -> Wording:
    return says(
        f"{word(escape)} is no escape", help="use single quotes, where a backslash is a backslash, or write it twice"
    )


@fault(
    "RE141",
    title="bracket or comma that fits nothing",
    what="A closing bracket has no opening one, or a comma stands where a value should.",
    why="It is unclear what belongs to the list or map.",
    bad="instruments: [USD_JPY,, EUR_USD]",
    good="instruments: [USD_JPY, EUR_USD]",
    proof="load",
)
def stray_character(span: Span, character: str) -> Wording:
    return says(
        f"`{character}` fits nothing here", help=f"delete the `{character}`, or quote the value if it belongs to it"
    )


@fault(
    "RE142",
    title="key without a colon",
    what="A line stands where a key is expected and has no colon.",
    why="Every entry of a map is `key: value`.",
    bad="id: spread\nenforce\nrequire: spread <= 2",
    good="id: spread\nenforcement: enforce\nrequire: spread <= 2",
    proof="load",
)
def key_without_colon(span: Span, text: str) -> Wording:
    return says(
        f"expected `key: value`, found {word(text)}", help="add a colon and a value, or indent it as part of a value"
    )


@fault(
    "RE143",
    title="list where a single entry can stand",
    what="A list item `- ` begins on the line of its key, or between the keys of a map.",
    why="Items of a list stand below their key, one to a line.",
    bad="rules: - id: spread",
    good="rules:\n  - id: spread",
    proof="load",
)
def misplaced_item(span: Span) -> Wording:
    return says(
        "a list item cannot begin here",
        help="put each `- ` on a line of its own below the key; attach the minus of a negative number: `-3`",
    )


@fault(
    "RE144",
    title="bracket inside an unquoted value",
    what="Inside `{…}` or `[…]` an unquoted value holds `[`, `{` or a quoted part.",
    why="There YAML ends the value at the bracket.",
    bad="rule: {when: side in [long, short]}",
    good='rule: {when: "side in [long, short]"}',
    proof="load",
)
def bracket_in_flow_value(span: Span, value: str) -> Wording:
    return says(
        "an unquoted value inside brackets ends here", help=f"write it in block style or quote it: `{quote(value)}`"
    )


@fault(
    "RE145",
    title="text after a closing bracket",
    what="After the closing bracket of a list or map the line goes on.",
    why="A value that begins with a bracket ends with it.",
    bad="instruments: [USD_JPY] EUR_USD",
    good="instruments: [USD_JPY, EUR_USD]",
    proof="load",
)
def text_after_bracket(span: Span, bracket: str) -> Wording:
    return says(
        f"the value ends at `{bracket}`, and more text follows", help="move it inside the brackets, or delete it"
    )


@fault(
    "RE146",
    title="comma missing",
    what="Inside `{…}` an entry is followed by another key without a comma between them.",
    why="Only a comma ends an entry inside brackets.",
    bad="requires: {account: hedging currency: JPY}",
    good="requires: {account: hedging, currency: JPY}",
    proof="load",
)
def comma_missing(span: Span, key: str, next_key: str) -> Wording:
    return says(
        f"a second `:` in the entry of {word(key)}",
        help=f"put a comma before {word(next_key)}, or quote the value if the colon is part of it",
    )


@fault(
    "RE147",
    title="quote that closes nothing",
    what="A text without quotes around it has an odd number of double quotes.",
    why="The opening quote was lost, so the closing one became part of the text.",
    bad='description: never above 2 pips"',
    good='description: "never above 2 pips"',
    proof="read:text",
)
def stray_quote(span: Span, value: str) -> Wording:
    fixed = quote(value.replace('"', "").strip())
    return says("a double quote without its partner", help=f"write `{fixed}`, or put single quotes around the text")
