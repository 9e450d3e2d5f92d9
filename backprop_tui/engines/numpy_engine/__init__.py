"""PyTorch in small, on NumPy: tensors, autograd, functions, modules, optimizers, data."""

from backprop_tui.engines.numpy_engine import functional, methods

methods.F = functional
