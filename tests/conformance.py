"""PyTorch's own test inputs put to the NumPy engine.

python tests/conformance.py docs/conformance.md

``op_db`` is the table from which PyTorch tests itself: for every operation the inputs that matter
and those that must fail. Each operation that this engine has too gets some of them, in float32 and
float64, and must give the same values and the same gradients, or fail where PyTorch fails.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from backprop_tui.engines.numpy_engine.dtypes import NAMES as DTYPES
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.engines.numpy_engine.names import lookup
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.scenario.surface import MEMBERS, NAMES

PAGE = Path(__file__).parent.parent / "docs" / "conformance.md"
#: At most so many samples of an operation and a dtype, spread over those that PyTorch has.
MOST = 10
LOOKED_THROUGH = 60
#: Arguments that say what is so anyway.
DEFAULTS = {
    "memory_format": torch.preserve_format, "layout": torch.strided, "pin_memory": False,
    "device": "cpu", "out": None,
}  # fmt: skip
_NONE = object()
DTYPES_RUN = (torch.float32, torch.float64)
TOLERANCE = {torch.float32: 2e-4, torch.float64: 1e-7}

_RANDOM = "draws random numbers; tests/test_random.py holds them against PyTorch's"
_EMPTY = "its numbers mean nothing"
_NO_DIMENSIONS = "an input without dimensions is not offered"
_SIGN = "vectors are known up to their sign, and two libraries choose their own"
#: Operations that are not compared, and why.
LEFT_OUT = {
    **dict.fromkeys(
        ("normal", "bernoulli", "randn", "randn_like", "rand_like", "randint", "uniform",
         "nn.functional.dropout", "normal.in_place",
         "normal.number_mean", "multinomial", "randint_like", "nn.functional.dropout2d",
         "nn.functional.dropout3d", "nn.functional.alpha_dropout",
         "nn.functional.feature_alpha_dropout.with_train",
         "nn.functional.multi_head_attention_forward"),
        _RANDOM,
    ),
    **dict.fromkeys(("empty", "empty_like", "new_empty"), _EMPTY),
    "bmm.triton_optimized": "is for GPUs",
    "nn.functional.silu.complex": "is for complex numbers",
    "nn.functional.triplet_margin_with_distance_loss": "is given a module of PyTorch's",
    "norm.nuc": "the nuclear norm is not offered",
}  # fmt: skip
#: (operation, a part of what the sample was refused or differs with) → why that is as it is.
KNOWN: dict[str, dict[str, str]] = {
    "nn.functional.scaled_dot_product_attention": {"dropout_p=0.5": _RANDOM},
    "linalg.eigh": {"UPLO='U'": _SIGN},
    "linalg.svd": {"full_matrices=True": _SIGN},
    "svd": {"some=True": _SIGN},
    "nn.functional.multi_margin_loss": {"tuple index": _NO_DIMENSIONS},
    "nn.functional.multilabel_margin_loss": {"tuple index": _NO_DIMENSIONS},
    "nn.functional.batch_norm": {"tuple index": "an input without channels is not offered"},
}

#: Where the sample's input is not the function's first argument.
ADAPTED: dict[str, Callable[..., Any]] = {
    "where": lambda f, x, condition, other: f(condition, x, other),
    "nn.functional.embedding": lambda f, weight, index, **how: f(index, weight, **how),
    "einsum": lambda f, tensors, equation: f(equation, *tensors),
    "polygamma": lambda f, x, n: f(n, x),
    "special.polygamma": lambda f, x, n: f(n, x),
    "zero_": lambda f, x: f(x.clone()),
    "__rpow__": lambda f, x, other: other**x if isinstance(x, Tensor) else f(x, other),
    "__rsub__": lambda f, x, other: other - x if isinstance(x, Tensor) else f(x, other),
}
#: Refusals of an argument that this engine does not take.
REFUSALS = ("unexpected keyword argument", "positional argument", "invalid combination of arg")


@dataclass
class Outcome:
    """What became of the samples of one operation."""

    ran: int = 0
    failed_alike: int = 0
    skipped: int = 0
    reasons: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


class NotOffered(Exception):
    """The engine refuses this sample in words."""


def name_of(op: Any) -> str:
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else str(op.name)


@cache
def database() -> dict[str, Any]:
    """The entries of ``op_db`` whose operation this engine has, by name."""
    from torch.testing._internal.common_methods_invocations import op_db

    return {
        name_of(op): op
        for op in sorted(op_db, key=name_of)
        if callable_of(op) is not None and op.supports_dtype(torch.float32, "cpu")
    }


def callable_of(op: Any) -> Callable[..., Any] | None:
    """What stands behind the operation's name here: a function, or a method of tensors."""
    found = _plain_callable(op)
    if found is None or op.name not in ADAPTED:
        return found
    return lambda *args, **kwargs: ADAPTED[op.name](found, *args, **kwargs)


