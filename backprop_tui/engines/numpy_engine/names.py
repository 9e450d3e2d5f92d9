"""Which object of this engine stands behind which of PyTorch's dotted names.

One table per namespace; a module of this package holds the object under the last part of the name
unless the table says otherwise.
"""

from __future__ import annotations

import math
from importlib import import_module

from backprop_tui.engines.numpy_engine.creation import TensorClass
from backprop_tui.engines.numpy_engine.dtypes import NAMES as DTYPES

#: namespace → modules of this package that are looked through for a name, in order
WHERE = {
    "torch": (
        "creation",
        "functional",
        "pointwise",
        "reduce",
        "products",
        "shaping",
        "indexing",
        "composites",
        "autograd",
        "tensor",
        "dtypes",
        "random",
        "inverses",
        "arranging",
        "asked",
        "combining",
        "filling",
        "old_names",
        "linear_algebra",
        "ordering",
        "pairs",
        "running",
        "scattering",
        "special",
    ),
    "torch.linalg": ("linear_algebra",),
    "torch.special": ("special",),
    "torch.random": ("random",),
    "torch.autograd": ("autograd",),
    "torch.nn": ("nn", "nn.margin_losses", "tensor"),
    "torch.nn.functional": (
        "nn_functional",
        "loss_functions",
        "likelihood_losses",
        "margin_losses",
        "convolution",
        "pooling",
        "normalization",
        "inverses",
        "attention",
        "heads",
        "layer_functions",
        "pointwise",
        "combining",
    ),
    "torch.nn.init": ("nn.init",),
    "torch.nn.utils": ("nn.utils",),
    "torch.nn.utils.rnn": ("filling",),
    "torch.optim": ("optim",),
    "torch.optim.lr_scheduler": ("lr_scheduler", "lr_cycles", "lr_combined"),
    "torch.optim.swa_utils": ("swa_utils",),
    "torch.utils.data": ("data", "datasets", "samplers"),
}

CONSTANTS: dict[str, object] = {
    "torch.Tensor": TensorClass,
    "torch.pi": math.pi,
    "torch.e": math.e,
    "torch.inf": math.inf,
    "torch.nan": math.nan,
    **{f"torch.{name}": d for name, d in DTYPES.items()},
}


def lookup(dotted: str) -> tuple[bool, object]:
    """(True, the object) for a name this engine has, (False, None) for others."""
    if dotted in CONSTANTS:
        return True, CONSTANTS[dotted]
    namespace, _, name = dotted.rpartition(".")
    if name.startswith("_"):
        return False, None
    for module_name in WHERE.get(namespace, ()):
        try:
            module = import_module(f"backprop_tui.engines.numpy_engine.{module_name}")
        except ModuleNotFoundError:
            continue
        if name in module.__all__:
            return True, getattr(module, name)
    return False, None
