"""Films for the tests of the app: short scenarios, and a session that records when told to."""

from __future__ import annotations

from backprop_tui.errors import ScenarioError
from backprop_tui.session import Session
from backprop_tui.trace.trace import Program, Trace
from backprop_tui.tui.app import BackpropApp

TWO_ROUNDS = '''"""A weight learns twice."""
import torch

x = torch.tensor([2.0, 1.0])
w = torch.tensor([0.5, -0.5], requires_grad=True)

for epoch in range(2):
    # The prediction, and how wrong it is.
    y = (w * x).sum()
    loss = (y - 1.0) ** 2
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
print(w)
'''

FAILING = """import torch
a = torch.ones(2, 3, requires_grad=True)
b = torch.ones(2, 3)
c = a * b
d = c @ b
print(d)
"""

BRACKETS = """import torch
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
y = x[0] * 2 + x[1]
y.sum().backward()
"""


def recorded(text: str, name: str = "film.py") -> Session:
    """A session that has recorded everything."""
    session = Session.of_text(text, name)
    session.complete()
    return session


class Slow:
    """A session that records ``chunk`` steps each time it is asked to grow."""

    def __init__(self, text: str, chunk: int = 1) -> None:
        self._whole = recorded(text).trace
        self.trace = Trace(self._whole.program)
        self.chunk = chunk
        self.finished = False
        self.closed = False
        self.error: ScenarioError | None = None

    @property
    def program(self) -> Program:
        return self.trace.program

    def grow(self, seconds: float = 0.008, until: int | None = None) -> bool:
        for _ in range(self.chunk):
            if len(self.trace) < len(self._whole):
                self.trace.append(self._whole[len(self.trace)])
        self.finished = self.trace.finished = len(self.trace) == len(self._whole)
        return not self.finished

    def close(self) -> None:
        self.closed = True


def app(text: str = TWO_ROUNDS, **options: object) -> BackpropApp:
    """The app on a fully recorded film."""
    return BackpropApp(recorded(text), **options)  # type: ignore[arg-type]


def screen_text(of: BackpropApp) -> str:
    """What the screen shows, as lines of text."""
    width, height = of.size
    rows = of.screen._compositor.render_strips()
    return "\n".join(strip.text[:width] for strip in rows[:height])
