"""Commands at a running engine, and their options."""

# annotations are not postponed here: typer would compile each of them again at every start
from pathlib import Path
from typing import Annotated

import typer

from ruleengine.cli.options import Format, argument, option

app = typer.Typer()

Journal = Annotated[
    Path | None, option("--journal", help="The run's journal; by default the one run there is.", metavar="FOLDER")
]
Reason = Annotated[str, option("--reason", help="Why; it stands in the journal.", metavar="TEXT")]
By = Annotated[str, option("--by", help="Who; by default the user of this machine.", metavar="NAME")]


@app.command(epilog="Example: ruleengine status")
def status(journal: Journal = None, format: Format = "text") -> None:
    """Show the engines that run: what is off, orders out, open trades.

    Exit code 0: shown, 1: one of them says nothing, 2: none runs.
    """
    from ruleengine.cli.operate import status as command

    raise typer.Exit(command(journal, format))


@app.command(epilog='Example: ruleengine pause --reason "rate decision at 13:00"')
def pause(reason: Reason, by: By = "", journal: Journal = None, format: Format = "text") -> None:
    """Stop everything that adds risk, until resume; exits go on.

    Orders that are out and would add are taken back. It outlives a restart. Exit code 0: done, 1: not done, 2: no
    engine heard it.
    """
    from ruleengine.cli.operate import operate

    raise typer.Exit(operate("pause", "", reason, by, journal, format))


@app.command(epilog='Example: ruleengine resume --reason "spread is back"')
def resume(reason: Reason, by: By = "", journal: Journal = None, format: Format = "text") -> None:
    """End a pause; and go on with books that differed.

    Exit code 0: done, 1: not done, 2: no engine heard it.
    """
    from ruleengine.cli.operate import operate

    raise typer.Exit(operate("resume", "", reason, by, journal, format))


@app.command(epilog='Example: ruleengine kill strategy:M1Scalper --reason "wrong signals"')
def kill(
    reason: Reason,
    scope: Annotated[
        str, typer.Argument(help="account, instrument:NAME, strategy:NAME or rule:ID.", metavar="SCOPE")
    ] = "account",
    by: By = "",
    journal: Journal = None,
    format: Format = "text",
) -> None:
    """Switch off what adds risk, all of it or in one scope.

    Orders that are out and would add are taken back; exits go on; it stays until lift, over restarts too. Exit code
    0: done, 1: not done, 2: no engine heard it.
    """
    from ruleengine.cli.operate import operate

    raise typer.Exit(operate("kill", scope, reason, by, journal, format))


@app.command(epilog='Example: ruleengine lift strategy:M1Scalper --reason "signals mended"')
def lift(
    scope: Annotated[str, argument("As it was switched off.", "SCOPE")],
    reason: Reason,
    by: By = "",
    journal: Journal = None,
    format: Format = "text",
) -> None:
    """Take a kill back.

    Exit code 0: done, 1: not done, 2: no engine heard it.
    """
    from ruleengine.cli.operate import operate

    raise typer.Exit(operate("lift", scope, reason, by, journal, format))


@app.command(epilog='Example: ruleengine rearm daily-loss --reason "loss looked into: one bad fill"')
def rearm(
    rule: Annotated[str, argument("A tripped rule, a protection, or one of its scopes as losses/M1Scalper.", "RULE")],
    reason: Reason,
    by: By = "",
    journal: Journal = None,
    format: Format = "text",
) -> None:
    """Let a rule act again that tripped, or end a protection.

    Exit code 0: done, 1: not done, 2: no engine heard it.
    """
    from ruleengine.cli.operate import operate

    raise typer.Exit(operate("rearm", rule, reason, by, journal, format))


@app.command(epilog='Example: ruleengine override price_collar --for 10min --reason "gap after the weekend"')
def override(
    limit: Annotated[str, argument("price_collar, quote_age_max, repeat or refusals.", "LIMIT")],
    length: Annotated[str, option("--for", help="For how long, a day at most, as 10min.", metavar="DURATION")],
    reason: Reason,
    by: By = "",
    journal: Journal = None,
    format: Format = "text",
) -> None:
    """Lift a limit of the order gate for a while.

    Exit code 0: done, 1: not done, 2: no engine heard it.
    """
    from ruleengine.cli.operate import operate

    raise typer.Exit(operate("override", limit, reason, by, journal, format, length))


@app.command(epilog='Example: ruleengine close all --reason "the desk closes for the year"')
def close(
    trade: Annotated[str, argument("Its number as status shows it, or all.", "TRADE")],
    reason: Reason,
    by: By = "",
    journal: Journal = None,
    format: Format = "text",
) -> None:
    """Close a trade of ours, or all, past every guard.

    Reduce-only; trades that are not ours stay. Exit code 0: sent, 1: not sent, 2: no engine heard it.
    """
    from ruleengine.cli.operate import operate

    raise typer.Exit(operate("close", trade, reason, by, journal, format))
