"""A Sym's expression in words: plain text, or LaTeX; parentheses where they are needed.

Nested sums and products are written flat. Long ones show their first two pieces and the last.
"""

from __future__ import annotations

from collections.abc import Iterator

from backprop_tui.explain.naming import Name
from backprop_tui.explain.numbers import number, number_latex
from backprop_tui.explain.sym import FUNCTIONS, Function, Sym

#: How tightly a piece of text binds: a looser piece inside a tighter place needs parentheses.
_SUM, _QUOTIENT, _PRODUCT, _POWER, _ATOM = range(5)
#: A sum or product of more than this many pieces shows the first two and the last.
LONGEST = 6


def text(value: Sym, *, names: bool = False, longest: int = LONGEST) -> str:
    """The expression in plain text, with numbers (4 significant digits) or with leaf names."""
    return _Text(names, longest).spell(value)[0]


def latex(value: Sym, *, names: bool = False, longest: int = LONGEST) -> str:
    """The expression in LaTeX, with numbers (4 significant digits) or with leaf names."""
    return _Latex(names, longest).spell(value)[0]


class _Text:
    """Spells an expression; ``spell`` returns the words and how tightly they bind."""

    plus, minus, dot, dots, mod = " + ", " − ", "·", "…", " mod "

    def __init__(self, names: bool, longest: int) -> None:
        self.names = names
        self.longest = longest

    def spell(self, value: Sym) -> tuple[str, int]:
        kind, args = value.kind, value.args
        if kind == "leaf":
            if self.names and args[0] is not None:
                return self.leaf(*args[0]), _ATOM
            words = self.number(value.value)
            if words.startswith("-"):
                return words, _SUM
            return words, _PRODUCT if self.dot in words else _ATOM
        if kind in ("add", "sub"):
            return self.sum(value)
        if kind == "mul":
            return self.product(value)
        if kind == "div":
            return self.quotient(args[0], args[1])
        if kind == "mod":
            return self.inside(args[0], _POWER) + self.mod + self.inside(args[1], _POWER), _QUOTIENT
        if kind == "pow":
            return self.power(args[0], args[1])
        if kind == "neg":
            return "-" + self.inside(args[0], _PRODUCT), _SUM
        if kind == "abs":
            return self.bars(self.spell(args[0])[0]), _ATOM
        return self.call(args[0], args[1]), _ATOM

    def inside(self, value: Sym, place: int) -> str:
        """The words of ``value``, in parentheses if they bind looser than ``place``."""
        words, binds = self.spell(value)
        return words if binds >= place else self.parentheses(words)

    def sum(self, value: Sym) -> tuple[str, int]:
        terms = _terms(value)
        words: list[str] = []
        for position in _shown(len(terms), self.longest):
            if position < 0:
                words.append(self.plus + self.dots)
                continue
            minus, term = terms[position]
            if not words and minus:
                words.append("-" + self.inside(term, _PRODUCT))
            elif not words:
                words.append(
                    self.inside(term, _QUOTIENT) if term.kind == "sub" else self.spell(term)[0]
                )
            else:
                words.append((self.minus if minus else self.plus) + self.inside(term, _QUOTIENT))
        return self.counted("".join(words), len(terms), "terms"), _SUM

    def product(self, value: Sym) -> tuple[str, int]:
        factors = list(_factors(value))
        words = [
            self.dots if position < 0 else self.inside(factors[position], _PRODUCT)
            for position in _shown(len(factors), self.longest)
        ]
        return self.counted(self.dot.join(words), len(factors), "factors"), _PRODUCT

    def number(self, value: float) -> str:
        return number(value)

    def leaf(self, name: Name, index: tuple[int, ...]) -> str:
        return name.at(index).text

    def parentheses(self, words: str) -> str:
        return f"({words})"

    def bars(self, words: str) -> str:
        return f"|{words}|"

    def quotient(self, top: Sym, bottom: Sym) -> tuple[str, int]:
        if bottom.value == 1 and _is_plain(bottom):
            return self.spell(top)
        # In one line a quotient inside a product or quotient needs parentheses; \\frac does not.
        return f"{self.inside(top, _PRODUCT)} / {self.inside(bottom, _POWER)}", _QUOTIENT

    def power(self, base: Sym, exponent: Sym) -> tuple[str, int]:
        if exponent.value == 1 and _is_plain(exponent):
            return self.spell(base)
        words = self.inside(base, _ATOM)
        superscript = _SUPERSCRIPTS.get(exponent.value) if _is_plain(exponent) else None
        if superscript:
            return words + superscript, _POWER
        return f"{words}^{self.inside(exponent, _ATOM)}", _POWER

    def call(self, name: str, argument: Sym) -> str:
        if name == "log1p":
            # 1 − x reads better than 1 + -x.
            name, argument = "log", Sym(1.0 + argument.value, "add", (Sym(1), argument))
        return self.around(FUNCTIONS[name]).format(self.spell(argument)[0])

    def around(self, function: Function) -> str:
        return function.text

    def counted(self, words: str, count: int, what: str) -> str:
        return f"{words} ({count} {what})" if count > self.longest else words


