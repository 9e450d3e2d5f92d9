"""The language reference as Markdown, made from the tables that the checker itself uses.

python -m backprop_tui.scenario.reference docs/language.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path

from backprop_tui.scenario.header import KEYS, TYPE_NAMES
from backprop_tui.scenario.limits import LIMITS, Budget
from backprop_tui.scenario.refusals import BUILTIN_REASONS, MODULES, NODES
from backprop_tui.scenario.subset import METHODS
from backprop_tui.scenario.surface import BUILTINS, MEMBERS, NAMESPACES, Row

INTRODUCTION = """\
# The scenario language

A scenario is a PyTorch script. It is read, checked as a whole, and interpreted; it is never
executed. This page lists everything a scenario can use. It is made from the tables that the checker
itself reads: what is not here is refused before anything runs, with the place and a hint.
How to write one is told in [Writing scenarios](writing-scenarios.md).
"""

SYNTAX = f"""\
## Statements and expressions

| | |
|---|---|
| imports, at the top of the file | `import torch` · `import torch.nn as nn` · `from torch import nn, optim` · `import torch.nn.functional as F` · `from torch.utils.data import DataLoader` · `import math` · `import numpy as np` · `import random` · `import matplotlib.pyplot as plt` (nothing is drawn) · `from tqdm import tqdm` (no bar is drawn) |
| assignment | `a = b = 1` · `a, *rest = …` · `x: float = 1.0` · `w.grad = None` · `x[0] = …` · `w -= …` (in place, as in Python) · `del x` |
| control | `if` `elif` `else` · `for … else` · `while … else` · `break` · `continue` · `pass` · `assert` · `with torch.no_grad():` · `if __name__ == "__main__":` |
| functions | `def` with defaults, `*args`, `**kwargs`, keyword-only and positional-only parameters · `return` · `yield` in a statement of its own · `lambda` · closures, `global`, `nonlocal` · `@torch.no_grad()` |
| classes | `class Net(nn.Module)` · `class Points(Dataset)` · plain classes · one base class · special methods: {", ".join(f"`{name}`" for name in sorted(METHODS))} · `super().__init__()` |
| operators | `+ - * / // % ** @ << >> & \\| ^ ~` · `== != < <= > >=`, chained too · `and or not` · `is` · `in` · `a if b else c` |
| displays | lists, tuples, sets, dictionaries · slices · comprehensions (generator expressions) |
| text | f-strings with conversions and formats · `"{{:.2f}}".format(x)` with plain names and numbers · `"%.2f" % x` |

Names that begin and end with `__` are out of reach, but for `__name__` and the special methods
above; attributes do not begin with `_`.
"""  # noqa: E501


def reference_markdown() -> str:
    """The whole page."""
    parts = [INTRODUCTION, SYNTAX, _header(), _refused(), _budgets(), "## Names\n"]
    for owner, table in NAMESPACES.items():
        if table and _alike(table):
            parts.append(f"### {owner}\n\n{_alike(table)}\n")
        elif table:
            parts.append(f"### {owner}\n\n" + _table(table.values()))
    parts.append("### Python's own functions\n\n" + _table(BUILTINS.values()))
    parts.append("## Attributes and methods\n\n`=` marks what can be assigned.\n")
    for kind, table in MEMBERS.items():
        alike = _alike(table)
        parts.append(f"### {kind}\n\n" + (f"{alike}\n" if alike else _table(table.values())))
    return "\n".join(parts)


def _alike(table: Mapping[str, Row]) -> str:
    """A table whose rows all have one help, in one sentence; else ""."""
    helps = {row.help for row in table.values()}
    if len(helps) > 1 or len(table) < 4:
        return ""
    return " ".join(f"`{name}`" for name in table) + f": {helps.pop()}."


def _table(rows: Iterable[Row]) -> str:
    lines = ["| | |", "|---|---|"]
    for row in rows:
        mark = " =" if row.settable else ""
        lines.append(f"| {_code(row.signature)}{mark} | {_cell(row.help)} |")
    return "\n".join(lines) + "\n"


def _header() -> str:
    lines = ["## The header\n", "| key | is | for |", "|---|---|---|"]
    lines += [f"| `{key}` | {TYPE_NAMES[kind]} | {text} |" for key, (kind, text) in KEYS.items()]
    return "\n".join(lines) + "\n"


def _refused() -> str:
    lines = [
        "## What is refused, and what to write instead\n",
        "| refused | instead |",
        "|---|---|",
    ]
    lines += [f"| {_code(what)} | {_cell(instead)} |" for what, instead in NODES.values()]
    lines += [f"| `{name}()` | {_cell(text)} |" for name, text in BUILTIN_REASONS.items()]
    lines += [f"| `import {name}` | {_cell(text)} |" for name, text in MODULES.items()]
    return "\n".join(lines) + "\n"


def _budgets() -> str:
    lines = ["## Budgets\n", "| budget | limits | to |", "|---|---|---|"]
    for each in fields(Budget):
        what, unit = LIMITS[each.name]
        lines.append(f"| `{each.name}` | {what} | {each.default:,} {unit} |")
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("__names__", "`__names__`")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference_markdown(), encoding="utf-8")
