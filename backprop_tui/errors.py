"""Every error a user can meet.

    BackpropTuiError
    ├── ScenarioError            has a Place: file, line, column, the line itself, a hint
    │   ├── ScenarioRefused      outside the language; said before anything runs
    │   ├── ScenarioFailed       raised by a running statement, in PyTorch's words
    │   └── BudgetExceeded       too large, too long, too deep
    ├── ScenarioNotFound         no such file or bundled scenario
    ├── EngineMissing            the engine asked for is not installed here
    └── TraceError               a trace file that cannot be read

Inside an engine errors are the built-in exceptions that PyTorch raises (RuntimeError, TypeError,
ValueError, IndexError …) with PyTorch's message; the interpreter turns them into ScenarioFailed
by adding the place.
"""

from __future__ import annotations

from dataclasses import dataclass


def visible(text: str, keep: str = "") -> str:
    """``text`` with every character that a terminal would obey, or hide, shown by a sign.

    Control characters become their pictures (␛), white space a blank, the rest (marks that turn the
    direction of writing) �; the characters of ``keep`` stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _sign(c) for c in text)


def _sign(char: str) -> str:
    if char.isspace():
        return " "
    return chr(0x2400 + ord(char)) if ord(char) < 0x20 else "␡" if char == "\x7f" else "�"


class BackpropTuiError(Exception):
    """The root of all errors that are meant for the user's eyes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a source text: lines and columns from 1, ``width`` columns to underline."""

    file: str
    line: int
    column: int
    source: str = ""
    width: int = 1


class ScenarioError(BackpropTuiError):
    """An error that has a place in a scenario file."""

    def __init__(self, message: str, place: Place, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def render(self) -> str:
        """``FILE:LINE:COL: error: what``, the source line underlined, and the hint."""
        at = self.place
        message = visible(self.message, keep="\n\t")
        lines = [f"{visible(at.file)}:{at.line}:{at.column}: error: {message}"]
        if at.source:
            code = visible(at.source)
            width = max(1, min(at.width, len(code) - at.column + 1))
            lines += [f"    {code}", "    " + " " * (at.column - 1) + "^" * width]
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


class ScenarioRefused(ScenarioError):
    """The scenario is outside the language; nothing of it was run."""


class ScenarioFailed(ScenarioError):
    """A statement failed while running; ``kind`` is the exception's name in PyTorch."""

    def __init__(self, message: str, place: Place, hint: str = "", kind: str = "Error") -> None:
        super().__init__(f"{kind}: {message}" if message else kind, place, hint)
        self.kind = kind


class BudgetExceeded(ScenarioError):
    """The scenario asked for more than its budget (source size, depth, work, elements, memory)."""


class ScenarioNotFound(BackpropTuiError):
    """No file and no bundled scenario of this name."""


class EngineMissing(BackpropTuiError):
    """The engine asked for is not installed on this machine."""


class TraceError(BackpropTuiError):
    """A trace file is damaged, from a newer version, or not a trace."""
