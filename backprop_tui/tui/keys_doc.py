"""All keys by group, for the help screen and docs/keys.md.

``python -m backprop_tui.tui.keys_doc docs/keys.md`` writes the page.
"""

from __future__ import annotations

import sys
from pathlib import Path

from backprop_tui.tui import training_commands
from backprop_tui.tui.commands import COMMANDS, GROUPS, Command
from backprop_tui.tui.key_names import key_text

_HEAD = """\
# Keys

<!-- From backprop_tui/tui/commands.py, by `python -m backprop_tui.tui.keys_doc docs/keys.md`. -->

In the app `?` shows this list, and Ctrl+P finds a command by its name. A mouse works too: click a
pane to focus it, a tensor to select it, a line of the program to go there; the wheel scrolls.

A presenter's remote needs no setting up: it sends PageDown and PageUp (one step forward and back,
whichever pane has the focus), F5 and Escape (presenting on and off) and `.` (dark screen). Escape
never quits.
"""
_TAIL = """\
## In the library, the help and a tensor's page

| key | does |
|---|---|
| ↑ ↓ | choose a scenario; scroll |
| PageUp PageDown | scroll; on a tensor's page one step, as everywhere |
| Home End | to the top, to the bottom |
| Enter | open the scenario, where one stopped; leave a tensor's page |
| r | open the scenario at its first step |
| Escape | back |
"""


def grouped() -> list[tuple[str, list[Command]]]:
    """The commands by group, in the table's order; the training screen's own are a group."""
    groups = [(group, [c for c in COMMANDS if c.group == group]) for group in GROUPS]
    group = training_commands.GROUP
    own = [command for command in training_commands.TRAINING if command.group == group]
    return [*groups, (group, own)]


def keys_markdown() -> str:
    """The whole page: a table per group."""
    parts = [_HEAD]
    for group, commands in grouped():
        rows = ["| key | command | does |", "|---|---|---|"]
        for command in commands:
            keys = " ".join(f"<kbd>{_escaped(key_text(key))}</kbd>" for key in command.keys)
            rows.append(f"| {keys} | {command.title} (`{command.id}`) | {command.help} |")
        parts.append(f"## {group}\n\n" + "\n".join(rows) + "\n")
    return "\n".join([*parts, _TAIL])


def _escaped(key: str) -> str:
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        key = key.replace(mark, entity)
    return key


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(keys_markdown(), encoding="utf-8")
