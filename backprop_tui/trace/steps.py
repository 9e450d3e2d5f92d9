"""The steps of a trace: what happened, in order, as plain immutable values.

    Bind        a name now stands for a value                u = torch.tensor(1.0)
    Call        a function of the scenario is entered        model(x) → Net.forward
    Loop        a loop begins its next round                 for epoch in range(10)
    Forward     an op ran                                    u * v
    SeedGrad    backward begins at the root                  loss.backward()
    Backward    a Node passed gradients on                   MulBackward0
    Accumulate  a tensor's .grad received a gradient         AccumulateGrad
    ZeroGrad    gradients were cleared                       optimizer.zero_grad()
    Update      an optimizer changed a parameter             optimizer.step()
    Assign      data, grad or requires_grad was set          w.data = …
    Output      something was printed                        print(u.grad)
    Failed      the program stopped here with an error
    Resumed     what ran before was not recorded step by step; it is from here on

Every step knows its ``index``, ``where`` in the program it happened, and holds the values it
concerns, so a screen can be drawn from a Trace and an index alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from backprop_tui.engines.base import (
    Array,
    GradValue,
    NodeValue,
    Operand,
    Outgoing,
    Scalar,
    TensorValue,
)
from backprop_tui.engines.promise import asked
from backprop_tui.frozen import quickly


@quickly
@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text: lines from 1, columns from 0 in characters, the end exclusive.

    ``file`` names the source it is in, among the trace's ``sources`` ("": the program itself).
    """

    line: int
    column: int
    end_line: int
    end_column: int
    file: str = ""


@quickly
@dataclass(frozen=True, slots=True)
class LoopAt:
    """Where a running loop is: ``epoch`` 3 of 10 (``total`` None: not known)."""

    name: str
    number: int
    total: int | None


@quickly
@dataclass(frozen=True, slots=True, weakref_slot=True)
class Where:
    """The place in the program.

    ``statement`` is the running statement (for a compound one its header), ``expression`` the
    sub-expression of this step. ``call`` numbers the function invocation (0: the module level),
    ``scopes`` names the functions entered, innermost last. ``module`` is the path of the nn.Module
    at work ("model.0"). ``grad_enabled`` is False under ``torch.no_grad()``.
    """

    statement: Span
    expression: Span
    scopes: tuple[str, ...] = ()
    call: int = 0
    loops: tuple[LoopAt, ...] = ()
    module: str = ""
    grad_enabled: bool = True


@quickly
@dataclass(frozen=True, slots=True)
class Named:
    """A name and what it stands for: a tensor, a module's parameters, or anything else as text."""

    name: str
    value: TensorValue | str
    kind: str = "tensor"  # tensor | parameter | number | text | module


@quickly
@dataclass(frozen=True, slots=True)
class Bind:
    """A name (or several) now stands for a value; a module also names all its parameters."""

    index: int
    where: Where
    binds: tuple[Named, ...]


@quickly
@dataclass(frozen=True, slots=True)
class Call:
    """A function or ``forward`` of the scenario is entered with these arguments."""

    index: int
    where: Where
    function: str
    binds: tuple[Named, ...]


@quickly
@dataclass(frozen=True, slots=True)
class Loop:
    """A loop begins its next round with these loop variables."""

    index: int
    where: Where
    binds: tuple[Named, ...]


@quickly
@dataclass(frozen=True, slots=True)
class Forward:
    """An op ran. ``binds``: names given to its output by the same statement.

    ``changed`` holds the tensors whose data an in-place op changed, aliases included; ``grads`` the
    tensors whose ``.grad`` it changed so.
    """

    index: int
    where: Where
    op: str
    inputs: tuple[Operand, ...]
    attrs: Mapping[str, object]
    outputs: tuple[TensorValue, ...]
    node: NodeValue | None
    changed: tuple[TensorValue, ...] = ()
    binds: tuple[Named, ...] = ()
    grads: tuple[GradValue, ...] = ()


@quickly
@asked("grad")
@dataclass(frozen=True, slots=True, eq=False)
class SeedGrad:
    """Backward begins: ∂L/∂L = ``grad`` arrives at ``tensor``."""

    index: int
    where: Where
    tensor: TensorValue
    grad: Array


@quickly
@asked("incoming")
@dataclass(frozen=True, slots=True, eq=False)
class Backward:
    """A Node ran: ``incoming`` per output, ``outgoing`` per edge (None: no gradient flows)."""

    index: int
    where: Where
    node: NodeValue
    incoming: tuple[Array | None, ...]
    outgoing: tuple[Outgoing | None, ...]


@quickly
@asked("incoming", "before", "after")
@dataclass(frozen=True, slots=True, eq=False)
class Accumulate:
    """``tensor.grad`` was ``before`` (None: no gradient yet) and is ``after``."""

    index: int
    where: Where
    tensor: TensorValue
    node: NodeValue | None
    incoming: Array
    before: Array | None
    after: Array


@quickly
@asked("before", "after")
@dataclass(frozen=True, slots=True, eq=False)
class Cleared:
    """One gradient of a ZeroGrad: ``after`` is None, or zeros with set_to_none=False."""

    tensor: TensorValue
    before: Array | None
    after: Array | None


@quickly
@dataclass(frozen=True, slots=True)
class ZeroGrad:
    """Gradients were cleared."""

    index: int
    where: Where
    cleared: tuple[Cleared, ...]


@quickly
@asked("grad", "state_before", "state_after")
@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """An optimizer changed one parameter; ``group`` holds the hyper-parameters used."""

    index: int
    where: Where
    optimizer: str
    group: Mapping[str, Scalar]
    grad: Array
    before: TensorValue
    after: TensorValue
    state_before: Mapping[str, Array | Scalar]
    state_after: Mapping[str, Array | Scalar]


@quickly
@asked("grad")
@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """``data``, ``grad`` or ``requires_grad`` was set; ``grad`` is the tensor's .grad after it."""

    index: int
    where: Where
    attribute: str
    tensor: TensorValue
    grad: Array | None


@quickly
@dataclass(frozen=True, slots=True)
class Output:
    """``print`` wrote ``text`` (its line end included)."""

    index: int
    where: Where
    text: str


@quickly
@dataclass(frozen=True, slots=True)
class Failed:
    """The program stopped here; ``kind`` is the exception's name, ``message`` PyTorch's words."""

    index: int
    where: Where
    kind: str
    message: str
    hint: str = ""


@quickly
@dataclass(frozen=True, slots=True)
class Resumed:
    """Recording step by step begins with ``iteration`` (from 1); it had not been on before.

    ``binds`` are the names in sight, with the values they have now.
    """

    index: int
    where: Where
    iteration: int
    binds: tuple[Named, ...]


Step = (
    Bind
    | Call
    | Loop
    | Forward
    | SeedGrad
    | Backward
    | Accumulate
    | ZeroGrad
    | Update
    | Assign
    | Output
    | Failed
    | Resumed
)

#: All kinds of steps. A file may know them by their place in it: new ones come last.
STEPS: tuple[type[Step], ...] = get_args(Step)
