r"""How a tensor is called in a formula, in text and in LaTeX.

u           bound by the program                        u          u
w1, y_hat   its LaTeX follows the field's habits        w1         w_{1}, \hat{y}
(u * v)     no name: its source text, when short        (u * v)    (u \cdot v)
linear(x)   … without the words torch. and self.        linear(x)  \operatorname{linear}(x)
model.0(…)  no name: what comes out of a module
mul₂        no name and long: the op, numbered per loop round
wᵀ          a transposed w                              wᵀ         w^{\top}
∂L/∂u       the gradient of the root L                  ∂f/∂u      \frac{\partial f}{\partial u}
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

from backprop_tui.engines.base import TensorValue
from backprop_tui.trace.steps import Bind, Call, Forward, Loop, SeedGrad, Span, Step, Where
from backprop_tui.trace.trace import Trace

#: Source text up to this length names a value that has no name of its own.
LONGEST_TEXT = 24
TRANSPOSES = frozenset({"t", "transpose", "permute"})


@dataclass(frozen=True, slots=True)
class Name:
    r"""A name in text and LaTeX; an element's index stands before ``latex_end``.

    ``Name("∂f/∂u", r"\frac{\partial f}{\partial u", "}")`` so puts ``[0]`` into the denominator.
    """

    text: str
    latex: str
    latex_end: str = ""

    def at(self, index: tuple[int, ...]) -> Name:
        """The element ``index`` of it: ``w[0,1]``; itself for a 0-d tensor."""
        if not index:
            return self
        words = f"[{','.join(map(str, index))}]"
        return Name(self.text + words, self.latex + words, self.latex_end)

    @property
    def bare(self) -> Name:
        """Without the parentheses around it, for a place where none are needed."""
        if not is_wrapped(self.text):
            return self
        return Name(self.text[1:-1], self.latex.removeprefix("(").removesuffix(")"))

    @property
    def tex(self) -> str:
        """The whole LaTeX."""
        return self.latex + self.latex_end


def is_wrapped(text: str) -> bool:
    """Whether one pair of parentheses is around all of it: ``(a + b)``, not ``(a).sum()``."""
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth <= 0:
            return position == len(text) - 1 and position > 0
    return False


@lru_cache(maxsize=4096)
def named(text: str) -> Name:
    """A Name from a program's own words."""
    return Name(text, latex_name(text))


def partial(of: Name, by: Name) -> Name:
    """``∂of/∂by``."""
    return Name(f"∂{of.text}/∂{by.text}", rf"\frac{{\partial {of.tex}}}{{\partial {by.tex}", "}")


def grad_of(name: Name) -> Name:
    """``w.grad``."""
    return Name(f"{name.text}.grad", rf"{name.tex}\texttt{{.grad}}")


