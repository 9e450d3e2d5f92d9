"""What keys are called by people."""

from __future__ import annotations

_SYMBOLS = {
    "right": "→",
    "left": "←",
    "up": "↑",
    "down": "↓",
    "pagedown": "PageDown",
    "pageup": "PageUp",
    "home": "Home",
    "end": "End",
    "enter": "Enter",
    "escape": "Escape",
    "space": "Space",
    "tab": "Tab",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "right_curly_bracket": "}",
    "left_curly_bracket": "{",
    "slash": "/",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "full_stop": ".",
    "question_mark": "?",
}


def key_text(key: str) -> str:
    """A Textual key name as it is written on a keyboard: ``shift+right`` → ``Shift+→``."""
    *modifiers, last = key.split("+")
    symbol = _SYMBOLS.get(last)
    if symbol is None:
        symbol = last.upper() if modifiers or (len(last) > 1 and last[0] == "f") else last
    return "+".join([name.capitalize() for name in modifiers] + [symbol])
