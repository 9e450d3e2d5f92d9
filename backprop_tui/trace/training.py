"""What a run tells of itself once per optimizer step, whether or not its steps are recorded."""

from __future__ import annotations

from dataclasses import dataclass

from backprop_tui.frozen import quickly


@quickly
@dataclass(frozen=True, slots=True)
class Reading:
    """One optimizer step.

    ``iteration`` counts from 1, ``seconds`` since recording began. ``loss`` is what backward began
    from (None: it was no single number). ``grad_norms`` are the 2-norms of the parameters'
    gradients, ``ratios`` the norm of each update over that of its parameter (None: there was no
    gradient), in the order of the trace's ``parameters``. ``memory`` is in bytes: of the process,
    or of the device where there is one. ``step`` is the index of the iteration's first step if its
    steps were recorded.
    """

    iteration: int
    seconds: float
    loss: float | None
    grad_norms: tuple[float | None, ...]
    ratios: tuple[float | None, ...]
    memory: int
    step: int | None = None