class Names:
    """The names of a trace's tensors, learnt step by step as the trace grows."""

    def __init__(self, trace: Trace) -> None:
        self._trace_length = 0
        self._last: Step | None = None
        #: tensor → (step, rank, name), each better than the one before; the best so far is last
        self._names: dict[int, list[tuple[int, int, str]]] = {}
        self._labels: dict[int, str] = {}
        self._counts: dict[str, int] = {}
        self._seeds: list[int] = []
        self._texts: dict[Span, tuple[str, tuple[str, ...]]] = {}
        self._place: tuple[Where, int, str] | None = None

    def update(self, trace: Trace) -> None:
        """Take in what was recorded since the last call."""
        count = self._trace_length
        if count and trace[count - 1] is not self._last:
            self._bind(trace[count - 1])
        for index in range(count, len(trace)):
            self._take(trace, trace[index])
        self._trace_length = len(trace)
        self._last = trace[-1] if len(trace) else None

    def of(self, tensor: int, at: int) -> Name:
        """What ``tensor`` is called at step ``at``."""
        best = None
        for index, _, name in self._names.get(tensor, ()):
            if index <= at:
                best = name
        return named(best or self._labels.get(tensor, f"tensor{_small(tensor)}"))

    def has_name(self, tensor: int, at: int) -> bool:
        """Whether the program itself gave the tensor a name, by step ``at``."""
        found = self._names.get(tensor)
        return bool(found) and found is not None and found[0][0] <= at

    def seed_before(self, index: int) -> int | None:
        """The latest SeedGrad at or before step ``index``."""
        position = bisect_right(self._seeds, index)
        return self._seeds[position - 1] if position else None

    def _take(self, trace: Trace, step: Step) -> None:
        if isinstance(step, Loop):
            self._counts.clear()
        elif isinstance(step, SeedGrad):
            self._seeds.append(step.index)
        elif isinstance(step, Forward):
            self._label(trace, step)
        self._bind(step)

    def _bind(self, step: Step) -> None:
        if not isinstance(step, Bind | Call | Loop | Forward):
            return
        for name in step.binds:
            if isinstance(name.value, TensorValue):
                # The module's own level before a function's, a plain name before a parameter's,
                # both before a loop's, and any name before a place in a container.
                rank = 2 * (step.where.call != 0) + (name.kind == "parameter")
                rank += 2 * isinstance(step, Loop) + 4 * (name.kind == "element")
                known = self._names.setdefault(name.value.tensor, [])
                if not known or rank < known[-1][1]:
                    known.append((step.index, rank, name.name))

    def _label(self, trace: Trace, step: Forward) -> None:
        where = step.where
        span = where.expression
        if span not in self._texts:
            words = trace.text(span)
            self._texts[span] = _label_of(words), _grads_in(words)
        text, grads = self._texts[span]
        if grads:
            self._label_grads(step, grads)
        before = self._place
        if before and before[0].expression is span and before[0].call == where.call:
            # A composition: its text names what comes out of it, not what is made on the way.
            module = before[0].module
            made = f"{module}(…)" if module and module != where.module else before[2]
            self._labels[before[1]] = self._number(made)
        for output in step.outputs:
            if output.tensor in self._labels:
                continue
            in_place = _IN_PLACE.fullmatch(text) if step.changed else None
            label = in_place[1] if in_place else text
            first = step.inputs[0].value if step.inputs else None
            if step.op in TRANSPOSES and output.data.ndim == 2 and isinstance(first, TensorValue):
                label = (self.of(first.tensor, step.index).text + "ᵀ").replace("ᵀᵀ", "")
            elif not label or len(step.outputs) > 1:
                label = self._number(step.op)
            self._labels[output.tensor] = label
            self._place = (where, output.tensor, step.op) if label is text else None

    def _label_grads(self, step: Forward, grads: tuple[str, ...]) -> None:
        """``w.grad`` in the text names the input that nothing else has named."""
        unnamed = [
            o.value.tensor
            for o in step.inputs
            if isinstance(o.value, TensorValue)
            and o.value.tensor not in self._names
            and self._labels.get(o.value.tensor) in (None, *grads)
        ]
        if len(unnamed) == len(grads):
            self._labels.update(zip(unnamed, grads, strict=True))

    def _number(self, made: str) -> str:
        """``mul₂``; what comes out of a module is numbered only if it does so again."""
        count = self._counts[made] = self._counts.get(made, 0) + 1
        return made if count == 1 and made.endswith("(…)") else made + _small(count)


_CACHE: WeakKeyDictionary[Trace, Names] = WeakKeyDictionary()


def names_of(trace: Trace) -> Names:
    """The Names of a trace, kept as long as the trace lives and brought up to date."""
    names = _CACHE.get(trace)
    if names is None:
        names = _CACHE[trace] = Names(trace)
    names.update(trace)
    return names


