"""A trace file, ways to damage it, and a walk through what is left."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable
from pathlib import Path

from backprop_tui.session import Session, StoredSession
from backprop_tui.trace import arrays
from backprop_tui.trace.file import WritingTrace
from backprop_tui.tui.film import Film
from backprop_tui.view.types import Sizes, plain

PROGRAM = """
import torch
from torch import nn
model = nn.Sequential(nn.Linear(200, 2), nn.Tanh(), nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(4):
    x = torch.ones(4, 200)
    optimizer.zero_grad()
    loss = model(x).sum()
    loss.backward()
    optimizer.step()
print(loss)
"""


def good_file(folder: Path) -> bytes:
    """The bytes of a trace file in which nothing is damaged."""
    trace = Session.of_text(PROGRAM).complete()
    path = folder / "good.trace"
    with WritingTrace(path, trace.program) as writing:
        for step in trace:
            writing.append(step)
    return path.read_bytes()


def change(path: Path, *statements: str) -> None:
    """Change a file as anybody can who has SQLite."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def rewrite(damage: Callable[[array[int]], None]) -> Callable[[Path], None]:
    """Changes the words of the first page: how many steps, where each ends, and their words."""

    def change_words(path: Path) -> None:
        connection = sqlite3.connect(path)
        coding, data = connection.execute("SELECT coding, words FROM body WHERE id = 0").fetchone()
        words = array("Q", arrays.unsqueeze(coding, data))
        damage(words)
        connection.execute("UPDATE body SET coding = 0, words = ? WHERE id = 0", (words.tobytes(),))
        connection.commit()
        connection.close()

    return change_words


def first_words(words: array[int]) -> list[int]:
    """Where the words of each step begin: with its class."""
    count = words[0]
    return [1 + count + end for end in (0, *words[1:count])]


def watch(path: Path) -> list[str]:
    """Walk through a trace as the app does; what stands in place of steps that are damaged."""
    film = Film(StoredSession(path))
    said = []
    for index in range(0, len(film.trace), 9):
        film.go(index)
        caption = plain(film.frame(Sizes()).caption)
        said += [caption] if caption.startswith("this step cannot be shown") else []
    for kind in ("statement", "phase", "iteration"):
        film.leap(kind, -1)  # type: ignore[arg-type]
        film.leap(kind, 1)  # type: ignore[arg-type]
    film.names()
    film.find("loss", lambda: None)
    film.frame(Sizes())
    film.session.close()
    return said
