r"""The pieces of a document that GitHub renders: prose, code, tables, fences and formulas.

Whatever an author wrote (titles, narration, names, source) passes through here, so that none of
it can end a fence, split a table cell or start a heading. Formulas are the delicate part: GitHub
runs Markdown over ``$$ … $$`` *before* the formula is typeset. It takes the backslash from ``\,``
and ``\\`` and ``\{``, reads ``}_{1} … }_{2}`` as emphasis and ``](`` as a link, and it refuses a
few macros. ``math`` rewrites these to words that mean the same and pass unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: What Markdown makes of a backslash before punctuation is never what LaTeX meant.
_ESCAPES = {
    "\\": r"\cr ",
    "{": r"\lbrace ",
    "}": r"\rbrace ",
    "|": r"\Vert ",
    ",": r"\thinspace ",
    ":": r"\medspace ",
    ";": r"\thickspace ",
    "!": r"\negthinspace ",
    "_": r"\underline{\enspace}",
    # Full-width letters: there is no word for these that all typesetters of LaTeX know.
    "#": r"\text{＃}",
    "%": r"\text{％}",
    "&": r"\text{＆}",
    "$": r"\text{＄}",
}
_TEXT_COMMAND = re.compile(
    r"\\(text|textbf|textit|texttt|mathrm|mathit|mathtt|mathbf)\{((?:\\[{}]|[^{}])*)\}"
)
_NESTED = re.compile(r"\\(?:text|mathrm)\{(\\(?:text|mathrm)\{[^{}]*\})\}")
#: The dot in what readers of Markdown take for an address and make a link of: ``mha.in``, ``k.mT``.
_ADDRESS = re.compile(
    r"(?<=\w)\.(?=(?:[a-z]{2}|com|edu|gov|info|name|net|org|pro|web)(?![a-z]))", re.IGNORECASE
)
_PLAIN = {"<": r"\lt ", ">": r"\gt ", "*": r"\ast ", "~": r"\ ", "`": r"\prime "}


def math(latex: str) -> str:
    """A ``$$`` block that comes through Markdown unchanged."""
    return f"$$\n{safe_latex(latex)}\n$$"


def safe_latex(latex: str) -> str:
    """``latex`` on one line, without what Markdown would change or GitHub refuses."""
    text = " ".join(latex.split())
    text = text.replace(r"\operatorname*", r"\operatorname").replace(r"\operatorname", r"\mathrm")
    text = text.replace(r"\mbox", r"\text")
    text = _TEXT_COMMAND.sub(_without_escapes, _NESTED.sub(r"\1", text))
    text = re.sub(r"\\([\\{}|,:;!_#%&$])", lambda found: _ESCAPES[found[1]], text)
    text = re.sub(r"[<>*~`]", lambda found: _PLAIN[found[0]], text)
    # An underscore before a space cannot open emphasis; TeX does not mind the space.
    text = re.sub(r"_(?! )", "_ ", text)
    text = text.replace("](", "] (").replace("&", " & ")
    text = _ADDRESS.sub(".{}", text)
    # "- x" alone on a line would be a list, and a backslash at its end a line break.
    return re.sub(r"^([-+]) +", r"\1", " ".join(text.split())).removesuffix("\\")


def _without_escapes(found: re.Match[str]) -> str:
    r"""``\text{y\_hat}`` in pieces, for inside ``\text`` GitHub's typesetter knows no macro."""
    command, words = found[1], found[2]
    # Greek letters belong to formulas, other letters beyond ASCII to text.
    parts = re.split(r"(\\?[_#%&$]|\\[{}]|[<>*~`]|[Α-ω]+)", words)
    pieces = [part for part in parts if part]
    if len(pieces) == 1 and words.isascii():
        return found[0]
    marks = _ESCAPES | _PLAIN
    return "{" + "".join(marks.get(p[-1]) or _piece(command, p) for p in pieces) + "}"


def _piece(command: str, words: str) -> str:
    if "Α" <= words[0] <= "ω":
        return words
    return rf"\{command if words.isascii() else 'text'}{{{words}}}"


def prose(text: str) -> str:
    """An author's words as paragraphs; lists and `code` stay, other markup is shown as typed."""
    return "\n".join(_prose_line(line.strip()) for line in text.strip().splitlines())


def _prose_line(line: str) -> str:
    listed = re.match(r"([-*] |\d{1,9}[.)] )(?=\S)", line)
    if listed and not re.fullmatch(r"[-*_ ]+", line):
        return listed[0].replace("*", "-") + _prose_line(line[listed.end() :].strip())
    # An odd backtick, or one of a longer run, opens nothing.
    parts = re.split(r"(?<!`)(`[^`]+`)(?!`)", line)
    text = "".join(part if i % 2 else _escape(part) for i, part in enumerate(parts))
    return re.sub(r"^(?:([-+=#])|(\d+)([.)])$)", r"\2\\\1\3", text)


def _escape(text: str) -> str:
    text = re.sub(r"[\\`*\[\]<>|~]", lambda found: "\\" + found[0], text)
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    return text.replace("$", "<span>$</span>")


def title(text: str) -> str:
    """An author's words on one line, for a heading."""
    return _escape(" ".join(text.split()))


def code(text: str) -> str:
    """``text`` as inline code, whatever backticks it contains."""
    text = " ".join(text.split())
    if not text:
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def quote(text: str) -> str:
    """Paragraphs as a block quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def fence(text: str, language: str = "text") -> str:
    """A fenced block that nothing inside ``text`` can end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown already, a pipe inside one is escaped here."""
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))
