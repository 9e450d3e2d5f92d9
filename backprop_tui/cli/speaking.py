"""What a command says beside its answer: errors in a line, and nothing where nobody reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from backprop_tui.errors import BackpropTuiError


def refuse(error: BackpropTuiError) -> NoReturn:
    text = str(error)
    click.echo(text if ": error: " in text else f"error: {text}", err=True)
    raise SystemExit(1)


def nobody_reads() -> NoReturn:
    """The reader (head, less) has seen enough: nothing is wrong, and nothing more is said."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(0)


def says_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Every error meant for the user goes to standard error, never as a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except BackpropTuiError as error:
            refuse(error)
        except BrokenPipeError:
            nobody_reads()

    return wrapped


def write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        nobody_reads()
