"""The console script. It imports next to nothing, so that Ctrl-C is heard before the commands are even loaded."""

import os
import signal


def main() -> None:
    """Every failure of ours is a sentence on stderr and an exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # nothing has begun that had to be undone
    from ruleengine.cli.failure import guarded

    guarded(_application)


def _application() -> None:
    from ruleengine.cli.commands import app

    app()


if __name__ == "__main__":
    main()
