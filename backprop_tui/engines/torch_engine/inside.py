"""Which function is called inside one of PyTorch's that is itself written in Python."""

from __future__ import annotations

import linecache
import re
import sys
from pathlib import Path
from typing import Any

import torch

_HOME = Path(torch.__file__).parent
#: What stands between a function written in Python and the recorder.
_BETWEEN = (str(Path(__file__).parent), str(_HOME / "_"), str(_HOME / "utils"))
_CALL = re.compile(r"(\w+)\(")


def called() -> set[str]:
    """The names that are called in the expression at work in the innermost function in Python."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_BETWEEN):
        frame = frame.f_back
    if frame is None:
        return set()
    first, last, start, end = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    if first is None or last is None:
        return set()
    lines = [linecache.getline(frame.f_code.co_filename, n) for n in range(first, last + 1)]
    if first == last:
        lines = [lines[0][start:end]]
    return {name for line in lines for name in _CALL.findall(line)}
