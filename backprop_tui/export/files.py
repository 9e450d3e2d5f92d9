"""Writing a document so that the file is either the old one or the new one, never half of each."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from backprop_tui.errors import BackpropTuiError


def replace_file(path: Path, text: str) -> None:
    """Write ``text`` beside ``path``, then rename it there; BackpropTuiError if that fails."""
    scratch: str | None = None
    try:
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent or None)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # mkstemp makes private files; a document gets the permissions any new file would.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(scratch, 0o666 & ~mask)
        os.replace(scratch, path)
    except OSError as error:
        if scratch is not None:
            with contextlib.suppress(OSError):
                os.unlink(scratch)
        raise BackpropTuiError(f"cannot write {path}: {error.strerror}") from error
