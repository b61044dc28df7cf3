"""Strategies that are entered and that no exit can close (FX-16)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.graph.compile import compile_policy
from tests.typecheck.policies import IDLE, MINIMAL

HEAD = MINIMAL.replace("  M1Scalper: {pocket: scalp}\n", "  A: {pocket: scalp}\n  B: {pocket: macro}\n").replace(
    "pockets: [scalp]", "pockets: [scalp, macro]"
)
ENTER = "entries:\n  - {id: e, source: market, when: mid > 90, side: long, strategy: A, size: 1_000units}\n"
EXIT = "  - {id: x, for_each: trade, WORDS when: trade.age > 1h, close: 50%, on_unknown: {wait: 10s, then: close}}\n"


def uncovered(folder: Path, text: str) -> list[tuple[str, str, str]]:
    """(code, the line that is shown, the message) of every finding."""
    file = folder / "a.policy.yaml"
    file.write_text(text, encoding="utf-8")
    compiled, found, _ = compile_policy(file)
    found = [each for each in found if each.code not in IDLE and each.code != "RE435"]  # nothing here has a cap
    assert (compiled is None) is bool(found), "a finding refuses the policy"
    lines = text.split("\n")
    return [(each.code, lines[each.span.line - 1].strip(), each.message) for each in found]


def exits(*words: str, more: str = "") -> str:
    """One exit for each of `words` (of its `applies_to`), or one that admits all."""
    rules = [
        EXIT.replace("id: x", f"id: x{n}{more}").replace("WORDS", f"applies_to: {{{each}}}," if each else "")
        for n, each in enumerate(words or ("",))
    ]
    return "exits:\n" + "".join(rules)


@pytest.mark.parametrize(
    "text",
    [
        "",
        exits("strategy: B"),
        exits("pocket: macro"),
        exits("side: short"),
        exits("opened_by: hedge_open"),
        exits(more=", enabled: false"),
        exits(more=", enforcement: shadow"),
        exits(more=", enforcement: warn"),
        exits().replace("trade.age > 1h", "false"),
        exits().replace("when: trade.age > 1h, close: 50%", "stages: [{when: trade.age > 1h, restrict: reduce_only}]"),
    ],
)
def test_a_strategy_that_no_exit_can_close_is_a_finding_at_its_line(tmp_path: Path, text: str) -> None:
    ((code, place, message),) = uncovered(tmp_path, HEAD + ENTER + text)
    assert (code, place) == ("RE355", "A: {pocket: scalp}")
    assert message.endswith("trades of strategy `A`")
    meant = HEAD.replace("A: {pocket: scalp}", "A: {pocket: scalp, has_exits: false}")
    assert uncovered(tmp_path, meant + ENTER + text) == []


@pytest.mark.parametrize(
    "words",
    ["", "strategy: A", "strategy: [A, B]", "pocket: scalp", "side: long", "instrument: USD_JPY", "opened_by: entry",
     "when: not thin"],
)  # fmt: skip
def test_an_exit_that_admits_its_trades_covers_it(tmp_path: Path, words: str) -> None:
    thin = 'schedules: {thin: {timezone: UTC, windows: [{from: "21:00", to: "23:00"}]}}\n' if "thin" in words else ""
    assert uncovered(tmp_path, HEAD + thin + ENTER + exits(words)) == []


def test_a_signal_may_open_every_declared_strategy_on_both_sides(tmp_path: Path) -> None:
    enter = "entries:\n  - {id: e, source: signal, when: signal.age <= 5s}\n"
    both = [(place, message.rpartition(" of ")[0]) for _, place, message in uncovered(tmp_path, HEAD + enter)]
    assert both == [(f"{name}: {{pocket: {pocket}}}", "no exit rule can close the trades")
                    for name, pocket in (("A", "scalp"), ("B", "macro"))]  # fmt: skip
    (short,) = uncovered(tmp_path, HEAD + enter + exits("side: long", "strategy: B"))
    assert short[2] == "no exit rule can close the short trades of strategy `A`"
    only = enter.replace("source: signal,", "source: signal, applies_to: {strategy: B, side: long},")
    assert [place for _, place, _ in uncovered(tmp_path, HEAD + only)] == ["B: {pocket: macro}"]
    named = enter.replace("source: signal,", "source: signal, strategy: A,")
    assert [place for _, place, _ in uncovered(tmp_path, HEAD + named)] == ["A: {pocket: scalp}"]


def test_signals_of_a_policy_without_strategies_are_told_at_the_entry(tmp_path: Path) -> None:
    head = HEAD.replace("strategies:\n  A: {pocket: scalp}\n  B: {pocket: macro}\n", "")
    enter = "entries:\n  - {id: e, source: signal, when: signal.age <= 5s}\n"
    ((code, place, message),) = uncovered(tmp_path, head + enter)
    assert (code, place) == ("RE355", "- {id: e, source: signal, when: signal.age <= 5s}")
    assert message == "no exit rule can close the trades that signals open here"
    assert uncovered(tmp_path, head + enter + exits()) == []


def test_trades_of_a_hedge_need_an_exit_as_well(tmp_path: Path) -> None:
    hedge = "hedges:\n  - {id: h, when: mid > 90, open: {side: short, size: 1_000units, strategy: B}}\n"
    assert [place for _, place, _ in uncovered(tmp_path, HEAD + hedge)] == ["B: {pocket: macro}"]
    assert [code for code, _, _ in uncovered(tmp_path, HEAD + hedge + exits("opened_by: entry"))] == ["RE355"]
    assert uncovered(tmp_path, HEAD + hedge + exits("opened_by: hedge_open")) == []


def test_an_entry_that_is_switched_off_opens_nothing(tmp_path: Path) -> None:
    assert uncovered(tmp_path, HEAD + ENTER.replace("id: e,", "id: e, enabled: false,")) == []
    for word in ("shadow", "warn"):
        assert uncovered(tmp_path, HEAD + ENTER.replace("id: e,", f"id: e, enforcement: {word},")) == []


def test_an_entry_of_all_signals_is_told_to_name_the_strategies_that_have_exits(tmp_path: Path) -> None:
    file = tmp_path / "a.policy.yaml"
    enter = "entries:\n  - {id: e, source: signal, when: signal.strategy == A}\n"
    for exit_, remedy in (("strategy: A", "`applies_to: {strategy: [A]}`"), ("pocket: none", None)):
        file.write_text(HEAD.replace("macro]", "macro, none]") + enter + exits(exit_), encoding="utf-8")
        found = compile_policy(file).found[-1]
        assert (found.code, remedy is None or remedy in str(found.help)) == ("RE355", True)
        assert ("`applies_to:" in str(found.help)) is (remedy is not None)


@pytest.mark.parametrize(
    ("above", "overlay", "place"),
    [
        ("removes: [exits.x0]\n", "", ("b.policy.yaml", "exits.x0")),
        ("overrides: [exits.x0]\nexits: [{id: x0, enabled: false}]\n", "", ("b.policy.yaml", "x0")),
        ("", "enforcement: {x0: shadow}\n", ("o.overlay.yaml", "shadow")),
        (
            "overrides: [exits.x1]\nexits: [{id: x1, cooldown: 5s}]\nremoves: [exits.x0]\n",
            "",
            ("b.policy.yaml", "exits.x0"),
        ),
    ],
)
def test_the_line_above_that_took_the_exit_is_shown_too(
    tmp_path: Path, above: str, overlay: str, place: tuple[str, str]
) -> None:
    (tmp_path / "a.policy.yaml").write_text(HEAD + ENTER + exits("strategy: A", "strategy: B"), encoding="utf-8")
    top, over = tmp_path / "b.policy.yaml", tmp_path / "o.overlay.yaml"
    head = "apiVersion: ruleengine/v1\nkind: {}\n"
    own = head.format("Policy") + "metadata: {name: b, version: 1.0.0}\nextends: a.policy.yaml\n"
    top.write_text(own + above, encoding="utf-8")
    over.write_text(
        head.format("Overlay") + "metadata: {name: o, version: 1.0.0}\npolicy: b\n" + overlay, encoding="utf-8"
    )
    compilation = compile_policy(top, [over] if overlay else [])
    (found,) = compilation.found
    assert found.code == "RE355"
    taken = [each.span for each in found.related if each.message != "opened here"]
    lines = {Path(file).name: text.split("\n") for file, text in compilation.sources.items()}
    assert [
        (Path(at.file).name, lines[Path(at.file).name][at.line - 1][at.col - 1 : at.end_col - 1]) for at in taken
    ] == [place]
