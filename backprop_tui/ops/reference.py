"""docs/ops.md from the op records: ``python -m backprop_tui.ops.reference docs/ops.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from backprop_tui.ops import OPS
from backprop_tui.ops.base import Op
from backprop_tui.ops.updates import UPDATES, UpdateRule

_SYMBOLS = {"grad": "ḡ", "result": "y"}

_HEAD = """\
# Operations

<!-- From backprop_tui/ops/, by `python -m backprop_tui.ops.reference docs/ops.md`. -->

Every operation that the NumPy engine records, by the name of its autograd Node. `ḡ` is the gradient
that arrives at the result, `y` the result itself; inputs go by their own names. A gradient whose
input was broadcast is afterwards summed back to that input's shape.
"""

_UPDATES_HEAD = """
## Optimizers

What an optimizer does to each parameter, line by line; a line with a condition runs only if its
hyper-parameter asks for it.
"""


def reference_markdown() -> str:
    """The whole page."""
    differentiable = [op for op in OPS.values() if op.vjps]
    others = [op for op in OPS.values() if not op.vjps]
    rows = ["", "| Node | op | value | gradients | |", "|---|---|---|---|---|"]
    rows += [_row(op) for op in sorted(differentiable, key=lambda op: (op.grad_fn, op.name))]
    rows += ["", "## Without a gradient", "", "| op | value | |", "|---|---|---|"]
    rows += [
        f"| `{op.name}` | {_code(_plain(op.formula.text, op))} | {_cell(op.help)} |"
        for op in sorted(others, key=lambda op: op.name)
    ]
    return "\n".join([_HEAD.rstrip(), *rows, _UPDATES_HEAD.rstrip(), *_updates(UPDATES.values())])


def _row(op: Op) -> str:
    gradients = "<br>".join(
        f"{name}: {_code(_plain(vjp.formula.text, op))}" for name, vjp in op.vjps.items()
    )
    value = _code(_plain(op.formula.text, op))
    return f"| `{op.grad_fn}` | `{op.name}` | {value} | {gradients} | {_cell(op.help)} |"


def _updates(rules: Iterable[UpdateRule]) -> list[str]:
    lines: list[str] = []
    for rule in rules:
        lines += ["", f"### {rule.name}", "", "| line | |", "|---|---|"]
        for line in rule.assigns:
            text = f"{line.target} ← {line.formula.text.replace('$', '')}"
            lines.append(f"| {_code(text)} | {_cell(line.help)} |")
    return [*lines, ""]


def _plain(text: str, op: Op) -> str:
    for name, symbol in _SYMBOLS.items():
        text = text.replace(f"${{{name}}}", symbol).replace(f"${name}", symbol)
    return text.replace("${", "").replace("}", "").replace("$", "")


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference_markdown(), encoding="utf-8")
