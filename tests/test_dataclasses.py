"""A ``@dataclass`` has the methods that Python writes for it."""

from __future__ import annotations

import pytest
from both import in_ours, in_python

from backprop_tui.engines.numpy_engine.engine import NumpyEngine

PROGRAMS: dict[str, str] = {
    "methods": """
from dataclasses import dataclass, field
from typing import List
import dataclasses
@dataclass
class A:
    x: int
    y: float = 2.0
    tags: List[str] = field(default_factory=list)
    def total(self):
        return self.x + self.y
    def __post_init__(self):
        self.z = self.x * 2
@dataclasses.dataclass
class B:
    n: int = 1
    def __repr__(self):
        return 'own'
a = A(1)
a.tags.append('q')
print(a, A(1, y=3.0).tags, a.total(), a == A(1), A(2) == A(2), B(), A.y, a.z, a == 1)
""",
    "a missing value": """
from dataclasses import dataclass
@dataclass
class A:
    x: int
A()
""",
    "a list as default": """
from dataclasses import dataclass
@dataclass
class A:
    x: list = []
""",
    "an order that does not work": """
from dataclasses import dataclass
@dataclass
class A:
    x: int = 1
    y: int
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_does_as_in_python(name: str) -> None:
    ours, theirs = in_ours(PROGRAMS[name], NumpyEngine()), in_python(PROGRAMS[name])
    assert ours[:3] == theirs[:3]
