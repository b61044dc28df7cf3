"""The border to the person at the prompt: no bare traceback leaves."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


class CommandError(Exception):
    """Something the user can mend: one sentence, and what to do. `exit_code` as in the README's table."""

    def __init__(self, message: str, help: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.message, self.help, self.exit_code = message, help, exit_code


def guarded(app: Callable[[], object]) -> None:
    """Run the application; translate what escapes into a sentence and an exit code."""
    try:
        app()
    except CommandError as error:
        _say(error.message, error.help)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # the reader of our output went away (`| head`); nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        _say(f"{error.filename}: {error.strerror}", "check the path")
        sys.exit(2)
    except Exception as error:
        if os.environ.get("RULEENGINE_TRACEBACK"):
            raise
        _say(
            f"RE901 internal error: {type(error).__name__}: {error}",
            "this is a fault of ruleengine; RULEENGINE_TRACEBACK=1 shows where",
        )
        sys.exit(2)


def _say(message: str, help: str) -> None:
    sys.stderr.write(f"ruleengine: {message}\n" + (f"help: {help}\n" if help else ""))
