"""A traceback as plain ``python`` prints it: without the frames that recording put in between.

script.py          y = F.cross_entropy(x, t)
functional.py      cross_entropy: hands over to whoever overrides PyTorch   ╮
torch/overrides.py                                                          │ left out
backprop_tui/…     the recorder                                             ╯
functional.py      cross_entropy, once more
"""

from __future__ import annotations

import os
from types import CodeType, TracebackType

from backprop_tui.recording.files import OURS

_OVERRIDES = os.path.join("torch", "overrides.py")
#: How the recorder calls an operation; plain PyTorch calls it from C++.
_CALLING = os.path.join("torch", "_ops.py")


def cleaned(error: BaseException, base: CodeType | None = None) -> BaseException:
    """``error`` with its traceback, and those of what it came from, as without recording.

    What is before ``base``, the code of the script, is left out as well.
    """
    seen: set[int] = set()
    at: BaseException | None = error
    stack = [at]
    while stack:
        at = stack.pop()
        if at is None or id(at) in seen:
            continue
        seen.add(id(at))
        at.__traceback__ = _without_ours(at.__traceback__, base)
        stack += [at.__cause__, at.__context__]
    return error


def _without_ours(traceback: TracebackType | None, base: CodeType | None) -> TracebackType | None:
    every: list[TracebackType] = []
    while traceback is not None:
        every.append(traceback)
        traceback = traceback.tb_next
    for number, entry in enumerate(every):
        if entry.tb_frame.f_code is base:
            every = every[number:]
            break
    kept: list[TracebackType] = []
    behind = False
    for entry in every:
        code = entry.tb_frame.f_code
        if code.co_filename.startswith(OURS) and code is not base:
            while kept and kept[-1].tb_frame.f_code.co_filename.endswith(_OVERRIDES):
                kept.pop()
            behind = True
            continue
        if behind and code.co_filename.endswith(_CALLING):
            continue
        if behind and kept and kept[-1].tb_frame.f_code is code:
            kept.pop()  # it was called again, by the recorder
        behind = False
        kept.append(entry)
    made: TracebackType | None = None
    for entry in reversed(kept):
        made = TracebackType(made, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return made
