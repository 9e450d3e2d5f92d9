"""From a file to a Scenario: text, header, description, narration and a checked syntax tree.

Nothing is executed, and neither NumPy nor an engine is imported: ``ast.parse`` reads the text, and
``subset`` holds the tree against the language before anyone sees it.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from backprop_tui.errors import BudgetExceeded, Place, ScenarioError, ScenarioRefused
from backprop_tui.scenario import header as headers
from backprop_tui.scenario import subset
from backprop_tui.scenario.limits import Budget, OverBudget
from backprop_tui.scenario.sources import Source

if TYPE_CHECKING:
    from backprop_tui.trace.trace import Program

#: So many lines with invisible characters are named, no more.
MOST_INVISIBLE = 20


@dataclass(frozen=True, slots=True)
class Scenario:
    """A program that was read and found to be inside the language."""

    name: str
    path: Path | None
    source: Source = field(repr=False)
    header: headers.Header
    description: str
    narration: tuple[tuple[int, str], ...]
    tree: ast.Module = field(repr=False)

    @property
    def text(self) -> str:
        """The whole source text."""
        return self.source.text

    @property
    def title(self) -> str:
        """The header's title, else the name."""
        return self.header.title or self.name

    def program(self) -> Program:
        """What a trace keeps of the scenario."""
        from backprop_tui.trace.trace import Program  # the trace needs NumPy, the loader does not

        return Program(
            name=self.name,
            source=self.text,
            title=self.title,
            chapter=self.header.chapter,
            level=self.header.level,
            description=self.description,
            watch=self.header.watch,
            narration=self.narration,
        )


def load(path: Path | str, budget: Budget | None = None) -> Scenario:
    """Read and check a file.

    Raises ScenarioRefused (not UTF-8, not Python, outside the language) or BudgetExceeded.
    """
    found = Path(path)
    return loads(read(found, budget or Budget()), found.stem, found, budget)


def loads(
    text: str, name: str = "scenario", path: Path | None = None, budget: Budget | None = None
) -> Scenario:
    """Check a text; the first refusal is raised."""
    scenario, refusals = _examine(text, name, path, budget or Budget())
    if scenario is None or refusals:
        raise refusals[0]
    return scenario


def check(path: Path | str, budget: Budget | None = None) -> list[ScenarioError]:
    """Every refusal of a file, in the order of its lines; empty if it is inside the language."""
    return examine(path, budget)[1]


def examine(
    path: Path | str, budget: Budget | None = None
) -> tuple[Scenario | None, list[ScenarioError]]:
    """A file, even a refused one (None if it is not Python), and what ``check`` says of it."""
    found = Path(path)
    budget = budget or Budget()
    try:
        scenario, refusals = _examine(read(found, budget), found.stem, found, budget)
    except ScenarioError as error:
        return None, [error]
    return scenario, sorted(refusals, key=lambda error: (error.place.line, error.place.column))


def read(path: Path, budget: Budget) -> str:
    """The text of a file; refuses what is too large or not UTF-8, with the place."""
    file = str(path)
    start = Place(file, 1, 1)
    try:
        with path.open("rb") as stream:
            raw = stream.read(4 * budget.source + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScenarioRefused(f"the file cannot be read: {reason}", start) from None
    if len(raw) > 4 * budget.source:
        over = OverBudget("source", budget.source)
        raise BudgetExceeded(str(over), start, over.hint)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise ScenarioRefused(
            f"the file is not UTF-8: byte 0x{raw[error.start]:02x}",
            Place(file, line, column),
            "save it as UTF-8 in the editor",
        ) from None


def _examine(
    text: str, name: str, path: Path | None, budget: Budget
) -> tuple[Scenario | None, list[ScenarioError]]:
    source = Source(
        text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), str(path or name)
    )
    _small(source, budget)
    refusals: list[ScenarioError] = [*islice(_invisible(source), MOST_INVISIBLE)]
    if refusals:
        return None, refusals
    header, faults = headers.examine(source.text, source.file)
    refusals += faults
    try:
        tree = parse(source, budget)
    except ScenarioError as error:
        return None, [*refusals, error]
    refusals += subset.check(tree, source, budget)
    scenario = Scenario(
        name=name,
        path=path,
        source=source,
        header=header,
        description=ast.get_docstring(tree) or "",
        narration=narration(tree, source.text, header.lines),
        tree=tree,
    )
    return scenario, refusals


