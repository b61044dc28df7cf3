"""RE100–RE129: files, characters, size and the parts of YAML that policies do not use.

RE130–RE149 (text that is not YAML) stands in `syntax.py`, RE150–RE179 (single values) in `scalar.py`.
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Related
from ruleengine.diagnostics.span import Span

_IN_BYTES = "none: the fault is in the file's bytes or size; shown in tests/load/test_files.py"
_UNSEEN = "none: the character cannot be seen in an example; shown in tests/load/test_characters.py"
_IN_BULK = "none: the example would fill the page; shown in tests/load/test_limits.py"


@fault(
    "RE101",
    title="file too large",
    what="A policy file has more than the allowed number of bytes. It is refused by its size, before it is read.",
    why="Nobody reads a policy of hundreds of pages, and a file of this size is usually a recording or a mistake.",
    bad="a file of 300 KiB",
    good="several files of less than 256 KiB, joined with `extends`",
    proof=_IN_BYTES,
)
def file_too_large(span: Span, size: int, limit: int) -> Wording:
    return says(
        f"file has {size:,} bytes, more than the {limit:,} allowed", help="split it and join the parts with `extends`"
    )


@fault(
    "RE102",
    title="set of files too large",
    what="The files loaded together have more bytes than allowed.",
    why="Work on bad input has to stay bounded, whatever is passed on the command line.",
    bad="ten files of 250 KiB in one command",
    good="the same files in several commands",
    proof=_IN_BYTES,
)
def set_too_large(span: Span, size: int, limit: int) -> Wording:
    return says(
        f"with this file the set has {size:,} bytes, more than the {limit:,} allowed",
        help="pass fewer files, or a narrower folder",
    )


@fault(
    "RE103",
    title="file cannot be read",
    what="The path names nothing, or something that is not an ordinary readable file.",
    why="Pipes and devices have no end, folders have no text; a policy is an ordinary file that can be read again.",
    bad="ruleengine validate /dev/zero",
    good="ruleengine validate policies/fx_hedge/policy.yaml",
    proof=_IN_BYTES,
)
def unreadable(span: Span, reason: str) -> Wording:
    return says(f"file cannot be read: {reason}", help="name an existing, ordinary file that you may read")


@fault(
    "RE104",
    title="not UTF-8",
    what="The file's bytes are no UTF-8 text.",
    why="In another encoding the same bytes mean other letters, and places in messages would be wrong.",
    bad="a file saved as UTF-16 or Latin-1",
    good="the same file saved as UTF-8 without a byte order mark",
    proof=_IN_BYTES,
)
def not_utf8(span: Span, found: str) -> Wording:
    return says(f"file is not UTF-8: {found}", help="save it as UTF-8 without a byte order mark")


@fault(
    "RE105",
    title="byte order mark",
    what="The file begins with the invisible character U+FEFF.",
    why="Some tools take it as part of the first key, others drop it; then two readers see two policies.",
    bad="a file saved as `UTF-8 with BOM`",
    good="the same file saved as `UTF-8`",
    proof=_IN_BYTES,
)
def byte_order_mark(span: Span) -> Wording:
    return says("file begins with a byte order mark", help="save it as UTF-8 without a byte order mark")


@fault(
    "RE106",
    title="control character",
    what="The text holds a control character other than tab and line end.",
    why="It cannot be seen and every program treats it differently; it comes from damage or from a paste.",
    bad="a NUL byte in the middle of a word",
    good="the same word without it",
    proof=_UNSEEN,
)
def control_character(span: Span, name: str) -> Wording:
    hint = " (many of them usually mean a file saved as UTF-16)" if name.startswith("U+0000") else ""
    return says(f"control character {name} in the text", help=f"delete it{hint}")


@fault(
    "RE107",
    title="invisible or direction-changing character",
    what="The text holds a character that takes no room, turns the reading direction, or is a space or line end that "
    "looks like the ordinary one.",
    why="What a reviewer sees is then not what the engine reads: two names that look the same are different.",
    bad="`spread` with a zero-width space in it",
    good="`spread` typed again",
    proof=_UNSEEN,
)
def invisible_character(span: Span, name: str, instead: str) -> Wording:
    return says(f"{name} cannot be told from what it looks like", help=instead)


@fault(
    "RE108",
    title="letter of another alphabet that looks Latin",
    what="A word mixes Latin letters with Cyrillic, Greek or full-width ones that look the same.",
    why="`spread` with a Cyrillic `а` is another name than `spread`, and no eye can tell.",
    bad="spreаd: 1.2pips",
    good="spread: 1.2pips",
    proof="load",
)
def look_alike_letter(span: Span, text: str, letter: str, latin: str) -> Wording:
    return says(
        f"{word(text)} contains {letter}, which looks like `{latin}`", help=f"type `{latin}` on a Latin keyboard"
    )


@fault(
    "RE109",
    title="empty file",
    what="The file holds no value: it is empty or has nothing but comments.",
    why="A policy without content would silently permit or forbid nothing.",
    bad="# a comment only",
    good="kind: Policy",
    proof="load",
)
def empty_file(span: Span) -> Wording:
    return says("file has no content", help="write the document, beginning with `apiVersion:` and `kind:`")


@fault(
    "RE110",
    title="nested too deep",
    what="Maps and lists stand more than 32 deep in each other.",
    why="No policy needs it, and unbounded depth is the usual way to make a reader run out of stack.",
    bad="deep: " + "[" * 33 + "]" * 33,
    good="deep: [[]]",
    proof="load",
)
def too_deep(span: Span, limit: int) -> Wording:
    return says(f"nested more than {limit} deep", help="flatten it, or give the inner part a name in `features:`")


@fault(
    "RE111",
    title="too many values",
    what="The file holds more than 20,000 keys, values, lists and maps.",
    why="Work on bad input has to stay bounded; the largest policy of ours has about 2,000.",
    bad="a list of 20,001 items",
    good="the same rules in several files, or data in a recording instead of a policy",
    proof=_IN_BULK,
)
def too_many_nodes(span: Span, limit: int) -> Wording:
    return says(f"more than {limit:,} keys and values in one file", help="split the file; data belongs into recordings")


@fault(
    "RE112",
    title="too many aliases",
    what="The file repeats anchored values (`*name`) more than 100 times.",
    why="Aliases are how a few bytes become gigabytes.",
    bad="[&a x" + ", *a" * 101 + "]",
    good="[&a x, *a]",
    proof="load",
)
def too_many_aliases(span: Span, limit: int) -> Wording:
    return says(f"more than {limit} aliases in one file", help="use `parameters:` or a table for what repeats")


@fault(
    "RE113",
    title="aliases expand too far",
    what="With every alias written out the file would be more than ten times as long, or exceed the limits of a file.",
    why="Aliases of aliases grow without bound from a few lines.",
    bad="a: &a [one, two, three, four, five, six, seven, eight, nine]\n"
    "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
    "c: [*b, *b, *b, *b, *b, *b, *b, *b, *b]",
    good="a: &a [one, two]\nb: *a",
    proof="load",
)
def aliases_expand_too_far(span: Span, what: str) -> Wording:
    return says(f"aliases written out exceed {what}", help="use `parameters:` or a table for what repeats")


@fault(
    "RE114",
    title="alias inside its own value",
    what="An alias repeats the value that it stands in.",
    why="Written out it would never end.",
    bad="a: &a [*a]",
    good="a: &a [1]\nb: *a",
    proof="load",
)
def alias_of_itself(span: Span, name: str, anchor: Span) -> Wording:
    return says(
        f"{word('*' + name)} repeats the value that it stands in",
        help="give the repeated part an anchor of its own",
        related=(Related("the value begins here", anchor),),
    )


@fault(
    "RE115",
    title="alias of an unknown anchor",
    what="`*name` repeats a value marked `&name`, and nothing above is marked so.",
    why="Often no alias was meant: a value that begins with `*` has to be quoted.",
    bad="a: *limits",
    good="base: &limits [1, 2]\na: *limits",
    proof="load",
)
def unknown_anchor(span: Span, name: str, suggestion: str | None) -> Wording:
    fallback = f"mark the value with {word('&' + name)} above, or quote the text if no alias is meant"
    return says(f"no value is marked {word('&' + name)} above", help=suggestion or fallback)


@fault(
    "RE116",
    title="anchor used twice",
    what="Two values carry the same anchor.",
    why="An alias would mean the one or the other depending on where it stands.",
    bad="a: &x 1\nb: &x 2",
    good="a: &x 1\nb: &y 2",
    proof="load",
)
def anchor_twice(span: Span, name: str, first: Span) -> Wording:
    return says(
        f"anchor {word('&' + name)} is used twice",
        help="give the second value another anchor",
        related=(Related("first used here", first),),
    )


@fault(
    "RE117",
    title="second document in the file",
    what="A line `---` begins a second document in the same file.",
    why="One file is one policy: most tools would read the first document only and drop the rest.",
    bad="a: 1\n---\nb: 2",
    good="a: 1\nb: 2",
    proof="load",
)
def second_document(span: Span) -> Wording:
    return says("a second document begins here", help="move it into a file of its own, or delete the `---`")


@fault(
    "RE118",
    title="YAML directive",
    what="A line beginning with `%` gives instructions to the YAML reader.",
    why="The language has one way to be read; a directive could only change it.",
    bad="%YAML 1.1\n---\na: 1",
    good="a: 1",
    proof="load",
)
def directive(span: Span) -> Wording:
    return says("YAML directives are not used here", help="delete the lines that begin with `%`")


@fault(
    "RE120",
    title="tag",
    what="A value begins with `!`, which in YAML names a type for the reader to build.",
    why="Types come from the place a value stands in; tags are how YAML files have run foreign code.",
    bad="size: !!python/name:os.system x",
    good="size: 3",
    proof="load",
)
def tag(span: Span, text: str) -> Wording:
    hint = "write `not x` or `a != b` for a condition; quote the text if the `!` belongs to it"
    return says(f"tag {word(text)} is not used here", help=f"delete it, or: {hint}")


@fault(
    "RE121",
    title="merge key",
    what="`<<:` copies the entries of another map into this one.",
    why="What the map contains can then no longer be read where it stands; YAML 1.2 has dropped it.",
    bad="base: &b {x: 1}\nrule: {<<: *b}",
    good="base: &b {x: 1}\nrule: *b",
    proof="load",
)
def merge_key(span: Span) -> Wording:
    return says("merge key `<<` is not used here", help="write the entries out, or use `extends` and `parameters:`")


@fault(
    "RE122",
    title="key that YAML does not read as text",
    what="A key without quotes is a number, a date or a word such as `on`, that YAML readers turn into something else.",
    why="`1`, `1.0` and `true` become the same key for some readers, `on` becomes true, `005930` loses its zeros.",
    bad="005930: 10",
    good='"005930": 10',
    proof="load",
)
def key_not_text(span: Span, key: str, kind: str) -> Wording:
    return says(f"key {word(key)} can be read as {kind}", help=f'quote it: `"{key}":`')


@fault(
    "RE123",
    title="duplicate key",
    what="The same key stands twice in one map.",
    why="Most readers silently keep the last one: this is how a limit was halved unnoticed.",
    bad="limit: 10\nlimit: 5",
    good="limit: 10",
    proof="load",
)
def duplicate_key(span: Span, key: str, first: Span) -> Wording:
    return says(
        f"key {word(key)} is written twice",
        help="keep one of the two",
        related=(Related("first written here", first),),
    )


@fault(
    "RE124",
    title="key that is no text at all",
    what="A key is a list, a map, an alias or nothing.",
    why="Keys are words of the language or names; nothing else has a meaning here.",
    bad="? [a, b]\n: 1",
    good="a: 1\nb: 1",
    proof="load",
)
def key_not_scalar(span: Span, found: str) -> Wording:
    return says(f"expected a word as key, found {found}", help="write `key: value` with a word as key")


@fault(
    "RE125",
    title="expression cut at a comma",
    what="Inside `{…}` and `[…]` a comma ends the entry, also within the parentheses of an expression.",
    why="`{when: rsi(m1, 14) > 70}` is for YAML a map with the two keys `when` and `14) > 70`.",
    bad="rule: {when: rsi(m1, 14) > 70}",
    good='rule: {when: "rsi(m1, 14) > 70"}',
    proof="load",
)
def cut_at_comma(span: Span, text: str, key: str | None) -> Wording:
    quoted = quote(text)
    fixed = f"`{key}: {quoted}`" if key else f"`{quoted}`"
    return says(f"{word(text)} is cut at the comma", help=f"write it in block style or quote it: {fixed}")


@fault(
    "RE126",
    title="entry without a value",
    what="Inside `{…}` an entry has a key and no value.",
    why="Usually a comma was read as the end of the entry, or the space after the colon is missing.",
    bad="applies_to: {intent: entry, fast_scalp}",
    good="applies_to: {intent: entry, strategy: fast_scalp}",
    proof="load",
)
def entry_without_value(span: Span, key: str) -> Wording:
    return says(
        f"{word(key)} has no value",
        help="write `key: value`, or quote what belongs together if the comma is part of it",
    )


def quote(text: str) -> str:
    """The text as a quoted YAML value, in the quotes that need no escape where there are such.

    >>> quote("rsi(m1, 14) > 70"), quote('side == "buy"')
    ('"rsi(m1, 14) > 70"', '\\'side == "buy"\\'')
    """
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"
