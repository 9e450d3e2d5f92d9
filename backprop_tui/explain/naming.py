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
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary, ref

from backprop_tui.engines.base import TensorValue
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.steps import Forward, Span, Where
from backprop_tui.trace.trace import Trace

#: Source text up to this length names a value that has no name of its own.
LONGEST_TEXT = 24
#: A round is read in parts of so many steps; the labels of so many parts are kept.
LONGEST_ROUND, MOST_ROUNDS = 4096, 256
#: What an op makes beside its result, for its own backward.
_BESIDE = {
    "max_pool2d_with_indices": ("indices",),
    "native_batch_norm": ("mean", "rstd"),
    "native_group_norm": ("mean", "rstd"),
    "native_layer_norm": ("mean", "rstd"),
}
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
    """The names of a trace's tensors, found where they are asked for.

    Names that the program gave are looked up. The label of a tensor without one comes from the
    round of the loop that made it, which is read as a whole, once.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace_ref = ref(trace)
        self._rounds: OrderedDict[int, _Round] = OrderedDict()
        self._texts: dict[Span, tuple[str, tuple[str, ...]]] = {}

    @property
    def _trace(self) -> Trace:
        trace = self._trace_ref()
        assert trace is not None, "the names of a trace live no longer than it"
        return trace

    def of(self, tensor: int, at: int) -> Name:
        """What ``tensor`` is called at step ``at``."""
        return named(self._given(tensor, at) or self._label_at(tensor, at))

    def has_name(self, tensor: int, at: int) -> bool:
        """Whether the program itself gave the tensor a name, by step ``at``."""
        return self._given(tensor, at) is not None

    def seed_before(self, index: int) -> int | None:
        """The latest SeedGrad at or before step ``index``."""
        seed = phases_of(self._trace).seed_at(index)
        return None if seed < 0 else seed

    def text(self, span: Span) -> tuple[str, tuple[str, ...]]:
        """A piece of source as a label, and the operands in it that are some tensor's ``.grad``."""
        known = self._texts.get(span)
        if known is None:
            words = self._trace.text(span)
            known = self._texts[span] = _label_of(words), _grads_in(words)
        return known

    def _given(self, tensor: int, at: int) -> str | None:
        best = None
        for index, _, name in self._trace.namings_of(tensor):
            if index <= at and name != "_":  # that is what nobody means to use
                best = name
        return best

    def _label_at(self, tensor: int, at: int) -> str:
        """The label from where the tensor was made, else from where it is looked at."""
        made = self._trace.produced_at(tensor)
        for index in (made, at):
            label = None if index is None else self._round(index).labels.get(tensor)
            if label is not None:
                return label
        return f"tensor{_small(tensor)}"

    def _round(self, index: int) -> _Round:
        """The labels of the loop round that step ``index`` is in; a long one in parts."""
        phases = phases_of(self._trace)
        start = max(phases.round_at(index), 0)
        start += (index - start) // LONGEST_ROUND * LONGEST_ROUND
        found = self._rounds.get(start)
        if found is None:
            found = self._rounds[start] = _Round(start)
            if len(self._rounds) > MOST_ROUNDS:
                self._rounds.popitem(last=False)
        self._rounds.move_to_end(start)
        stop = min(phases.next_round(start), start + LONGEST_ROUND, len(phases))
        # What is asked while a round is being read meets it as far as it has come.
        first, found.until = found.until, max(found.until, stop)
        for at in range(first, stop):
            step = self._trace[at]
            if isinstance(step, Forward):
                found.take(self, self._trace, step)
        return found


class _Round:
    """Labels of what one round of a loop makes, learnt op by op."""

    def __init__(self, start: int) -> None:
        self.start = self.until = start
        self.labels: dict[int, str] = {}
        self._counts: dict[str, int] = {}
        self._place: tuple[Where, int, str] | None = None

    def take(self, names: Names, trace: Trace, step: Forward) -> None:
        """Learn what an op's outputs are called."""
        where = step.where
        span = where.expression
        text, grads = names.text(span)
        if grads:
            self._label_grads(names, step, grads)
        before = self._place
        if before and before[0].expression == span and before[0].call == where.call:
            # A composition: its text names what comes out of it, not what is made on the way.
            module = before[0].module
            made = f"{module}(…)" if module and module != where.module else plain_op(before[2])
            self.labels[before[1]] = self._number(made)
        hidden = _BESIDE.get(step.op)
        for position, output in enumerate(step.outputs):
            if output.tensor in self.labels or self._is_older(trace, output.tensor):
                continue
            in_place = _IN_PLACE.fullmatch(text) if step.changed else None
            label = in_place[1] if in_place else text
            first = step.inputs[0].value if step.inputs else None
            if step.op in TRANSPOSES and output.data.ndim == 2 and isinstance(first, TensorValue):
                label = (names.of(first.tensor, step.index).text + "ᵀ").replace("ᵀᵀ", "")
            elif hidden and 0 < position <= len(hidden):
                label = self._number(hidden[position - 1])
            elif not label or (len(step.outputs) > 1 and not hidden):
                label = self._number(plain_op(step.op))
            self.labels[output.tensor] = label
            if not position:
                self._place = (where, output.tensor, step.op) if label is text else None

    def _is_older(self, trace: Trace, tensor: int) -> bool:
        made = trace.produced_at(tensor)
        return made is not None and made < self.start

    def _label_grads(self, names: Names, step: Forward, grads: tuple[str, ...]) -> None:
        """``w.grad`` in the text names the input that nothing else has named."""
        unnamed = [
            o.value.tensor
            for o in step.inputs
            if isinstance(o.value, TensorValue)
            and not names.has_name(o.value.tensor, step.index)
            and self.labels.get(o.value.tensor) in (None, *grads)
        ]
        if len(unnamed) == len(grads):
            self.labels.update(zip(unnamed, grads, strict=True))

    def _number(self, made: str) -> str:
        """``mul₂``; what comes out of a module is numbered only if it does so again."""
        count = self._counts[made] = self._counts.get(made, 0) + 1
        return made if count == 1 and made.endswith("(…)") else made + _small(count)


_CACHE: WeakKeyDictionary[Trace, Names] = WeakKeyDictionary()


def names_of(trace: Trace) -> Names:
    """The Names of a trace, kept as long as the trace lives."""
    names = _CACHE.get(trace)
    if names is None:
        names = _CACHE[trace] = Names(trace)
    return names


def _small(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


_BACKENDS = re.compile(
    r"^(?:_(?!_)|native_|mkldnn_|cudnn_|miopen_|mps_|unsafe_|slow_)+|_with_indices$"
)


def plain_op(op: str) -> str:
    """An op without the words for how PyTorch runs it: ``native_layer_norm`` is layer_norm,
    ``squeeze.dim`` is squeeze."""
    return _BACKENDS.sub("", op.partition(".")[0]) or op


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
