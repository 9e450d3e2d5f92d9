"""The table of commands: complete, unambiguous, and the docs are what it says."""

from collections import Counter
from pathlib import Path

import pytest

from backprop_tui.tui.commands import COMMANDS, GROUPS, bindings
from backprop_tui.tui.key_names import key_text
from backprop_tui.tui.keys_doc import keys_markdown
from backprop_tui.tui.screens.stepper import StepperScreen

KEY_TABLE = {key: command.id for command in COMMANDS for key in command.keys}


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("right", "step.next"),
        ("pagedown", "step.next"),
        ("s", "step.next"),
        ("c", "play"),
        ("left", "step.previous"),
        ("pageup", "step.previous"),
        ("n", "statement.next"),
        ("N", "statement.previous"),
        ("right_square_bracket", "phase.next"),
        ("left_square_bracket", "phase.previous"),
        ("right_curly_bracket", "iteration.next"),
        ("left_curly_bracket", "iteration.previous"),
        ("shift+right", "iteration.next"),
        ("shift+left", "iteration.previous"),
        ("home", "step.first"),
        ("end", "step.last"),
        ("g", "jump"),
        ("space", "play"),
        ("plus", "faster"),
        ("minus", "slower"),
        ("slash", "search"),
        ("a", "autograd"),
        ("z", "zoom"),
        ("escape", "back"),
        ("tab", "pane.next"),
        ("shift+tab", "pane.previous"),
        ("1", "pane.program"),
        ("5", "pane.timeline"),
        ("enter", "tensor.open"),
        ("full_stop", "blank"),
        ("f5", "present"),
        ("question_mark", "help"),
        ("f1", "help"),
        ("ctrl+p", "palette"),
        ("l", "library"),
        ("e", "export"),
        ("t", "theme"),
        ("q", "quit"),
    ],
)
def test_a_key_means_its_command(key, command):
    assert KEY_TABLE[key] == command


def test_no_key_means_two_things():
    counts = Counter(key for command in COMMANDS for key in command.keys)
    assert [key for key, count in counts.items() if count > 1] == []


def test_ids_are_unique():
    counts = Counter(command.id for command in COMMANDS)
    assert [id_ for id_, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_action_exists(command):
    name = command.action.partition("(")[0]
    if name.startswith("app."):
        from backprop_tui.tui.app import BackpropApp

        assert hasattr(BackpropApp, "action_" + name.removeprefix("app."))
    else:
        assert hasattr(StepperScreen, "action_" + name)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_command_is_explained_and_grouped(command):
    assert command.help.endswith(".")
    assert command.group in GROUPS


def test_every_binding_has_the_id_of_its_command():
    assert [binding.id for binding in bindings()] == [command.id for command in COMMANDS]


def test_escape_does_not_quit():
    assert not any("quit" in c.action for c in COMMANDS if "escape" in c.keys)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("right", "→"),
        ("shift+right", "Shift+→"),
        ("right_square_bracket", "]"),
        ("ctrl+p", "Ctrl+P"),
        ("f5", "F5"),
        ("N", "N"),
        ("n", "n"),
        ("less_than_sign", "<"),
        ("pagedown", "PageDown"),
    ],
)
def test_a_key_is_written_as_on_the_keyboard(key, text):
    assert key_text(key) == text


def test_the_docs_say_what_the_table_says():
    page = Path(__file__).parent.parent / "docs" / "keys.md"
    assert page.read_text(encoding="utf-8") == keys_markdown(), (
        "run: python -m backprop_tui.tui.keys_doc docs/keys.md"
    )
