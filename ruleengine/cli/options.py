"""Options and arguments as the commands declare them: one spelling and one help text wherever they come again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def option(*names: str, help: str, metavar: str | None = None, **more: Any) -> Any:
    """An option whose default needs no showing, unless `show_default` says so."""
    return typer.Option(*names, help=help, metavar=metavar, **{"show_default": False, **more})


def argument(help: str, metavar: str) -> Any:
    return typer.Argument(help=help, metavar=metavar, show_default=False)


Policy = Annotated[Path, option("--policy", "-p", help="Policy.", metavar="FILE")]
Sets = Annotated[list[str], option("--set", help="Set a parameter of the policy; repeatable.", metavar="NAME=VALUE")]
Overlays = Annotated[list[Path], option("--overlay", help="Overlay; repeatable, later ones win.", metavar="FILE")]
Account = Annotated[
    Path | None, option("--account", help="Account; by default NAME.account.yaml beside the policy.", metavar="FILE")
]
SignalFile = Annotated[
    str | None, option("--signals", help="Signals as JSON lines: a file, or - for standard input.", metavar="FILE|-")
]
SignalSource = Annotated[
    str | None,
    option(
        "--signals", help="Signals as JSON lines: a file, a Unix socket, or - for standard input.", metavar="FILE|-"
    ),
]
Seed = Annotated[int, option("--seed", help="Seed of the paper venue and its market.", metavar="N", show_default=True)]
Format = Annotated[Literal["text", "json"], option("--format", help="Output on stdout.", show_default=True)]
Adapter = Annotated[
    str | None, option("--adapter", help="Venue over a network; by default the account file's.", metavar="NAME")
]
AccountId = Annotated[str, option("--account-id", help="The venue's number of the account.", metavar="ID")]
Address = Annotated[str, option("--address", help="In place of the venue's hosts: a simulator's.", metavar="URL")]
Live = Annotated[str, option("--live", help="Trade with real money on the account of this name.", metavar="NAME")]
