"""Warnings are shown where the program caused them, as without recording, not in the recorder."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from backprop_tui.recording.files import OURS

#: How the recorder calls PyTorch, and PyTorch the recorder.
_BETWEEN = (os.path.join("torch", "_ops.py"), os.path.join("torch", "overrides.py"))


@contextmanager
def relocated() -> Iterator[None]:
    """Inside, a warning that PyTorch gives while the recorder calls it has its caller's place."""
    plain = warnings.showwarning

    def shown(
        message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        if filename.startswith(OURS) or filename.endswith(_BETWEEN):
            frame: FrameType | None = sys._getframe(1)
            while frame is not None and _is_ours(frame):
                frame = frame.f_back
            if frame is not None:
                filename, lineno = frame.f_code.co_filename, frame.f_lineno
        plain(message, category, filename, lineno, file, line)

    warnings.showwarning = shown
    try:
        yield
    finally:
        if warnings.showwarning is shown:
            warnings.showwarning = plain


def _is_ours(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith(OURS) or name.endswith(_BETWEEN) or frame.f_globals is vars(warnings)
