"""The table of commands: bindings, key bar, palette, help and docs/keys.md all come from it.

Command(id, keys, title, help, group, action)
    │
    ├──▶ bindings()        what a key does (each Binding has the command's id)
    ├──▶ key_bar()         the hints at the foot of the screen
    ├──▶ keys_doc          the help screen and docs/keys.md
    └──▶ palette provider  everything by name (Ctrl+P)

The training screen has a table of its own, ``training_commands``.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType

from backprop_tui.tui.key_names import key_text


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can ask for.

    ``keys`` are Textual's key names, the first the one to show. ``action`` is a method of the
    stepper screen (of the training screen, in its table), ``action_<name>``, arguments included.
    ``bar`` is the short word for the key bar ("" leaves it out).
    """

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    group: str
    action: str
    bar: str = ""


GROUPS = ("Walk", "Jump", "Play", "Look", "Panes", "Present", "Files", "App")

COMMANDS: tuple[Command, ...] = (
    Command(
        "step.next",
        ("right", "pagedown", "s"),
        "Next step",
        "One step forward. PageDown is what a presenter's remote sends.",
        "Walk",
        "step(1)",
        "step",
    ),
    Command(
        "step.previous",
        ("left", "pageup"),
        "Previous step",
        "One step back. Nothing is computed again: it is looking at an earlier moment.",
        "Walk",
        "step(-1)",
    ),
    Command(
        "statement.next",
        ("n",),
        "Next statement",
        "To the first step of the next statement.",
        "Walk",
        "leap('statement', 1)",
        "statement",
    ),
    Command(
        "statement.previous",
        ("N",),
        "Previous statement",
        "To the first step of the statement before.",
        "Walk",
        "leap('statement', -1)",
    ),
    Command(
        "phase.next",
        ("right_square_bracket",),
        "Next phase",
        "To the next phase: forward, backward, update.",
        "Walk",
        "leap('phase', 1)",
        "phase",
    ),
    Command(
        "phase.previous",
        ("left_square_bracket",),
        "Previous phase",
        "To the phase before.",
        "Walk",
        "leap('phase', -1)",
    ),
    Command(
        "iteration.next",
        ("right_curly_bracket", "shift+right"),
        "Next iteration",
        "To the next round of the training loop.",
        "Walk",
        "leap('iteration', 1)",
    ),
    Command(
        "iteration.previous",
        ("left_curly_bracket", "shift+left"),
        "Previous iteration",
        "To the round of the training loop before.",
        "Walk",
        "leap('iteration', -1)",
    ),
    Command("step.first", ("home",), "First step", "To the very first step.", "Jump", "first"),
    Command(
        "step.last",
        ("end",),
        "Last step",
        "To the last step; what is not recorded yet is recorded on the way.",
        "Jump",
        "last",
    ),
    Command(
        "jump",
        ("g",),
        "Go to…",
        "Go to a step by its number, to the next `loss`, or to a line of the program: `line:12`.",
        "Jump",
        "jump",
        "go to",
    ),
    Command(
        "search",
        ("slash",),
        "Find a tensor",
        "Select a tensor by its name and go to the step that next changes it.",
        "Jump",
        "search",
        "find",
    ),
    Command(
        "play",
        ("space", "c"),
        "Play or pause",
        "Let the steps run by themselves, or stop them.",
        "Play",
        "play",
        "play",
    ),
    Command("faster", ("plus", "equals_sign"), "Faster", "Play faster.", "Play", "speed(1)"),
    Command("slower", ("minus",), "Slower", "Play slower.", "Play", "speed(-1)"),
    Command(
        "row.up",
        ("up",),
        "Row up",
        "In Tensors select the row above; elsewhere scroll up.",
        "Look",
        "row(-1)",
    ),
    Command(
        "row.down",
        ("down",),
        "Row down",
        "In Tensors select the row below; elsewhere scroll down.",
        "Look",
        "row(1)",
    ),
    Command(
        "tensor.open",
        ("enter",),
        "Open the tensor",
        "The selected tensor in full: all values, its gradient, its history over the steps.",
        "Look",
        "open_tensor",
    ),
    Command(
        "element.next",
        ("greater_than_sign",),
        "Next element",
        "Maths works out the next element of the tensor.",
        "Look",
        "element(1)",
    ),
    Command(
        "element.previous",
        ("less_than_sign",),
        "Previous element",
        "Maths works out the element before.",
        "Look",
        "element(-1)",
    ),
    Command(
        "autograd",
        ("a",),
        "Autograd graph",
        "Switch the graph between the computation and PyTorch's autograd graph (grad_fn nodes).",
        "Look",
        "autograd",
        "autograd",
    ),
    Command(
        "training",
        ("v",),
        "Training curves",
        "Of a recorded training run: its loss, its layers' gradients and updates, and a pause.",
        "Look",
        "training",
    ),
    Command(
        "scroll.left",
        ("ctrl+left",),
        "Scroll left",
        "Move the focused pane's view to the left.",
        "Look",
        "scroll(0, -8)",
    ),
    Command(
        "scroll.right",
        ("ctrl+right",),
        "Scroll right",
        "Move the focused pane's view to the right.",
        "Look",
        "scroll(0, 8)",
    ),
    Command(
        "scroll.up",
        ("ctrl+up", "shift+up"),
        "Scroll up",
        "Move the focused pane's view up.",
        "Look",
        "scroll(-3, 0)",
    ),
    Command(
        "scroll.down",
        ("ctrl+down", "shift+down"),
        "Scroll down",
        "Move the focused pane's view down.",
        "Look",
        "scroll(3, 0)",
    ),
    Command("pane.next", ("tab",), "Next pane", "Focus the next pane.", "Panes", "pane(1)"),
    Command(
        "pane.previous",
        ("shift+tab",),
        "Previous pane",
        "Focus the pane before.",
        "Panes",
        "pane(-1)",
    ),
    Command("pane.program", ("1",), "Program", "Focus Program.", "Panes", "focus_pane('program')"),
    Command("pane.graph", ("2",), "Graph", "Focus Graph.", "Panes", "focus_pane('graph')"),
    Command("pane.tensors", ("3",), "Tensors", "Focus Tensors.", "Panes", "focus_pane('tensors')"),
    Command("pane.maths", ("4",), "Maths", "Focus Maths.", "Panes", "focus_pane('maths')"),
    Command(
        "pane.timeline", ("5",), "Timeline", "Focus Timeline.", "Panes", "focus_pane('timeline')"
    ),
    Command(
        "zoom",
        ("z",),
        "Zoom",
        "Give the focused pane the whole screen, and back.",
        "Panes",
        "zoom",
        "zoom",
    ),
    Command(
        "back",
        ("escape",),
        "Back",
        "Out of zoom, presenting, a selection or a dialog. Escape never quits.",
        "Panes",
        "back",
    ),
    Command(
        "present",
        ("f5",),
        "Presenting",
        "For the lecture hall: the key bar goes, the caption grows. F5 again ends it.",
        "Present",
        "present",
    ),
    Command(
        "blank",
        ("full_stop", "b"),
        "Blank the screen",
        "A dark screen while you talk; any key brings the picture back.",
        "Present",
        "blank",
    ),
    Command(
        "library",
        ("l",),
        "Library",
        "All bundled scenarios by chapter.",
        "Files",
        "library",
        "library",
    ),
    Command(
        "export",
        ("e",),
        "Export to Markdown",
        "Write all steps as a handout: formulas, numbers, tables and the graph.",
        "Files",
        "export",
        "export",
    ),
    Command(
        "theme",
        ("t",),
        "Next theme",
        "Dark, light, high contrast, colour-blind safe.",
        "App",
        "theme",
    ),
    Command(
        "help",
        ("question_mark", "f1"),
        "Help",
        "All keys, and what they do.",
        "App",
        "help",
        "help",
    ),
    Command(
        "palette",
        ("ctrl+p",),
        "Command palette",
        "Everything by name.",
        "App",
        "app.command_palette",
    ),
    Command("quit", ("q",), "Quit", "Leave the app.", "App", "app.quit", "quit"),
)


def keys_text(command: Command) -> str:
    """All keys of a command for people: ``→ or PageDown``."""
    return " or ".join(key_text(key) for key in command.keys)


def bindings(*ids: str, table: tuple[Command, ...] = COMMANDS) -> list[BindingType]:
    """One Binding per command of a table, with the command's id; only ``ids`` if any are named."""
    return [
        Binding(
            ",".join(command.keys),
            command.action,
            command.title,
            show=bool(command.bar),
            key_display=key_text(command.keys[0]),
            tooltip=command.help,
            id=command.id,
        )
        for command in table
        if not ids or command.id in ids
    ]


def key_bar(table: tuple[Command, ...] = COMMANDS) -> list[tuple[str, Command]]:
    """(key, command) for each command with a place in the key bar."""
    return [(key_text(command.keys[0]), command) for command in table if command.bar]
