"""Modules that hold modules: Sequential, ModuleList, ModuleDict, and ParameterList."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backprop_tui.engines.numpy_engine.nn.module import Module, indented, visited
from backprop_tui.engines.numpy_engine.tensor import Parameter
from backprop_tui.engines.numpy_engine.words import typename


def _position(index: int, length: int) -> int:
    """``index`` counted from the front; IndexError outside."""
    index = operator.index(index)
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of range")
    return index % length


class _Row(Module):
    """Modules in a row, named by their positions or by the names they came with."""

    def _names(self) -> list[str]:
        return list(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._part({name: self._modules[name] for name in self._names()[index]})
        return self._modules[self._names()[_position(index, len(self))]]

    def _part(self, modules: dict[str, Module | None]) -> Module:
        raise NotImplementedError

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._names()[_position(index, len(self))], module)

    def append(self, module: Module) -> Any:
        """One more module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Several more modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """One more module before position ``index``."""
        row = list(self._modules.values())
        row.insert(index, module)
        self.__dict__["_modules"] = {str(i): m for i, m in enumerate(row)}
        return self


class Sequential(_Row):
    """One module after the other: each gets what the one before returned."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = (
            args[0].items()
            if len(args) == 1 and isinstance(args[0], dict)
            else ((str(i), module) for i, module in enumerate(args))
        )
        for name, module in named:
            self.add_module(name, module)

    def _part(self, modules: dict[str, Module | None]) -> Module:
        return type(self)(modules)

    def forward(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input


class ModuleList(_Row):
    """A list whose modules are registered; it has no forward of its own."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def _part(self, modules: dict[str, Module | None]) -> Module:
        return type(self)(m for m in modules.values() if m is not None)

    def __repr__(self) -> str:
        visited()
        texts = [repr(module) for module in self]
        if not texts:
            return f"{self._get_name()}()"
        lines = []
        start = 0
        for position, text in enumerate(texts):
            if position + 1 < len(texts) and texts[position + 1] == text:
                continue
            count = position - start + 1
            label = (
                f"({start}): {text}" if count == 1 else f"({start}-{position}): {count} x {text}"
            )
            lines.append(indented(label))
            start = position + 1
        return self._get_name() + "(\n  " + "\n  ".join(lines) + "\n)"


class ModuleDict(Module):
    """A dictionary whose modules are registered; it has no forward of its own."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The (name, module) pairs."""
        return self._modules.items()

    def pop(self, key: str) -> Any:
        """Take one away and return it."""
        return self._modules.pop(key)

    def clear(self) -> None:
        """Take all away."""
        self._modules.clear()

    def update(self, modules: Any) -> None:
        """Take over the modules of a mapping or of pairs."""
        pairs = modules.items() if isinstance(modules, Mapping | ModuleDict) else modules
        for key, module in pairs:
            self[key] = module


class ParameterList(Module):
    """A list whose parameters are registered; tensors put into it become parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend(values or ())

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parameters.values())

    def __getitem__(self, index: int | slice) -> Any:
        row = list(self._parameters.values())
        if isinstance(index, slice):
            return type(self)(row[index])
        return row[_position(index, len(row))]

    def __setitem__(self, index: int, value: Any) -> None:
        self.register_parameter(str(_position(index, len(self))), _as_parameter(value))

    def append(self, value: Any) -> ParameterList:
        """One more parameter at the end."""
        self.register_parameter(str(len(self)), _as_parameter(value))
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Several more parameters at the end."""
        for value in values:
            self.append(value)
        return self

    def extra_repr(self) -> str:
        return "\n".join(
            f"  ({name}): Parameter containing: [{p.dtype} of size "
            f"{'x'.join(str(n) for n in p.shape)}]"
            for name, p in self._parameters.items()
            if p is not None
        )


def _as_parameter(value: Any) -> Parameter:
    if not hasattr(value, "array"):
        raise TypeError(f"ParameterList takes tensors, but got {typename(value)}")
    return value if isinstance(value, Parameter) else Parameter(value)