def _plain_callable(op: Any) -> Callable[..., Any] | None:
    dotted = f"torch.{op.name}"
    if dotted in NAMES:
        known, value = lookup(dotted)
        return value if known and callable(value) else None  # type: ignore[return-value]
    method = getattr(Tensor, op.name, None)
    if method is None or not (op.name in MEMBERS["Tensor"] or op.name.startswith("__")):
        return None
    if isinstance(method, property):
        return lambda tensor: getattr(tensor, op.name)

    def call(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{op.name} is a method of tensors")
        return getattr(tensor, op.name)(*args, **kwargs)

    return call


# ---------------------------------------------------------------- a sample on both sides


class Side:
    """Makes the arguments of one side, and remembers the tensors that want a gradient."""

    def __init__(self, ours: bool) -> None:
        self.ours = ours
        self.leaves: list[Any] = []

    def made(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, torch.Size):
            return tuple(value)
        if isinstance(value, list | tuple):
            return type(value)(self.made(part) for part in value)
        if isinstance(value, dict):
            return {key: self.made(part) for key, part in value.items()}
        if isinstance(value, slice):
            return slice(self.made(value.start), self.made(value.stop), self.made(value.step))
        if self.ours and isinstance(value, torch.dtype):
            short = str(value).removeprefix("torch.")
            if short not in DTYPES:
                raise NotOffered(f"the dtype {short} is not offered")
            return DTYPES[short]
        if self.ours and isinstance(value, torch.device | torch.layout | torch.memory_format):
            if value == torch.device("cpu"):
                return "cpu"
            raise NotOffered(f"{type(value).__name__} is not offered")
        return value

    def _tensor(self, value: torch.Tensor) -> Any:
        if self.ours:
            if str(value.dtype).removeprefix("torch.") not in DTYPES:
                raise NotOffered(f"the dtype {value.dtype} is not offered")
            array = np.copy(value.detach().numpy(), order="K")
            made: Any = Tensor(array, bool(value.requires_grad))
        else:
            made = value.detach().clone().requires_grad_(value.requires_grad)
        if value.requires_grad:
            self.leaves.append(made)
        return made


def run(side: Side, function: Callable[..., Any], sample: Any) -> list[Any]:
    """The tensors (and numbers) that come out."""
    args = side.made((sample.input, *sample.args))
    kwargs = side.made({k: v for k, v in sample.kwargs.items() if v is not DEFAULTS.get(k, _NONE)})
    return list(parts(function(*args, **kwargs)))


def parts(result: Any) -> Iterator[Any]:
    """What a result consists of, tuples taken apart."""
    if isinstance(result, list | tuple):
        for part in result:
            yield from parts(part)
    else:
        yield result


def gradients(side: Side, results: Sequence[Any]) -> list[Any]:
    """The gradients of all leaves, from a gradient of 1, 0.5, 1/3 … at each result."""
    roots = [r for r in results if getattr(r, "requires_grad", False)]
    if not roots or not side.leaves:
        return []
    for root in roots:
        shape = tuple(root.shape)
        count = int(np.prod(shape, dtype=int))
        seed = (1 / np.arange(1, count + 1)).reshape(shape)
        kind = numbers(root).dtype
        if side.ours:
            root.backward(Tensor(np.asarray(seed, kind)), retain_graph=True)
        else:
            root.backward(torch.from_numpy(np.asarray(seed, kind)), retain_graph=True)
    return [leaf.grad for leaf in side.leaves]


def numbers(value: Any) -> Any:
    """The array behind a tensor of either side; numbers stay."""
    if isinstance(value, torch.Tensor):
        return value.numpy(force=True)
    return value.array if isinstance(value, Tensor) else value


def difference(mine: Sequence[Any], theirs: Sequence[Any], tolerance: float) -> str:
    """What differs; "" if nothing does."""
    if len(mine) != len(theirs):
        return f"{len(mine)} here, {len(theirs)} in PyTorch"
    for here, there in zip(mine, theirs, strict=True):
        if (here is None) != (there is None):
            return f"{here} here, {there} in PyTorch"
        if here is None:
            continue
        a, b = np.asarray(numbers(here)), np.asarray(numbers(there))
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{a.dtype}{a.shape} here, {b.dtype}{b.shape} in PyTorch"
        scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0)))
        if not np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
            return f"{a} here, {b} in PyTorch"
    return ""


