"""The bundled scenarios: listed by chapter, found by name. No scenario is run, or even checked."""

from __future__ import annotations

import ast
import difflib
import warnings
from dataclasses import dataclass
from pathlib import Path

from backprop_tui.errors import ScenarioError, ScenarioNotFound
from backprop_tui.scenario import header
from backprop_tui.scenario.chapters import place_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A bundled scenario; ``name`` is what ``open`` takes: "two_points"."""

    name: str
    path: Path
    title: str
    chapter: str
    level: int
    order: int
    description: str


def folder() -> Path:
    """Where the scenarios are: inside an installed package, else beside it in the checkout."""
    package = Path(__file__).parent.parent
    inside = package / "_scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def bundled() -> list[Entry]:
    """All bundled scenarios, by chapter and order."""
    entries = [_entry(path) for path in sorted(folder().glob("*/*.py"))]

    return sorted(entries, key=lambda each: (place_of(each.chapter), each.order, each.name))


def find(name: str | Path) -> Path:
    """The file of a scenario: a path, or a bundled "two_points" or "two_points/two_points".

    Raises ScenarioNotFound, with the nearest name.
    """
    path = Path(name)
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):
        pass  # not a name that a file can have
    names: dict[str, Path] = {}
    for file in sorted(folder().glob("*/*.py")):
        names[f"{file.parent.name}/{file.stem}"] = file
        names.setdefault(file.stem, file)
    wanted = str(name)
    bare = wanted.removesuffix(".py")
    if bare in names:
        return names[bare]
    near = difflib.get_close_matches(bare, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else "backprop-tui list shows all bundled scenarios"
    what = "file" if wanted != bare or "/" in wanted else "file and no bundled scenario"
    raise ScenarioNotFound(f"no {what} named {wanted!r}; {hint}")


def _entry(path: Path) -> Entry:
    text = path.read_text("utf-8", errors="replace")
    try:
        head = header.parse(text, str(path))
    except ScenarioError:
        head = header.Header()
    return Entry(
        name=path.stem,
        path=path,
        title=head.title or path.stem,
        chapter=head.chapter or path.parent.name,
        level=head.level,
        order=head.order,
        description=_docstring(text),
    )


def _docstring(text: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.get_docstring(ast.parse(text)) or ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
