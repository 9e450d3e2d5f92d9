"""The commands of the training screen: its own, and those that mean the same as in the stepper."""

from __future__ import annotations

from backprop_tui.tui.commands import COMMANDS, Command

GROUP = "In the curves of a training run"


def _shared(*ids: str) -> tuple[Command, ...]:
    return tuple(command for command in COMMANDS if command.id in ids)


TRAINING: tuple[Command, ...] = (
    Command(
        "training.pause",
        ("space",),
        "Pause or go on",
        "The next iteration is recorded step by step, then the run waits; again: it goes on.",
        GROUP,
        "pause",
        "pause",
    ),
    Command(
        "training.next",
        ("n",),
        "One more iteration",
        "One more iteration is recorded step by step, then the run waits.",
        GROUP,
        "another",
        "one more",
    ),
    Command(
        "training.walk",
        ("enter",),
        "Walk into it",
        "To the first step of the selected iteration, in the stepper.",
        GROUP,
        "walk",
        "walk in",
    ),
    Command(
        "training.down",
        ("down",),
        "Iteration below",
        "Select the next of the iterations that were recorded step by step.",
        GROUP,
        "choose(1)",
    ),
    Command(
        "training.up",
        ("up",),
        "Iteration above",
        "Select the one before.",
        GROUP,
        "choose(-1)",
    ),
    Command(
        "training.first",
        ("home",),
        "First iteration",
        "Select the first of the iterations that were recorded step by step.",
        GROUP,
        "choose(-1000000000)",
    ),
    Command(
        "training.last",
        ("end",),
        "Last iteration",
        "Select the last of them, and stay with the last while more come.",
        GROUP,
        "choose(1000000000)",
    ),
    Command(
        "training.scroll_down",
        ("pagedown", "shift+down"),
        "Scroll down",
        "Move the layers down.",
        GROUP,
        "scroll(8)",
    ),
    Command(
        "training.scroll_up",
        ("pageup", "shift+up"),
        "Scroll up",
        "Move the layers up.",
        GROUP,
        "scroll(-8)",
    ),
    Command(
        "training.film",
        ("v",),
        "The film",
        "Back to the steps.",
        GROUP,
        "film",
        "film",
    ),
    Command("training.loss", ("1",), "Loss", "Focus Loss.", GROUP, "focus_pane('loss')"),
    Command("training.layers", ("2",), "Layers", "Focus Layers.", GROUP, "focus_pane('layers')"),
    Command(
        "training.recorded",
        ("3",),
        "Recorded iterations",
        "Focus the iterations that were recorded step by step.",
        GROUP,
        "focus_pane('recorded')",
    ),
    *_shared(
        "pane.next", "pane.previous", "zoom", "back", "blank", "theme", "help", "palette", "quit"
    ),
)
