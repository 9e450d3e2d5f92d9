"""How each style of ``view.types.STYLES`` looks: a colour of the theme and a weight.

    style name ──WEIGHTS──▶ bold / italic / underline / reverse / dim    the same in every theme
               ──INKS─────▶ a colour                                     one table per theme

Nothing is said by hue alone: within a pane, styles that mean different things differ in weight.
"""

from __future__ import annotations

from textual.theme import Theme

from backprop_tui.view.types import STYLES

WEIGHTS: dict[str, str] = {
    "": "none",
    "muted": "dim",
    "heading": "bold underline",
    "active": "bold reverse",
    "statement": "bold",
    "origin": "underline",
    "changed": "reverse",
    "value": "none",
    "grad": "italic",
    "done": "none",
    "pending": "dim italic",
    "leaf": "bold italic",
    "op": "bold",
    "narration": "italic",
    "error": "bold underline reverse",
    "selected": "underline reverse",
    "loss": "bold italic underline",
    "keyword": "bold",
    "string": "none",
    "number": "none",
    "comment": "italic",
    "name": "none",
    "operator": "none",
}

#: The colours a theme gives besides the styles': surfaces of the frame around the panes.
SURFACES = ("bar", "bar-focus", "bar-ink", "bar-focus-ink", "caption", "caption-ink", "row")

_DARK = {
    "muted": "#d3d9e4",
    "heading": "#ffffff",
    "active": "#ffd75f",
    "statement": "#ffffff",
    "origin": "#ffb86c",
    "changed": "#7ee787",
    "value": "#e6e9ef",
    "grad": "#ff9d76",
    "done": "#c3cad6",
    "pending": "#c9d1de",
    "leaf": "#8ed0ff",
    "op": "#d6bcff",
    "narration": "#b7e3c0",
    "error": "#ff8080",
    "selected": "#8ed0ff",
    "loss": "#ffd75f",
    "keyword": "#8ab4f8",
    "string": "#b7e3c0",
    "number": "#f5c99b",
    "comment": "#9fb8a6",
    "name": "#8ed0ff",
    "operator": "#c3cad6",
    "bar": "#2a3142",
    "bar-focus": "#3d6ea8",
    "bar-ink": "#c3cad6",
    "bar-focus-ink": "#ffffff",
    "caption": "#22304a",
    "caption-ink": "#ffffff",
    "row": "#2c3650",
}

_LIGHT = {
    "muted": "#2b313b",
    "heading": "#000000",
    "active": "#8a4b00",
    "statement": "#000000",
    "origin": "#9a3b00",
    "changed": "#0b6b2f",
    "value": "#1b1f27",
    "grad": "#a33200",
    "done": "#3a414d",
    "pending": "#333a45",
    "leaf": "#00538c",
    "op": "#5b2aa0",
    "narration": "#1d6038",
    "error": "#b00020",
    "selected": "#00538c",
    "loss": "#8a4b00",
    "keyword": "#1a4fa3",
    "string": "#1d6038",
    "number": "#8a4b00",
    "comment": "#4c6655",
    "name": "#00538c",
    "operator": "#3a414d",
    "bar": "#d5dae3",
    "bar-focus": "#2f6db5",
    "bar-ink": "#2c333f",
    "bar-focus-ink": "#ffffff",
    "caption": "#fff3cf",
    "caption-ink": "#000000",
    "row": "#dfe8f7",
}

_CONTRAST = {
    **dict.fromkeys(_DARK, "#ffffff"),
    "muted": "#ffffff",
    "pending": "#ffffff",
    "active": "#ffff00",
    "changed": "#00ff66",
    "grad": "#ffb000",
    "origin": "#ffb000",
    "leaf": "#66d9ff",
    "selected": "#66d9ff",
    "error": "#ff9090",
    "loss": "#ffff00",
    "bar": "#333333",
    "bar-focus": "#ffff00",
    "bar-focus-ink": "#000000",
    "caption": "#000000",
    "row": "#303030",
}

# Okabe and Ito's eight colours, which stay apart under every common colour vision deficiency.
_OKABE_ITO = {
    **_DARK,
    "active": "#f0e442",
    "origin": "#e69f00",
    "changed": "#56b4e9",
    "grad": "#e69f00",
    "leaf": "#56b4e9",
    "op": "#cc79a7",
    "narration": "#c9d6d0",
    "error": "#ff8a3d",
    "selected": "#56b4e9",
    "loss": "#f0e442",
    "keyword": "#56b4e9",
    "string": "#00c08f",
    "number": "#e69f00",
    "comment": "#a9b8b1",
    "name": "#cc79a7",
    "bar-focus": "#0072b2",
}

INKS: dict[str, dict[str, str]] = {
    "dark": _DARK,
    "light": _LIGHT,
    "high-contrast": _CONTRAST,
    "colour-blind-safe": _OKABE_ITO,
}

_BASES: dict[str, dict[str, str | bool]] = {
    "dark": {"background": "#161a22", "foreground": "#e6e9ef", "primary": "#3d6ea8"},
    "light": {
        "background": "#fbfbf8",
        "foreground": "#1b1f27",
        "primary": "#2f6db5",
        "dark": False,
    },
    "high-contrast": {"background": "#000000", "foreground": "#ffffff", "primary": "#ffff00"},
    "colour-blind-safe": {
        "background": "#12161d",
        "foreground": "#e6e9ef",
        "primary": "#0072b2",
    },
}

THEME_NAMES = tuple(INKS)


def variables(name: str) -> dict[str, str]:
    """The CSS variables ``ink-<style>`` and ``ink-<surface>`` of the theme called ``name``."""
    return {f"ink-{key}": colour for key, colour in INKS[name].items()}


def themes() -> list[Theme]:
    """Our themes, ready for ``App.register_theme``."""
    made = []
    for name, base in _BASES.items():
        background = str(base["background"])
        made.append(
            Theme(
                name=name,
                primary=str(base["primary"]),
                foreground=str(base["foreground"]),
                background=background,
                surface=background,
                panel=INKS[name]["bar"],
                error=INKS[name]["error"],
                accent=INKS[name]["active"],
                dark=bool(base.get("dark", True)),
                variables=variables(name),
            )
        )
    return made


def component_css(widget: str) -> str:
    """The CSS of the component classes ``lines--<style>`` of a widget class."""
    rules = []
    for style in STYLES:
        if not style:
            continue
        # A style that reverses takes its colour as its background.
        tint = " background: $ink-row;" if style in ("statement",) else ""
        rules.append(
            f"{widget} > .lines--{style} "
            f"{{ color: $ink-{style};{tint} text-style: {WEIGHTS[style]}; }}"
        )
    return "\n".join(rules)
