"""RE640–RE649: why an exit closed nothing, or can close no more.

The engine words these itself, with the measured values of the moment (`runtime/`); here stands what each code means.
The codes are those of `runtime/codes.py`, which a test holds equal.
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Row, told_by_the_engine

ROWS: tuple[Row, ...] = (
    Row(
        "RE640",
        "part below its floor",
        "The part that an exit would close comes to less than its `floor`, in size or in value.",
        "It is not closed and the trade is held; its stage is not done. Closing all is allowed at any value, and no "
        "part becomes all by rounding (SC-01).",
        "part 0.05contracts against floor.at_least 0.1contracts",
        "part 0.1contracts against floor.at_least 0.1contracts",
    ),
    Row(
        "RE641",
        "floor that can't be told",
        "An input of the exit's `floor` is unknown, so that it can't be told whether the part may be closed.",
        "It is tried again until it can; where the policy's wait is over and it says to close, it closes without.",
        "account.equity missing",
        "account.equity = 420 USD",
    ),
    Row(
        "RE642",
        "close at a loss that the strategy rules out",
        "The trade's strategy says `no_loss_close`, the exit is neither `may_lose: true` nor `emergency: true`, and "
        "closing now would leave less than nothing after fees.",
        "In principle exits take profit; a losing close needs a rule that names itself as one (FX-20).",
        "trade.pnl_after_fees = -120 JPY",
        "trade.pnl_after_fees = 35 JPY",
    ),
    Row(
        "RE643",
        "close of which it can't be told whether it loses",
        "The trade's strategy says `no_loss_close`, the exit is neither `may_lose: true` nor `emergency: true`, and "
        "the result is unknown.",
        "It is tried again until it can be told; where the policy's wait is over and it says to close, it closes.",
        "instrument.quote_to_home missing",
        "trade.pnl_after_fees = 35 JPY",
    ),
    Row(
        "RE644",
        "exit that is gone while its trades are open",
        "The policy that goes on from a saved state lacks an exit that could close a trade which is open still, or has "
        "it switched off or narrowed.",
        "Guards outlive the policy's text (OPS-02): put the exit back until its trades are closed, or see to them.",
        "exit `time-out` closes trade 17 no more",
        "the new policy still has `time-out`, and nothing opens trades for it",
    ),
)

told_by_the_engine(ROWS, "none: decisions are shown in tests/runtime/engine/test_floors.py")