def _small(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


#: ``w.grad.zero_()`` is w.grad, changed.
_IN_PLACE = re.compile(r"([\w.\[\]]+)\.\w+_\(.*\)")
_NAMESPACE = re.compile(r"\b(?:torch|F|nn|self|np)\.(?=[A-Za-z_]\w*\()")


def source_words(text: str) -> str:
    """Source text for a formula or a title: whose function it is does not matter there."""
    return _NAMESPACE.sub("", text)


def _label_of(text: str) -> str:
    """Source text as a name: itself, in parentheses if an operator is outermost, or nothing."""
    text = source_words(text)
    tree = _parse(text) if 0 < len(text) <= LONGEST_TEXT else None
    if tree is None:
        return ""
    simple = isinstance(tree, ast.Call | ast.Attribute | ast.Subscript)
    return text if simple else f"({text})"


def _grads_in(text: str) -> tuple[str, ...]:
    """The operands in an operation's text that are some tensor's ``.grad``."""
    tree = _parse(text) if ".grad" in text else None
    if not isinstance(tree, ast.BinOp):
        return ()
    sides = [side for side in (tree.left, tree.right) if isinstance(side, ast.Attribute)]
    return tuple(ast.unparse(side) for side in sides if side.attr == "grad")


def _parse(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None


# --- LaTeX ----------------------------------------------------------------------------------

_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|"
    "upsilon|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)
_ACCENTS = {"hat": "hat", "bar": "bar", "tilde": "tilde", "dot": "dot"}
_ATTRIBUTES = {"grad": r"\texttt{.grad}", "T": r"^{\top}", "data": ""}
_NAME = re.compile(r"([A-Za-z]+)(\d*)")
_OPERATORS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: (" + ", 1),
    ast.Sub: (" - ", 1),
    ast.Mult: (r" \cdot ", 2),
    ast.MatMult: (r"\, ", 2),
    ast.Div: (" / ", 2),
}


@lru_cache(maxsize=4096)
def latex_name(text: str) -> str:
    """A name or a short piece of source text in LaTeX."""
    if text.endswith("ᵀ"):
        return latex_name(text[:-1]) + r"^{\top}"
    stem = text.rstrip("₀₁₂₃₄₅₆₇₈₉")
    if stem != text:
        number = text[len(stem) :].translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
        return rf"\mathit{{{_escape(stem)}}}_{{{number}}}"
    if text.isidentifier():
        return _latex_identifier(text)
    if re.fullmatch(r"[\w.]+", text) and text.rpartition(".")[2] not in _ATTRIBUTES:
        return rf"\mathit{{{_escape(text)}}}"
    if text.endswith("(…)"):
        return latex_name(text[:-3]) + r"(\dots)"
    tree = _parse(text)
    words = None if tree is None else _latex_expression(tree, 0)
    if words is None:
        return rf"\texttt{{{_escape(text)}}}"
    return f"({words})" if is_wrapped(text) else words


def _latex_identifier(name: str) -> str:
    stem, *rest = [part for part in name.split("_") if part] or [name]
    match = _NAME.fullmatch(stem)
    if match is None:
        return rf"\mathit{{{_escape(name)}}}"
    letters, digits = match.groups()
    if letters == "eps":
        words = r"\varepsilon"
    elif _GREEK.fullmatch(letters):
        words = "\\" + letters
    elif len(letters) == 1:
        words = letters
    elif rest and not all(part in _ACCENTS or part.isdigit() for part in rest):
        return rf"\mathit{{{_escape(name)}}}"
    else:
        words = rf"\mathit{{{letters}}}"
    below = [digits] if digits else []
    for part in rest:
        if part in _ACCENTS:
            words = rf"\{_ACCENTS[part]}{{{words}}}"
        elif part.isdigit() or len(part) == 1:
            below.append(part)
        else:
            below.append(rf"\mathit{{{_escape(part)}}}")
    return f"{words}_{{{','.join(below)}}}" if below else words


def _latex_expression(tree: ast.expr, place: int) -> str | None:
    """LaTeX of a Python expression; None where it has no mathematical spelling."""
    if isinstance(tree, ast.Name):
        return _latex_identifier(tree.id)
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float):
        return repr(tree.value)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        inner = _latex_expression(tree.operand, 2)
        return None if inner is None else _wrap(f"-{inner}", 1, place)
    if isinstance(tree, ast.BinOp):
        return _latex_binary(tree, place)
    if isinstance(tree, ast.Attribute) and tree.attr in _ATTRIBUTES:
        inner = _latex_expression(tree.value, 3)
        return None if inner is None else inner + _ATTRIBUTES[tree.attr]
    if isinstance(tree, ast.Subscript):
        inner = _latex_expression(tree.value, 3)
        at = ast.unparse(tree).removeprefix(ast.unparse(tree.value))
        return inner + at if inner and re.fullmatch(r"\[[\d:, -]+\]", at) else None
    if isinstance(tree, ast.Call) and not tree.keywords:
        arguments = [_latex_expression(argument, 0) for argument in tree.args]
        function = tree.func.attr if isinstance(tree.func, ast.Attribute) else None
        if isinstance(tree.func, ast.Name):
            function = tree.func.id
        words = [argument for argument in arguments if argument is not None]
        if function is None or len(words) != len(arguments):
            return None
        if isinstance(tree.func, ast.Attribute) and not _is_namespace(tree.func.value):
            itself = _latex_expression(tree.func.value, 0)
            if itself is None:
                return None
            words.insert(0, itself)
        return rf"\operatorname{{{_escape(function)}}}({', '.join(words)})"
    return None


def _is_namespace(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Name) and tree.id in ("torch", "F", "nn", "self", "np")


def _latex_binary(tree: ast.BinOp, place: int) -> str | None:
    if isinstance(tree.op, ast.Pow):
        base, exponent = _latex_expression(tree.left, 3), _latex_expression(tree.right, 0)
        if base is None or exponent is None:
            return None
        return f"{base}^{{{exponent}}}"
    if type(tree.op) not in _OPERATORS:
        return None
    sign, binds = _OPERATORS[type(tree.op)]
    left, right = _latex_expression(tree.left, binds), _latex_expression(tree.right, binds + 1)
    if left is None or right is None:
        return None
    return _wrap(left + sign + right, binds, place)


def _wrap(words: str, binds: int, place: int) -> str:
    return f"({words})" if binds < place else words


def _escape(text: str) -> str:
    """Text inside LaTeX braces: the special characters escaped, the unspeakable ones dropped."""
    return re.sub(r"([_#$%&{}])", r"\\\1", re.sub(r"[\\^~]", " ", text))
