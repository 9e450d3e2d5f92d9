"""What is made quickly is what a frozen dataclass makes: in every way but how long it takes."""

from __future__ import annotations

import copy
import inspect
import pickle
import weakref
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Any

import pytest

from backprop_tui.frozen import quickly


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Plain:
    left: int
    right: object = None
    names: tuple[str, ...] = ()


@quickly
@dataclass(frozen=True, slots=True, weakref_slot=True)
class Quick:
    left: int
    right: object = None
    names: tuple[str, ...] = ()


def _refused(change: Callable[[Any], object]) -> Callable[[Any], object]:
    def refused(cls: Any) -> object:
        made = cls(1)
        with pytest.raises(FrozenInstanceError):
            change(made)
        return made

    return refused


FACTS: dict[str, Callable[[Any], object]] = {
    "by place": lambda cls: cls(1, 2, ("a",)),
    "by name": lambda cls: cls(names=("a",), left=1),
    "defaults": lambda cls: cls(1),
    "replaced": lambda cls: replace(cls(1, 2), right=3),
    "copied": lambda cls: copy.deepcopy(cls(1, [2])),
    "pickled": lambda cls: pickle.loads(pickle.dumps(cls(1, [2]))),
    "no field set": _refused(lambda made: setattr(made, "left", 2)),
    "no field deleted": _refused(lambda made: delattr(made, "left")),
}


@pytest.mark.parametrize("fact", FACTS)
def test_is_the_same(fact: str) -> None:
    quick, plain = FACTS[fact](Quick), FACTS[fact](Plain)
    assert type(quick) is Quick
    assert [getattr(quick, f.name) for f in fields(Quick)] == [
        getattr(plain, f.name) for f in fields(Plain)
    ]
    assert repr(quick) == repr(plain).replace("Plain", "Quick")


def test_equal_ones_are_one_key() -> None:
    assert {Quick(1): "found"}[Quick(1)] == "found"
    assert Quick(1) != Quick(2)


def test_can_be_referred_to_weakly() -> None:
    made = Quick(1)
    assert weakref.ref(made)() is made


@pytest.mark.parametrize("call", [(), (1, 2, 3, 4)])
def test_refuses_the_same_calls(call: tuple[int, ...]) -> None:
    for cls in (Quick, Plain):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            cls(*call)


def test_has_the_same_signature() -> None:
    quick, plain = inspect.signature(Quick), inspect.signature(Plain)
    assert [(p.name, p.default) for p in quick.parameters.values()] == [
        (p.name, p.default) for p in plain.parameters.values()
    ]
