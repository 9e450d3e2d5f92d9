"""Each row of the surface is there, in PyTorch and in the engine, and on the page made of it."""

from __future__ import annotations

import builtins
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import torch
from both import PRELUDE
from torch_as_engine import TorchAsEngine

from backprop_tui.engines.base import Engine
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.loader import loads
from backprop_tui.scenario.reference import reference_markdown
from backprop_tui.scenario.surface import BUILTINS, MEMBERS, MODULE_RESERVED, NAMES

IMPORTS = (
    f"{PRELUDE}import collections, copy, dataclasses, functools, itertools, random, time, typing\n"
    "import matplotlib.pyplot, tqdm.auto, tqdm.notebook\n"
)
TORCH_NAMES = [name for name in NAMES if name.startswith("torch.")]
#: What a scenario is told of GPUs is the interpreter's own.
OWN_IN_TORCH = ("torch.cuda.", "torch.accelerator.", "torch.backends.")
OWN_NAMES = [name for name in NAMES if not name.startswith("torch.")]


def value_of(expression: str, engine: Engine) -> Any:
    """The value of an expression in the interpreter."""
    interpreter = Interpreter(loads(f"{IMPORTS}value = {expression}\n"), engine)
    interpreter.run()
    return interpreter.runtime.globals["value"]


def test_every_name_is_pytorchs() -> None:
    unknown = []
    for name in TORCH_NAMES:
        try:
            attrgetter(name.partition(".")[2])(torch)
        except AttributeError:
            unknown.append(name)
    assert not unknown


def test_the_numpy_engine_has_every_name() -> None:
    names = [name for name in TORCH_NAMES if not name.startswith(OWN_IN_TORCH)]
    assert not set(names) - NumpyEngine().resolve(names).keys()


def test_names_of_our_own_are_reachable() -> None:
    text = "\n".join(f"value = {name.replace('numpy', 'np')}" for name in OWN_NAMES)
    Interpreter(loads(f"{IMPORTS}{text}\n"), NumpyEngine()).run()


def test_builtins_are_pythons() -> None:
    assert set(BUILTINS) <= vars(builtins).keys()


#: kind → expressions whose values, together, have every member of the row.
SAMPLES: dict[str, tuple[str, ...]] = {
    "Tensor": ("torch.ones(2, 2)",),
    "Node": ("(torch.ones(1, requires_grad=True) * 2).grad_fn",
             "(torch.ones(1, requires_grad=True) * 2).grad_fn.next_functions[0][0]"),
    "Size": ("torch.ones(2).shape",),
    "ReturnType": ("torch.ones(2).max(0)", "torch.ones(2).aminmax()", "torch.slogdet(torch.eye(2))",
                   "torch.linalg.eigh(torch.eye(2))", "torch.linalg.svd(torch.eye(2))",
                   "torch.linalg.qr(torch.eye(2))", "torch.svd(torch.eye(2))"),
    "Module": ("nn.Linear(1, 1)", "nn.Dropout(0.5)", "nn.ModuleList([])", "nn.ModuleDict({})",
               "nn.Conv2d(1, 1, 1)", "nn.BatchNorm1d(1)",
               "torch.optim.swa_utils.AveragedModel(nn.Linear(1, 1))",
               "nn.RNNCell(1, 1)", "nn.RNN(1, 1)", "nn.MultiheadAttention(2, 1)",
               "nn.Transformer(2, 1, 1, 1, 2)", "nn.TransformerDecoderLayer(2, 1, 2)",
               "nn.TransformerEncoder(nn.TransformerEncoderLayer(2, 1, 2), 1)"),
    "Optimizer": ("optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)",),
    "LRScheduler": ("optim.lr_scheduler.StepLR(optim.SGD(nn.Linear(1, 1).parameters(), lr=1), 2)",
                    "optim.lr_scheduler.ReduceLROnPlateau(optim.SGD([torch.ones(1)]))"),
    "DataLoader": ("DataLoader(TensorDataset(torch.ones(2)))",),
    "Dataset": ("TensorDataset(torch.ones(2))",
                "torch.utils.data.Subset(TensorDataset(torch.ones(2)), [0])",
                "torch.utils.data.ConcatDataset([TensorDataset(torch.ones(2))])"),
    "Sampler": ("torch.utils.data.RandomSampler([1])",
                "torch.utils.data.WeightedRandomSampler([1.0], 1)"),
    "Generator": ("torch.Generator()",),
    "RemovableHandle": ("torch.ones(1, requires_grad=True).register_hook(print)",),
    "dtype": ("torch.float32",),
    "device": ("torch.device('cpu')",),
    "ndarray": ("np.array([1.0])",),
    "str": ("''",),
    "list": ("[]",),
    "tuple": ("()",),
    "dict": ("{}",),
    "set": ("{1}",),
    "Counter": ("collections.Counter('ab')",),
    "deque": ("collections.deque()",),
    "namedtuple": ("collections.namedtuple('P', 'x y')(1, 2)",),
    "int": ("1",),
    "Drawing": ("matplotlib.pyplot.figure()", "matplotlib.pyplot.subplots(2, 2)[1]"),
    "Progress": ("tqdm.tqdm([1])",),
    "RandomGenerator": ("np.random.default_rng(0)",),
    "RandomState": ("np.random.RandomState(0)",),
    "float": ("1.0",),
}  # fmt: skip


@pytest.mark.parametrize("engine", [NumpyEngine, TorchAsEngine])
@pytest.mark.parametrize("kind", MEMBERS)
def test_values_have_their_members(kind: str, engine: type[Any]) -> None:
    made = engine()
    values = [value_of(expression, made) for expression in SAMPLES[kind]]
    runtime = Interpreter(loads("x = 1"), made).runtime
    assert {runtime.kind(value) for value in values} == {kind}
    missing = [n for n in MEMBERS[kind] if not any(hasattr(value, n) for value in values)]
    assert not missing


def test_what_a_module_keeps_for_itself() -> None:
    ours = value_of("nn.Sequential()", NumpyEngine())
    for module in (torch.nn.Module(), torch.nn.Sequential(), ours):
        public = {name for name in dir(module) if not name.startswith("_")}
        assert public - {"training"} <= MODULE_RESERVED


def test_the_language_page_is_what_the_tables_say() -> None:
    page = Path(__file__).parent.parent / "docs" / "language.md"
    assert page.read_text(encoding="utf-8") == reference_markdown(), (
        "run: python -m backprop_tui.scenario.reference docs/language.md"
    )