class _Latex(_Text):
    plus, minus, dot, dots, mod = " + ", " - ", r" \cdot ", r"\dots", r" \bmod "

    def number(self, value: float) -> str:
        return number_latex(value)

    def leaf(self, name: Name, index: tuple[int, ...]) -> str:
        return name.at(index).tex

    def parentheses(self, words: str) -> str:
        # \left( … \right) only where something tall stands inside: it spaces worse than ( … ).
        return rf"\left({words}\right)" if "\\frac" in words or "\\left" in words else f"({words})"

    def bars(self, words: str) -> str:
        return rf"\left|{words}\right|"

    def around(self, function: Function) -> str:
        return function.latex

    def quotient(self, top: Sym, bottom: Sym) -> tuple[str, int]:
        if bottom.value == 1 and _is_plain(bottom):
            return self.spell(top)
        return rf"\frac{{{self.spell(top)[0]}}}{{{self.spell(bottom)[0]}}}", _PRODUCT

    def power(self, base: Sym, exponent: Sym) -> tuple[str, int]:
        if exponent.value == 1 and _is_plain(exponent):
            return self.spell(base)
        return f"{self.inside(base, _ATOM)}^{{{self.spell(exponent)[0]}}}", _POWER

    def counted(self, words: str, count: int, what: str) -> str:
        if count <= self.longest:
            return words
        return rf"\underbrace{{{words}}}_{{{count}\ \text{{{what}}}}}"


_SUPERSCRIPTS: dict[float, str] = {2: "²", 3: "³"}


def _is_plain(value: Sym) -> bool:
    """A number of the rule's own, not one of a tensor."""
    return value.kind == "leaf" and value.args[0] is None


def _shown(count: int, longest: int) -> list[int]:
    """Which of ``count`` pieces to show; -1 stands for the dots."""
    return list(range(count)) if count <= longest else [0, 1, -1, count - 1]


def _terms(value: Sym) -> list[tuple[bool, Sym]]:
    """The flat terms of a sum, each with whether it is subtracted.

    A sum of differences keeps each difference together: (a − b) + (c − d).
    """
    terms = _flat(value, ("add",))
    if sum(term.kind == "sub" for _, term in terms) > 1:
        return terms
    return _flat(value, ("add", "sub", "neg"))


def _flat(value: Sym, kinds: tuple[str, ...]) -> list[tuple[bool, Sym]]:
    found = []
    stack = [(False, value)]
    while stack:
        minus, term = stack.pop()
        if minus or term.kind not in kinds:
            found.append((minus, term))
        elif term.kind == "add":
            stack += [(False, term.args[1]), (False, term.args[0])]
        elif term.kind == "sub":
            stack += [(True, term.args[1]), (False, term.args[0])]
        else:
            stack.append((True, term.args[0]))
    return found


def _factors(value: Sym) -> Iterator[Sym]:
    stack = [value]
    while stack:
        factor = stack.pop()
        if factor.kind == "mul":
            stack += [factor.args[1], factor.args[0]]
        else:
            yield factor
