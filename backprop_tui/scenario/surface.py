"""The surface: every name a scenario can use, each with its signature and one line of help.

    NAMES      what stands behind ``torch.``, ``nn.``, ``F.``, ``math.`` …, by dotted name
    MEMBERS    attributes and methods, by the kind of the value they belong to
    BUILTINS   Python's own functions

The tables are plain text, one row a line, ``signature -- help``; a ``=`` in front of a member says
that it can be assigned. What is not here cannot be reached from a scenario.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from backprop_tui.scenario import (
    surface_beside,
    surface_members,
    surface_names,
    surface_numpy,
    surface_python,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One name: ``owner`` is its namespace ("torch.nn"), its kind of value ("Tensor") or ""."""

    owner: str
    name: str
    signature: str
    help: str
    settable: bool = False

    @property
    def dotted(self) -> str:
        """The name as the engine knows it: "torch.nn.Linear"."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def callable(self) -> bool:
        """Whether it is written with parentheses."""
        return "(" in self.signature


def rows(owner: str, table: str) -> dict[str, Row]:
    """Read one table of text."""
    out: dict[str, Row] = {}
    for line in table.strip().splitlines():
        if not line.strip():
            continue
        settable = line.startswith("=")
        signature, _, text = line.removeprefix("=").strip().partition(" -- ")
        found = re.match(r"\w+", signature)
        if found is None or not text or found[0] in out:
            raise ValueError(f"the surface has a faulty or double row: {owner}: {line!r}")
        out[found[0]] = Row(owner, found[0], signature.strip(), text.strip(), settable)
    return out


#: namespace → name → row
NAMESPACES: dict[str, dict[str, Row]] = {
    owner: rows(owner, table)
    for owner, table in {
        **surface_names.TABLES,
        **surface_python.TABLES,
        **surface_beside.TABLES,
    }.items()
}
#: dotted name → row
NAMES: dict[str, Row] = {row.dotted: row for table in NAMESPACES.values() for row in table.values()}
#: kind of value → name → row
MEMBERS: dict[str, dict[str, Row]] = {
    kind: rows(kind, table)
    for kind, table in {
        **surface_members.TABLES,
        **surface_beside.MEMBERS,
        **surface_numpy.MEMBERS,
    }.items()
}
BUILTINS: dict[str, Row] = rows("", surface_python.BUILTINS)

#: Names beside ``import``: what each namespace contains besides its rows.
SUBMODULES: dict[str, tuple[str, ...]] = {
    owner: tuple(
        other[len(owner) + 1 :]
        for other in NAMESPACES
        if other.startswith(owner + ".") and "." not in other[len(owner) + 1 :]
    )
    for owner in NAMESPACES
}
#: Namespaces that the engine answers for; the rest is the interpreter's own.
ENGINE_NAMESPACES = tuple(name for name in NAMESPACES if name.split(".")[0] == "torch")

#: nn.Module's own names, which an attribute of a scenario's module must not cover.
MODULE_RESERVED = frozenset(surface_members.MODULE_RESERVED.split())
#: … and those of them that begin with _, which a scenario never reaches.
PRIVATE_RESERVED = frozenset(surface_members.PRIVATE_RESERVED.split())


def in_namespace(owner: str) -> tuple[str, ...]:
    """Everything that can follow ``owner.``."""
    return (*NAMESPACES[owner], *SUBMODULES[owner])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, list(known), 1, 0.7)
    return f"did you mean {near[0]!r}?" if near else ""
