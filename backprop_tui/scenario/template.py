"""What ``backprop-tui new`` writes: a scenario that runs, with a word on each part of it."""

from __future__ import annotations

from pathlib import Path

from backprop_tui.errors import BackpropTuiError

TEMPLATE = '''\
# The header: what the library and the screen show. Every key may be left out.
# /// scenario
# title = "A line learns its slope"
# chapter = "my lectures"
# level = 1
# order = 1
# watch = ["w", "loss"]
# ///
"""The description: two to four sentences. What is there to see, and why does it matter?
Here: the slope of y = 2x is found from three points. Look at how the sign of w.grad says
which way w has to go, and at how the steps become smaller near the goal."""
import torch

# What students will want to vary stands at the top.
lr = 0.1
epochs = 3

x = torch.tensor([1.0, 2.0, 3.0])
y = torch.tensor([2.0, 4.0, 6.0])

# Narration: a comment directly above a statement appears when the statement runs.
w = torch.tensor(0.0, requires_grad=True)

# An empty line below a comment keeps it out of the film, as with this one.

for epoch in range(epochs):
    # A name for every result that you want to talk about: each is a row of the table.
    y_hat = w * x
    loss = ((y_hat - y) ** 2).mean()
    # Ask before you step: is w.grad positive or negative, and what does that do to w?
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
    # backward() adds to what is there, so begin the next round with an empty gradient.
    w.grad = None
    print(f"epoch {epoch}: loss {loss.item():.4f}, w {w.item():.4f}")
'''


def write_template(path: Path) -> None:
    """Write the template to a new file; BackpropTuiError if there is one, or it cannot be."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(TEMPLATE)
    except FileExistsError:
        raise BackpropTuiError(f"{path} exists already, and stays as it is") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BackpropTuiError(f"cannot write {path}: {reason}") from error
