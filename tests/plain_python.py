"""Plain Python with PyTorch, asked about files: the oracle of scenarios and of programs.

What it makes of a file is computed when it is first asked for, in a process of its own
(``plain_torch.py``), so that nothing of ours is in sight.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

ORACLE = Path(__file__).with_name("plain_torch.py")


class PlainPython:
    """One process that runs file after file, each as if it were the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._known: dict[tuple[Path, bool], dict[str, Any]] = {}

    def text(self, path: Path) -> str:
        """What ``python FILE`` prints."""
        return str(self._ask(path, watched=(path, True) in self._known)["text"])

    def watched(self, path: Path) -> dict[str, Any]:
        """What it prints ("text"), and every backward that it runs ("backwards")."""
        return self._ask(path, watched=True)

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()

    def _ask(self, path: Path, watched: bool) -> dict[str, Any]:
        if (path, watched) not in self._known:
            self._known[path, watched] = self._run(path, watched)
        return self._known[path, watched]

    def _run(self, path: Path, watched: bool) -> dict[str, Any]:
        if self._process is None:
            command = [sys.executable, "-W", "ignore", str(ORACLE)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(path), watched]).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = pickle.load(self._process.stdout)
        assert "error" not in answer, answer["error"]
        return answer
