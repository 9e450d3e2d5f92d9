"""Each new value of a name is told once PyTorch does something, whatever gave it."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded_scripts import recorded, write

#: A program → the values that it gives ``n``, as its steps tell them.
GIVEN = {
    "n = 1\nw * n\nn = 2\nw * n": ["1", "2"],
    "def f():\n    global n\n    n = 2\nn = 1\nw * n\nf()\nw * n": ["1", "2"],
    "n = 1\nw * n\nglobals()['n'] = 2\nw * n": ["1", "2"],
    "n = 1\nw * n\nexec('n = 2')\nw * n": ["1", "2"],
    "import sys\nn = 1\nw * n\nsys.modules[__name__].n = 2\nw * n": ["1", "2"],
    "n = 1\nw * n\nfor n in (2, 3):\n    pass\nw * n": ["1", "3"],
    "n = 1\nw * n\ntry:\n    1 / 0\nexcept Exception as n:\n    n = 2\n    w * n": ["1", "2"],
    "n = 1\nw * n\nmatch 2:\n    case n:\n        w * n": ["1", "2"],
    "w * (n := 1) + w\nw * 2": ["1", "1"],
    "n = 1\nw * n\nn = w + [n := 2, w * n][1]": ["1", "2", "[3.0, 3.0, 3.0]"],
    "n = 0\nfor i in [w, w]:\n    w * 1\n    n += 1\n    if n < 2:\n        continue\n"
    "w * 2": ["0", "2"],
    "n = 0\nwhile n < 2:\n    n += 1\n    w * n": ["1", "2"],
    "def f():\n    n = 1\n    def g():\n        nonlocal n\n        n = 2\n    w * n\n    g()\n"
    "    w * n\nf()": ["1", "2"],
    "class C:\n    def __enter__(self):\n        return 1\n    def __exit__(self, *_):\n"
    "        w * 2\nwith C() as n:\n    w * n\n    n = 2\nw * 3": ["1", "2", "2"],
}  # fmt: skip


@pytest.mark.parametrize("source", GIVEN)
def test_every_value_is_told(source: str, tmp_path: Path) -> None:
    _, trace = recorded(write(tmp_path, f"w = torch.ones(3)\n{source}\n"))
    told = []
    for step in trace:
        for bind in getattr(step, "binds", ()):
            if bind.name == "n":
                value = bind.value
                told.append(value if isinstance(value, str) else str(value.data.tolist()))
    assert told == GIVEN[source]
