"""The header of a scenario: an inline TOML block as in PEP 723, and optional.

# /// scenario
# title = "f(u, v) = u·v + u²"
# chapter = "autograd"
# level = 1
# order = 3
# watch = ["u", "v", "f"]
# ///
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field

from backprop_tui.errors import Place, ScenarioRefused

OPEN = "# /// scenario"
CLOSE = "# ///"

#: Every key: its type, and what it is for (the language page prints this).
KEYS: dict[str, tuple[type, str]] = {
    "title": (str, "the heading, in one line"),
    "chapter": (str, "the chapter of the library it belongs to"),
    "level": (int, "how demanding it is, from 1 to 5"),
    "order": (int, "its place within the chapter"),
    "watch": (list, "names of the tensors to show first"),
}
TYPE_NAMES = {str: "a string", int: "an integer", list: "a list of strings"}


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says; ``lines`` is where it stands, from and to, both included."""

    title: str = ""
    chapter: str = ""
    level: int = 1
    order: int = 0
    watch: tuple[str, ...] = ()
    lines: tuple[int, int] = field(default=(0, 0), compare=False)


def parse(text: str, file: str) -> Header:
    """Read the header of a scenario's text; raises ScenarioRefused at the first faulty line."""
    header, faults = examine(text, file)
    if faults:
        raise faults[0]
    return header


def examine(text: str, file: str) -> tuple[Header, list[ScenarioRefused]]:
    """The header, empty if it is faulty, and everything that is wrong with it."""
    try:
        return _read(text, file)
    except ScenarioRefused as error:
        return Header(), [error]


def _read(text: str, file: str) -> tuple[Header, list[ScenarioRefused]]:
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.rstrip() == OPEN), None)
    if first is None:
        return Header(), []
    body: list[str] = []
    for number, line in enumerate(lines[first + 1 :], first + 1):
        if line.rstrip() == CLOSE:
            break
        if line != "#" and not line.startswith("# "):
            raise _refused(
                f"the header that begins in line {first + 1} is not closed",
                file,
                lines,
                number,
                f"every line of it begins with '# ', and '{CLOSE}' ends it",
            )
        body.append(line[2:])
    else:
        raise _refused(
            "the header is not closed", file, lines, first, f"end it with the line '{CLOSE}'"
        )
    try:
        values = tomllib.loads("\n".join(body))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        at = first + int(found[1]) if found else number - 1  # else it says: at end of document
        what = re.sub(r" \(at .*\)$", "", str(error)) or "nested too deeply"
        raise _refused(f"the header is not TOML: {what}", file, lines, at) from None
    faults = []
    for key, value in values.items():
        at = next(
            (
                i
                for i in range(first, number)
                if re.match(rf"#\s*[\"']?{re.escape(key)}\b", lines[i])
            ),
            first,
        )
        try:
            _check(key, value, file, lines, at)
        except ScenarioRefused as error:
            faults.append(error)
    where = (first + 1, number + 1)
    if faults:
        return Header(lines=where), faults
    values["watch"] = tuple(values.get("watch", ()))
    return Header(**values, lines=where), []


def _check(key: str, value: object, file: str, lines: list[str], at: int) -> None:
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, 1)
        hint = f"did you mean {near[0]!r}?" if near else "known keys: " + ", ".join(KEYS)
        raise _refused(f"the header has an unknown key {key!r}", file, lines, at, hint)
    wanted = KEYS[key][0]
    good = type(value) is wanted
    if isinstance(value, list):
        good = good and all(isinstance(item, str) for item in value)
    if not good:
        raise _refused(f"{key!r} in the header must be {TYPE_NAMES[wanted]}", file, lines, at)
    if key == "level" and value not in range(1, 6):
        raise _refused("'level' in the header must be from 1 to 5", file, lines, at)
    if key in ("title", "chapter") and "\n" in str(value):
        raise _refused(f"{key!r} in the header must be one line", file, lines, at)


def _refused(message: str, file: str, lines: list[str], at: int, hint: str = "") -> ScenarioRefused:
    source = lines[at].rstrip() if at < len(lines) else ""
    return ScenarioRefused(message, Place(file, at + 1, 1, source, max(1, len(source))), hint)
