"""What an operation of the autograd graph is: one frozen record.

The model is PyTorch's ``derivatives.yaml``: named inputs, and for each input one formula of its
gradient, here with the code beside it. A vjp (vector-Jacobian product) takes the gradient ``g``
that arrives at the output and returns the gradient for one input::

    define(Op(
        name="mul", grad_fn="MulBackward0", elementwise=True,
        forward=lambda self, other: self * other,
        shape=broadcast,
        formula=Formula("$self · $other", r"$self \\odot $other"),
        vjps={
            "self": Vjp(lambda g, s: g * s.other, Formula("$grad · $other", …), saves=("other",)),
            "other": Vjp(lambda g, s: g * s.self, Formula("$grad · $self", …), saves=("self",)),
        },
    ))

The lambdas are plain NumPy on purpose: ``explain`` runs the very same lambdas on numbers that
remember how they were made, so the arithmetic shown is the arithmetic done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Template
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Saved = SimpleNamespace


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as a template, in plain text and in LaTeX.

    Placeholders are ``string.Template``'s: ``$self``, ``$other`` (inputs by name), ``$grad`` (the
    gradient arriving at the output), ``$result`` and attributes such as ``$exponent``.
    """

    text: str
    latex: str

    def fill(self, /, **parts: str) -> str:
        """The plain text with ``parts`` put in; unknown placeholders stay."""
        return Template(self.text).safe_substitute(parts)

    def fill_latex(self, /, **parts: str) -> str:
        """The LaTeX with ``parts`` put in; unknown placeholders stay."""
        return Template(self.latex).safe_substitute(parts)


@dataclass(frozen=True, slots=True)
class Vjp:
    """The gradient of one input: ``rule(g, saved)`` and its formula.

    ``saves`` names what must be kept from the forward pass: inputs by name, ``"result"``, or
    ``"<input>_shape"``. Attributes (``dim``, ``exponent`` …) are always there on ``saved``.
    The result of an ``elementwise`` op may still have the broadcast shape: the engine sums it back.
    """

    rule: Callable[[Any, Saved], Any]
    formula: Formula
    saves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operation, as autograd sees it: one record per ``grad_fn`` variant.

    - ``forward(*inputs, **attrs)`` works on NumPy arrays and returns an array (or a tuple).
    - ``shape(*input_shapes, **attrs)`` runs before forward and raises PyTorch's error.
    - ``vjps`` maps input names to their rules, in ``next_functions`` order. Inputs that never
      get a gradient (an index, a target) are named in ``plain`` instead.
    - ``variadic`` ops (cat, stack) have the one vjp ``"tensors"`` that returns a gradient for each.
    - ``outputs`` > 1, or 0 for "as many as forward returns": vjp rules get a tuple of gradients.
    - ``differentiable``: so many of the outputs, from the first, can have a gradient; 0: all.
    - ``promotes`` says how dtypes meet: "common" (a + b), "float" (exp of an int tensor), "none".
    """

    name: str
    grad_fn: str
    forward: Callable[..., Any]
    shape: Callable[..., Any]
    formula: Formula
    vjps: Mapping[str, Vjp] = field(default_factory=dict)
    plain: tuple[str, ...] = ()
    elementwise: bool = False
    variadic: bool = False
    outputs: int = 1
    differentiable: int = 0
    view: bool = False
    promotes: Literal["common", "float", "none"] = "none"
    help: str = ""


OPS: dict[str, Op] = {}


def define(op: Op) -> Op:
    """Register ``op`` under its name; a second record of the same name is an error."""
    if op.name in OPS:
        raise ValueError(f"op {op.name!r} is defined twice")
    OPS[op.name] = op
    return op


def reduce_to(grad: Array, shape: Shape) -> Array:
    """Sum ``grad`` back to ``shape``, undoing a broadcast (PyTorch's ``sum_to_size``)."""
    if grad.shape == shape:
        return grad
    lead = grad.ndim - len(shape)
    if lead:
        grad = grad.sum(axis=tuple(range(lead)))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and grad.shape[i] != 1)
    return np.asarray(grad.sum(axis=axes, keepdims=True)) if axes else np.asarray(grad)
