"""RE230–RE249: policies made of several files: `extends`, `parts`, overlays, `--set`."""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Related
from ruleengine.diagnostics.span import Span
from ruleengine.diagnostics.suggest import help_line

_IN_FILES = "none: several files are needed; shown in tests/schema/test_compose.py"


@fault(
    "RE230",
    title="path out of the set",
    what="`extends` names a file outside of the folder that holds the operator's policies, or not a relative path.",
    why="What a policy means has to lie in the set that is reviewed and versioned with it.",
    bad="extends: /etc/base.policy.yaml",
    good="extends: ../common/base.policy.yaml",
    proof=_IN_FILES,
)
def outside_of_set(span: Span, path: str, why: str) -> Wording:
    return says(f"{word(path)} {why}", help="name a file of the same set of policies, relative to this one")


@fault(
    "RE231",
    title="policy below cannot be used",
    what="The file that `extends` names cannot be loaded as a policy.",
    why="Without it, this policy has no meaning.",
    bad="extends: ./bsae.policy.yaml",
    good="extends: ./base.policy.yaml",
    proof=_IN_FILES,
)
def base_unusable(span: Span, path: str, reason: str) -> Wording:
    return says(f"{word(path)} cannot be extended: {reason}", help="name an existing policy file")


@fault(
    "RE232",
    title="policies that extend each other",
    what="Following `extends` leads back to a file that was already read.",
    why="There is no lowest policy to begin with.",
    bad="a.policy.yaml extends b.policy.yaml, which extends a.policy.yaml",
    good="a.policy.yaml extends base.policy.yaml, which extends nothing",
    proof=_IN_FILES,
)
def extends_cycle(span: Span, files: Sequence[str]) -> Wording:
    return says(f"`extends` goes in a circle: {' → '.join(files)}", help="remove one of them")


@fault(
    "RE233",
    title="too many levels",
    what="More policies stand on each other than allowed.",
    why="What a rule says has to be found by a reader who follows a few files.",
    bad="nine policies, each extending the next",
    good="a base, a desk and an account",
    proof=_IN_FILES,
)
def too_many_levels(span: Span, most: int) -> Wording:
    return says(f"more than {most} policies extend each other", help="join the lower ones into one file")


@fault(
    "RE234",
    title="change of the policy below that is not announced",
    what="Something is defined that the policy below defines too, and `overrides` does not name it.",
    why="A limit that is replaced by accident, because two files chose the same name, is gone unnoticed.",
    bad="extends: ./base.policy.yaml\nguards:\n  - {id: spread, require: spread <= 3pips}",
    good="extends: ./base.policy.yaml\noverrides: [guards.spread]\nguards:\n  - {id: spread, require: spread <= 3pips}",
    proof=_IN_FILES,
)
def not_announced(span: Span, address: str, below: Span) -> Wording:
    return says(
        f"{word(address)} is already defined by the policy below",
        help=f"add {word(address)} to `overrides` if it is meant to change, or choose another name",
        related=(Related("defined here", below),),
    )


@fault(
    "RE235",
    title="override of something that is not there",
    what="`overrides` or `removes` names what the policy below does not define.",
    why="The rule that was meant stays as it was, and the reader believes otherwise.",
    bad="overrides: [guards.spraed]",
    good="overrides: [guards.spread]",
    proof=_IN_FILES,
)
def nothing_below(span: Span, address: str, known: Sequence[str]) -> Wording:
    hint = (
        "write section and name, such as `guards.spread`"
        if "." not in address
        else "name what it defines, or delete it"
    )
    return says(f"the policy below defines no {word(address)}", help=help_line(address, known, hint))


@fault(
    "RE236",
    title="announced change that is not made",
    what="`overrides` names something that this file then does not define.",
    why="Either the change was forgotten, or the list grants more than is needed.",
    bad="overrides: [guards.spread]",
    good="overrides: []",
    proof=_IN_FILES,
)
def override_unused(span: Span, address: str) -> Wording:
    return says(
        f"{word(address)} is announced in `overrides` and not changed here", help="change it here, or delete it"
    )


@fault(
    "RE237",
    title="overlay for another policy",
    what="The overlay says which policies it is for, and this one is not among them.",
    why="Its values were chosen with another policy in mind.",
    bad="policy: crypto-scaling",
    good="policy: fx-hedge",
    proof=_IN_FILES,
)
def other_policy(span: Span, policy: str, meant: Sequence[str]) -> Wording:
    return says(
        f"this overlay is for {', '.join(word(each) for each in meant)}, not for {word(policy)}",
        help="use another overlay, or add the policy to `policy:`",
    )


@fault(
    "RE238",
    title="`--set` that cannot be read",
    what="`--set` takes the name of a parameter, an equals sign and a value.",
    why="What is set has to be plain, because it changes a limit.",
    bad="--set max_margin_usage",
    good="--set max_margin_usage=80%",
    proof=_IN_FILES,
)
def set_unreadable(span: Span, text: str, why: str) -> Wording:
    return says(f"{word(text)} {why}", help="write `--set name=value`, such as `--set max_margin_usage=80%`")


@fault(
    "RE239",
    title="parameter set twice",
    what="The same parameter is given by `--set` more than once.",
    why="Which of the values counts would depend on their order.",
    bad="--set safety=80% --set safety=90%",
    good="--set safety=80%",
    proof=_IN_FILES,
)
def set_twice(span: Span, name: str, first: Span) -> Wording:
    return says(f"{word(name)} is set twice", help="keep one of the two", related=(Related("first set here", first),))


@fault(
    "RE240",
    title="part that cannot be used",
    what="A file that `parts` names cannot be loaded as a part.",
    why="Without it, rules that the policy counts on would not be there.",
    bad="parts: [./exist.part.yaml]",
    good="parts: [./exits.part.yaml]",
    proof=_IN_FILES,
)
def part_unusable(span: Span, path: str, reason: str) -> Wording:
    return says(f"{word(path)} cannot be a part: {reason}", help="name an existing file of `kind: Part`")


@fault(
    "RE241",
    title="defined in two files of one policy",
    what="Two parts of a policy, or a part and its own file, define the same thing.",
    why="Neither lies above the other, so which one counts would depend on the order in which they are named.",
    bad="guards.spread in entries.part.yaml and in hedges.part.yaml",
    good="guards.spread in entries.part.yaml only",
    proof=_IN_FILES,
)
def defined_twice(span: Span, address: str, first: Span) -> Wording:
    return says(
        f"{word(address)} is already defined in another file of this policy",
        help="keep one of the two",
        related=(Related("defined here", first),),
    )


@fault(
    "RE242",
    title="part that no policy uses",
    what="A file of `kind: Part` stands beside policies of which none names it under `parts`.",
    why="Its rules are written, reviewed, and never run.",
    bad="guards.part.yaml, and no policy with `parts: [./guards.part.yaml]`",
    good="parts: [./guards.part.yaml]",
    proof=_IN_FILES,
)
def part_unused(span: Span, name: str) -> Wording:
    return says(
        f"no policy in this folder or the one above names {word(name)}",
        help=f"add `parts: [./{name}]` to the policy it belongs to, or delete the file",
    )