def _small(source: Source, budget: Budget) -> None:
    if len(source.text) > budget.source:
        over = OverBudget("source", budget.source, len(source.text))
        raise BudgetExceeded(str(over), Place(source.file, 1, 1, source.line(1)), over.hint)


def _invisible(source: Source) -> Iterator[ScenarioRefused]:
    """The first character of each line that editors do not show."""
    for number, text in enumerate(source.text.split("\n"), 1):
        for column, char in enumerate(text, 1):
            if char in "\t \u00a0" or (char.isprintable() and char != "\ufeff"):
                continue
            yield ScenarioRefused(
                f"the text holds an invisible character, U+{ord(char):04X}",
                Place(source.file, number, column, text.encode("ascii", "replace").decode()),
                "delete it",
            )
            break


def parse(source: Source, budget: Budget) -> ast.Module:
    """The syntax tree; every way in which Python's parser can fail becomes an error of ours."""
    _shallow(source, budget)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.text, source.file)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        text = source.line(line)
        if isinstance(error, IndentationError):
            column = len(text) - len(text.lstrip()) + 1
        column = max(1, min(column, len(text) + 1))
        width = 1
        if error.end_offset is not None and error.end_lineno == line:
            width = max(1, error.end_offset - column)
        raise ScenarioRefused(
            f"this is not Python: {error.msg}", Place(source.file, line, column, text, width)
        ) from None
    except (RecursionError, MemoryError):
        over = OverBudget("nesting", budget.nesting)
        raise BudgetExceeded(
            str(over), Place(source.file, 1, 1, source.line(1)), "write it in several statements"
        ) from None
    except ValueError as error:  # a number of too many digits
        raise ScenarioRefused(
            f"this is not Python: {error}", Place(source.file, 1, 1, source.line(1))
        ) from None


#: Signs and words that can stand in any number before one operand, each a level of the tree.
PREFIXES = frozenset({"-", "+", "~", "not", "lambda", "await"})


def _shallow(source: Source, budget: Budget) -> None:
    """Refuse deep nesting by counting tokens, before the parser descends into it."""
    brackets = blocks = prefixes = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.INDENT:
                blocks += 1
            elif token.type == tokenize.DEDENT:
                blocks -= 1
            elif token.type == tokenize.OP and token.string in "([{":
                brackets += 1
            elif token.type == tokenize.OP and token.string in ")]}":
                brackets -= 1
            prefixes = prefixes + 1 if token.string in PREFIXES else 0
            if max(brackets, blocks, prefixes) > budget.nesting:
                over = OverBudget("nesting", budget.nesting)
                line, column = token.start
                place = Place(source.file, line, column + 1, source.line(line))
                raise BudgetExceeded(str(over), place, "write it in several statements")
    except (tokenize.TokenError, SyntaxError):
        return  # the parser says it better


def narration(tree: ast.Module, text: str, header: tuple[int, int]) -> tuple[tuple[int, str], ...]:
    """For every statement with comment lines directly above it: its line and their text."""
    comments: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        line, column = token.start
        alone = not token.line[:column].strip()
        if token.type == tokenize.COMMENT and alone and not header[0] <= line <= header[1]:
            comments[line] = token.string.lstrip("#").removeprefix(" ").rstrip()
    out: dict[int, str] = {}
    if comments:
        for node in ast.walk(tree):
            if not isinstance(node, ast.stmt):
                continue
            first = node.lineno
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                first = min([first, *(each.lineno for each in node.decorator_list)])
            above = []
            while (first := first - 1) in comments:
                above.append(comments[first])
            if above:
                out.setdefault(node.lineno, "\n".join(reversed(above)).strip())
    return tuple(sorted((line, words) for line, words in out.items() if words))
