"""RE569–RE599, RE640 on: why the engine decided as it did, or what it noted; their pages for `ruleengine explain`.

The engine words these itself, with the measured values of the moment (`runtime/`); here stands what each code means.
The codes are those of `runtime/codes.py`, which a test holds equal.
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says
from ruleengine.diagnostics.diagnostic import Severity
from ruleengine.diagnostics.span import Span

_PROOF = "none: decisions are shown in tests/runtime/engine/test_rules.py"

_ROWS: tuple[tuple[str, str, str, str, str, str], ...] = (
    (
        "RE569",
        "signal with a word that the policy does not have",
        "The signal names a pocket that `pockets:` does not list, or a regime that `regimes:` does not.",
        "Rules of a pocket act on that very word: a trade of any other one would stand without their exits.",
        "signal.pocket = scalpp, declared are scalp and macro",
        "signal.pocket = scalp",
    ),
    (
        "RE570",
        "refused by a guard",
        "The guard's `require` does not hold for this intent, and neither does its `unless`.",
        "A guard may only refuse; the decision states each comparison with its distance.",
        "spread = 1.4pips <= 1.2pips",
        "spread = 0.8pips <= 1.2pips",
    ),
    (
        "RE571",
        "refused by a guard that can't be evaluated",
        "An input of the guard is unknown, and the intent adds risk.",
        "Not knowing is no permission (FX-02, SC-06).",
        "rsi(m1, 14) not warm (needs 30 more bars)",
        "rsi(m1, 14) = 55 < 70",
    ),
    (
        "RE572",
        "cap allows no size, or less",
        "The largest size at which the cap's `limit` holds is below what was wanted.",
        "Caps are solved for the size on the lot grid; the smallest of all caps counts (FX-02).",
        "margin_used_of_equity_after 94% <= 82.8% at 10,000units",
        "82.7% <= 82.8% at 6,511units",
    ),
    (
        "RE573",
        "cap that can't be evaluated",
        "An input of the cap is unknown, so no size can be allowed.",
        "Missing inputs mean no entry (FX-02).",
        "account.equity missing",
        "account.equity = 500,000 JPY",
    ),
    (
        "RE574",
        "no size",
        "No sizing rule and no signal gives a size, or scales bring it below one lot.",
        "An order without a size can't be sent, and a size is never made up.",
        "free margin 20%: ramp = 0%",
        "free margin 35%: ramp = 100%",
    ),
    (
        "RE575",
        "size that can't be evaluated",
        "An input of a sizing rule is unknown.",
        "A size from a missing input would be a guess.",
        "account.free_margin_ratio missing",
        "account.free_margin_ratio = 40%",
    ),
    (
        "RE576",
        "smaller than the venue takes",
        "A cap or a sizing rule leaves less than the venue's smallest order, or a share of a trade less than one lot. "
        "The rule that made it so small is the first blocker; the limit of the venue stands beside it.",
        "The remedy is that rule's, not the venue's.",
        "0.4 units, minimum 1",
        "1 unit, minimum 1",
    ),
    (
        "RE577",
        "opening forbidden by an exit rule",
        "An exit rule restricts the strategy to reductions on this side.",
        "Losing trades left behind stop new ones on their side (FX-13).",
        "long of TrendMA while a losing long is older than 24h",
        "short of TrendMA at that time",
    ),
    (
        "RE578",
        "cooldown",
        "The rule's last order is more recent than its `cooldown`.",
        "Two orders of one rule keep their distance, also over a restart (FX-05).",
        "12s after the last order, cooldown 20s",
        "20s after the last order",
    ),
    (
        "RE579",
        "too many open trades",
        "The strategy has as many open trades in the instrument as `max_open` allows.",
        "An entry that fires on every tick would stack.",
        "1 open, max_open: 1",
        "0 open, max_open: 1",
    ),
    (
        "RE580",
        "floor above its bound",
        "A reduction's `at_least` exceeds its `at_most`, and the policy says to send nothing.",
        "Which of the two counts is the policy's decision, never the code's (FX-05).",
        "|net| 15,000: at least 10,000, at most 8,250",
        "|net| 20,000: at least 10,000, at most 11,000",
    ),
    (
        "RE581",
        "further condition of a hedge",
        "The hedge was triggered and its `require` does not hold, or is unknown.",
        "A trigger without its condition is recorded, not passed over.",
        "|net| = 14,999 >= 15,000",
        "|net| = 15,000 >= 15,000",
    ),
    (
        "RE582",
        "nothing to reduce",
        "The wanted reduction is nothing, and the rule has no `otherwise`.",
        "The position already satisfies the target.",
        "wanted: -2,000 units",
        "wanted: 4,000 units",
    ),
    (
        "RE583",
        "order under way",
        "An order of this rule on this trade or position is not finished.",
        "One outstanding exit per position and rule; re-sending is how a position flips (SC-17).",
        "an exit of the trade is on its way",
        "no exit of the trade is on its way",
    ),
    (
        "RE584",
        "what the rule does not apply to",
        "A signal came, and the entry's `when` does not hold for it; or a rule's own order has the side that its "
        "`applies_to` leaves out.",
        "Every signal leaves a record of what became of it.",
        "signal.age = 70s <= 60s",
        "signal.age = 0.2s <= 60s",
    ),
    (
        "RE585",
        "signal met by an unknown",
        "A signal came, and the entry's `when` is unknown.",
        "Not knowing is no entry.",
        "market.phase missing",
        "market.phase = open",
    ),
    (
        "RE586",
        "merged",
        "Another intent on the same trade or instrument went first in the same event.",
        "One net intent a trade and event, by declared priority; the others are recorded.",
        "take-profit and emergency exit of one trade",
        "one of them",
    ),
    (
        "RE587",
        "event out of order",
        "An event is older than the one before it.",
        "The log has one order; market events that come late are left out, fills are counted.",
        "a quote of 13:00:01 after one of 13:00:02",
        "quotes in order",
    ),
    (
        "RE588",
        "defect of market data",
        "A quote, print or bar is no price: crossed, out of order, a jump of scale.",
        "Features are unknown while a defect lies in their window (FX-32); nothing is traded on it.",
        "bid 157.01, ask 156.99",
        "bid 156.99, ask 157.01",
    ),
    (
        "RE589",
        "inputs of a rule became unknown",
        "An exit or hedge can't be evaluated; its `on_unknown` begins to count.",
        "An exit is never skipped silently (FX-23).",
        "m1.close not warm",
        "m1.close = 157.0",
    ),
    (
        "RE590",
        "inputs stayed unknown",
        "The wait that `on_unknown` allows is over; what it declares happens now.",
        "Somebody has to know that an exit is blind.",
        "unknown for 30s, wait: 30s",
        "known again after 12s",
    ),
    (
        "RE591",
        "signal seen before",
        "A signal with an id that was already taken.",
        "Signals are deduplicated by id.",
        "the same line twice",
        "each id once",
    ),
    (
        "RE592",
        "signal that no entry takes",
        "No entry rule applies to the signal's strategy, pocket and instrument.",
        "A signal must not vanish without a record (FX-16).",
        "a strategy that no `applies_to` names",
        "a declared strategy",
    ),
    (
        "RE593",
        "instrument that this run does not have",
        "An event names an instrument outside of `requires.instruments`.",
        "It can't be valued or judged here.",
        "a quote of EUR_USD in a run of USD_JPY",
        "a quote of USD_JPY",
    ),
    (
        "RE594",
        "warning of a rule",
        "A rule with `enforcement: warn` would have refused.",
        "It is told and changes nothing.",
        "a warned guard that fails",
        "a warned guard that holds",
    ),
    (
        "RE595",
        "stop or target that can't be placed",
        "Its price is unknown, or lies on the wrong side of the entry.",
        "An order without its stop is another order.",
        "stop 157.10 of a long at 157.00",
        "stop 156.90 of a long at 157.00",
    ),
    (
        "RE596",
        "operator's command",
        "What a command of an operator did, or why it did nothing.",
        "Commands are journaled with who and why (OPS-01).",
        "rearm of a rule that is not tripped",
        "rearm of a tripped rule",
    ),
    (
        "RE597",
        "saved state of another shape",
        "A part of a saved state belongs to a rule or shape that this policy does not have.",
        "It is told and left out; nothing is guessed.",
        "cooldown of a rule that was removed",
        "state of the same policy",
    ),
    (
        "RE598",
        "order that waits before it is sent again",
        "The rule sent on the same trade, side or instrument at this instant, or its last reduction there was refused, "
        "cancelled or filled in part.",
        "It goes on after 1 s, doubled with each further failure up to 60 s, once the market has moved: "
        "never given up, and never a flood of orders.",
        "an exit cancelled for lack of size 0.2 s ago",
        "an exit cancelled for lack of size 2 s ago, and a quote since",
    ),
    (
        "RE599",
        "signal that can't be used",
        "The signal is stamped more than 2 s later than it came, or one of its figures is no number or out of its "
        "range: size, leverage, stop and target are above 0, confidence is 0 to 100.",
        "A time in the future has a negative age, which every `signal.age <= …` lets pass; a figure that is none can't "
        "be sized or priced.",
        "signal.time 70s after its arrival",
        "signal.time 0.3s before its arrival",
    ),
    (
        "RE600",
        "addition whose condition does not hold",
        "A signal on the side of an open position came, and the `when` of the rule that would add to it is false.",
        "It is refused with its reason and never opens a second position (SC-05, SC-18).",
        "position.pnl_of_margin = -2.1% >= -2%",
        "position.pnl_of_margin = -1.9% >= -2%",
    ),
    (
        "RE601",
        "addition that can't be judged",
        "The condition of a ladder or pyramid, its steps or one of its bounds is unknown.",
        "An addition adds risk; not knowing is no permission (SC-05).",
        "position.leverage missing (its opening named none)",
        "position.leverage = 3",
    ),
    (
        "RE602",
        "another order that adds is out",
        "An order that opens or adds to the position is on its way, or its fate is not known.",
        "Additions go one at a time, each judged on what the one before has made of the position (SC-07).",
        "1 order out that adds",
        "none out",
    ),
    (
        "RE603",
        "no step left",
        "The position has as many additions as `most` allows, or as the ladder has steps.",
        "Past the last step there is no addition (SC-02).",
        "3 additions, 3 steps",
        "2 additions, 3 steps",
    ),
    (
        "RE604",
        "addition too soon after the last one",
        "Less time than `interval` has passed since the last addition first filled.",
        "Additions keep their distance, also over a restart (SC-05).",
        "44s since the last addition, interval 45s",
        "45s since the last addition",
    ),
    (
        "RE605",
        "no addition left on this day",
        "The rule has added to the instrument as often as `per_day` allows, in positions that are closed by now too.",
        "Once a day means once, whatever became of the position (PY-02).",
        "1 addition today, per_day: 1",
        "0 additions today",
    ),
    (
        "RE640",
        "part below its floor",
        "The part that an exit would close comes to less than its `floor`, in size or in value.",
        "It is not closed and the trade is held; its stage is not done. Closing all is allowed at any value, and no "
        "part becomes all by rounding (SC-01).",
        "part 0.05contracts against floor.at_least 0.1contracts",
        "part 0.1contracts against floor.at_least 0.1contracts",
    ),
    (
        "RE641",
        "floor that can't be told",
        "An input of the exit's `floor` is unknown, so that it can't be told whether the part may be closed.",
        "It is tried again until it can; where the policy's wait is over and it says to close, it closes without.",
        "account.equity missing",
        "account.equity = 420 USD",
    ),
    (
        "RE642",
        "close at a loss that the strategy rules out",
        "The trade's strategy says `no_loss_close`, the exit is not `may_lose: true`, and closing now would leave less "
        "than nothing after fees.",
        "In principle exits take profit; a losing close needs a rule that names itself as one (FX-20).",
        "trade.pnl_after_fees = -120 JPY",
        "trade.pnl_after_fees = 35 JPY",
    ),
    (
        "RE643",
        "close of which it can't be told whether it loses",
        "The trade's strategy says `no_loss_close`, the exit is not `may_lose: true`, and the result is unknown.",
        "It is tried again until it can be told; where the policy's wait is over and it says to close, it closes.",
        "instrument.quote_to_home missing",
        "trade.pnl_after_fees = 35 JPY",
    ),
    (
        "RE644",
        "exit that is gone while its trades are open",
        "The policy that goes on from a saved state lacks an exit that could close a trade which is open still, or has "
        "it switched off or narrowed.",
        "Guards outlive the policy's text (OPS-02): put the exit back until its trades are closed, or see to them.",
        "exit `time-out` closes trade 17 no more",
        "the new policy still has `time-out`, and nothing opens trades for it",
    ),
)


def _wording(span: Span, message: str) -> Wording:
    return says(message)


for _code, _title, _what, _why, _bad, _good in _ROWS:
    fault(_code, title=_title, what=_what, why=_why, bad=_bad, good=_good, proof=_PROOF, severity=Severity.INFO)(
        _wording
    )
