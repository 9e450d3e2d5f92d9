"""``torch.optim.Optimizer``: what runs the records of ``ops/updates.py``.

An optimizer keeps groups of parameters with their hyper-parameters, and some state per parameter.
``step()`` gives each parameter that has a gradient to its rule, line by line, and writes the result
back in place, as PyTorch does under ``no_grad``.
"""

from __future__ import annotations

import copy
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backprop_tui.engines.base import Array, Scalar
from backprop_tui.engines.numpy_engine import autograd, events, state
from backprop_tui.engines.numpy_engine.tensor import Tensor
from backprop_tui.engines.numpy_engine.words import typename
from backprop_tui.ops.updates import ONE_NUMBER, UPDATES, UpdateRule, hyperparameters

Group = dict[str, Any]


class Optimizer:
    """The base of all optimizers: parameter groups, state, ``zero_grad`` and ``step``."""

    #: the name of the rule in ``UPDATES``
    rule = ""
    #: whether a scheduler watches over its steps, and whether it has made one since
    scheduled = stepped = False

    def __init__(self, params: Any, defaults: Group) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {typename(params)}"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Tensor]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._told: dict[Tensor, dict[str, Array | Scalar]] = {}
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))

    def add_param_group(self, param_group: Group) -> None:
        """Optimize more parameters, with hyper-parameters of their own.

        Raises TypeError or ValueError for what cannot be optimized, or is already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        params: list[Any] = [given] if isinstance(given, Tensor) else list(given)
        if params and isinstance(params[0], tuple):
            param_group["param_names"] = [name for name, _ in params]
            params = [param for _, param in params]
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is "
                    f"{typename(param)}"
                )
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        if len({id(param) for param in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=3,
            )
        known = {id(param) for group in self.param_groups for param in group["params"]}
        if any(id(param) in known for param in params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append({**param_group, "params": params, **self._missing(param_group)})

    def _missing(self, group: Group) -> Group:
        return {name: value for name, value in self.defaults.items() if name not in group}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters: to None, or to zeros."""
        params = [param for group in self.param_groups for param in group["params"]]
        events.zero_grad(params, set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; returns what ``closure`` returned."""
        loss = None
        self.stepped = self.scheduled
        if closure is not None:
            with autograd.enable_grad():
                loss = closure()
        rule = UPDATES[self.rule]
        with state.quiet():
            for group in self.param_groups:
                hyper = hyperparameters(
                    {k: v.item() if isinstance(v, Tensor) else v for k, v in group.items()}
                )
                for param in group["params"]:
                    if param._grad is not None:
                        self._update(rule, param, hyper)
        return loss

    def _update(self, rule: UpdateRule, param: Tensor, hyper: dict[str, Scalar]) -> None:
        listener = state.now().listener
        grad = param._grad
        assert grad is not None
        kept = self.state.get(param, {})
        before = None if listener is None else param._snapshot()
        state_before = {} if listener is None else self._state_told(param, kept)
        values = rule.values(
            param.array, grad.array, hyper, {name: t.array for name, t in kept.items()}
        )
        for line, value in rule.run(values):
            if line.target == "param":
                param._write(value)
        for name, value in rule.state_of(values).items():
            if name in kept:
                kept[name]._write(value)
            else:
                kept[name] = state_tensor(name, value)
        if kept:
            self.state[param] = kept
        if listener is not None and before is not None:
            self._told.pop(param, None)
            frozen = param._grad_array()
            assert frozen is not None
            listener.update(
                type(self).__name__,
                hyper,
                frozen,
                before,
                param._snapshot(),
                state_before,
                self._state_told(param, kept),
            )

    def _state_told(self, param: Tensor, kept: Mapping[str, Tensor]) -> dict[str, Array | Scalar]:
        """The state as the Listener is told of it: arrays, and as numbers what is one number."""
        told = self._told.get(param)
        if told is None:
            told = self._told[param] = {
                name: t.array.item() if name in ONE_NUMBER else t._snapshot_data()
                for name, t in kept.items()
            }
        return told

    def state_dict(self) -> dict[str, Any]:
        """State and groups, with parameters as their positions."""
        number: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for param in group["params"]:
                number.setdefault(id(param), len(number))
            packed = {name: value for name, value in group.items() if name != "params"}
            packed["params"] = [number[id(param)] for param in group["params"]]
            groups.append(packed)
        kept = {number[id(param)]: value for param, value in self.state.items()}
        return {"state": kept, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a ``state_dict()``; ValueError if its groups do not fit."""
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(
            len(mine["params"]) != len(theirs["params"])
            for mine, theirs in zip(self.param_groups, groups, strict=True)
        ):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        self._told.clear()
        self.state.clear()
        for mine, theirs in zip(self.param_groups, groups, strict=True):
            for param, number in zip(mine["params"], theirs["params"], strict=True):
                for name, value in state_dict["state"].get(number, {}).items():
                    self.state[param][name] = Tensor(value.array.copy())
            mine.update({k: copy.copy(v) for k, v in theirs.items() if k != "params"})

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for number, group in enumerate(self.param_groups):
            text += f"\nParameter Group {number}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"


def state_tensor(name: str, value: Any) -> Tensor:
    """A tensor of its own for a state value; what is one number is a float32, as in PyTorch."""
    return Tensor(np.array(value, dtype=np.float32 if name in ONE_NUMBER else None))