def compare(op: Any, sample: Any, dtype: torch.dtype, outcome: Outcome) -> None:
    """One sample on both sides."""
    shown = f"{name_of(op)} {dtype}: {described(sample)}"
    ours, theirs = Side(True), Side(False)
    expected: list[Any] = []
    failure = None
    try:
        expected = run(theirs, op.op, sample)
        if any(one is NotImplemented for one in expected):
            raise TypeError("unsupported operand types")
    except Exception as error:
        failure = error
    try:
        mine = run(ours, callable_of(op), sample)  # type: ignore[arg-type]
    except (NotOffered, NotImplementedError) as refusal:
        if failure is None:
            skip(op, outcome, str(refusal))
        else:
            outcome.failed_alike += 1
        return
    except Exception as error:
        if failure is not None:
            outcome.failed_alike += 1
        elif any(text in str(error) for text in REFUSALS):
            skip(op, outcome, plain(str(error)))
        else:
            wrong(op, outcome, shown, f"{type(error).__name__}: {error}")
        return
    if failure is not None:
        wrong(op, outcome, shown, f"should fail: {str(failure).splitlines()[0]}")
        return
    found = difference(mine, expected, TOLERANCE[dtype])
    if not found:
        found = difference(
            gradients(ours, mine), gradients(theirs, expected), TOLERANCE[dtype] * 10
        )
        found = found and f"gradient: {found}"
    if found:
        wrong(op, outcome, shown, found)
    else:
        outcome.ran += 1


def wrong(op: Any, outcome: Outcome, shown: str, found: str) -> None:
    for part, reason in KNOWN.get(name_of(op), {}).items():
        if part in found or part in shown:
            outcome.skipped += 1
            outcome.reasons.add(reason)
            return
    outcome.wrong.append(f"{shown}\n  {found}")


def skip(op: Any, outcome: Outcome, reason: str) -> None:
    outcome.skipped += 1
    outcome.reasons.add(plain(reason))


def plain(message: str) -> str:
    """A refusal as a reason: without what names the inside of the engine."""
    first = message.splitlines()[0]
    _, said, argument = first.partition("unexpected keyword argument ")
    if said:
        return f"the argument {argument} is not offered"
    return "further arguments are not offered" if "positional argument" in first else first


def described(sample: Any) -> str:
    """A sample in short."""

    def text(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype)[6:]}{list(value.shape)}"
        if isinstance(value, list | tuple):
            return "(" + ", ".join(text(part) for part in value) + ")"
        return repr(value)

    keywords = [f"{key}={text(value)}" for key, value in sample.kwargs.items()]
    return ", ".join([text(sample.input), *(text(a) for a in sample.args), *keywords])


# ---------------------------------------------------------------- all of them


def spread(found: Iterable[Any]) -> list[Any]:
    """Some of them, evenly."""
    first = [one for one, _ in zip(found, range(LOOKED_THROUGH), strict=False)]
    step = -(-len(first) // MOST)
    return first[::step] if step else []


@cache
def outcome_of(name: str) -> Outcome:
    """All samples of one operation."""
    op, outcome = database()[name], Outcome()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for dtype in DTYPES_RUN:
            if not op.supports_dtype(dtype, "cpu"):
                continue
            torch.manual_seed(0)
            wants = dtype in op.supported_backward_dtypes("cpu") and op.supports_autograd
            for sample in spread(op.sample_inputs("cpu", dtype, requires_grad=wants)):
                NumpyEngine()
                compare(op, sample, dtype, outcome)
        if op.error_inputs_func is not None:
            for error in spread(op.error_inputs("cpu")):
                NumpyEngine()
                compare(op, error.sample_input, torch.float32, outcome)
    return outcome


def names() -> list[str]:
    """The operations that are compared."""
    return [name for name in database() if name not in LEFT_OUT]


HEAD = f"""\
# Conformance

<!-- Made by `python tests/conformance.py docs/conformance.md`. -->

PyTorch {torch.__version__.partition("+")[0]} tests itself with a table of sample inputs
(`torch.testing._internal.common_methods_invocations.op_db`). Each of its operations that the NumPy
engine has too is run here on up to {MOST} of them in float32 and as many in float64: values,
dtypes, shapes and gradients must be PyTorch's. *Fail alike*: inputs that PyTorch refuses and so
does the engine. *Skipped*: inputs that the engine refuses in words, or that differ for the reason
given.
"""


def page() -> str:
    """docs/conformance.md."""
    rows = [(name, outcome_of(name)) for name in names()]
    ran = sum(outcome.ran for _, outcome in rows)
    alike = sum(outcome.failed_alike for _, outcome in rows)
    skipped = sum(outcome.skipped for _, outcome in rows)
    lines = [
        HEAD,
        f"{len(rows)} operations: {ran} samples alike, {alike} fail alike, {skipped} skipped.\n",
        "| operation | alike | fail alike | skipped | why |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {o.ran} | {o.failed_alike or ''} | {o.skipped or ''} | "
        f"{'; '.join(sorted(o.reasons)).replace('|', chr(92) + '|')} |"
        for name, o in rows
    ]
    lines += ["", "## Not compared", "", "| operation | why |", "|---|---|"]
    left_out = [(name, why) for name, why in sorted(LEFT_OUT.items()) if name in database()]
    lines += [f"| `{name}` | {why} |" for name, why in left_out]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = page()
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
    for each in names():
        for found in outcome_of(each).wrong:
            print(found)
