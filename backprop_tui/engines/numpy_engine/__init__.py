"""PyTorch in small, on NumPy: tensors, autograd, functions, modules, optimizers, data."""

from backprop_tui.engines.numpy_engine import (
    arranging,
    asked,
    combining,
    filling,
    functional,
    linear_algebra,
    method_kinds,
    old_names,
    ordering,
    pairs,
    running,
    scattering,
    special,
)

method_kinds.F.rooms = (
    functional,
    arranging,
    asked,
    combining,
    filling,
    old_names,
    linear_algebra,
    ordering,
    pairs,
    running,
    scattering,
    special,
)
