"""PyTorch in small, on NumPy: tensors, autograd, functions, modules, optimizers, data."""
