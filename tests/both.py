"""A program under plain Python and in our interpreter, with PyTorch itself behind both."""

from __future__ import annotations

import contextlib
import io
import traceback
import warnings

import torch
from torch_as_engine import TorchAsEngine

from backprop_tui.engines.base import Engine
from backprop_tui.errors import ScenarioError, ScenarioFailed
from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.loader import loads

Outcome = tuple[str, str, str, int]  # output, error's name, its message, its line


def in_python(text: str) -> Outcome:
    out = io.StringIO()
    torch.manual_seed(0)
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(text, "program", "exec"), {"__name__": "__main__"})
        except Exception as error:
            lines = [f.lineno for f in traceback.extract_tb(error.__traceback__)
                     if f.filename == "program"]  # fmt: skip
            return out.getvalue(), type(error).__name__, str(error), lines[-1] or 0
        finally:
            torch.set_grad_enabled(True)
    return out.getvalue(), "", "", 0


def in_ours(text: str, engine: Engine | None = None) -> Outcome:
    out: list[str] = []
    torch.manual_seed(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Interpreter(loads(text), engine or TorchAsEngine(), write=out.append).run()
    except ScenarioFailed as error:
        message = error.message.partition(": ")[2]
        return "".join(out), error.kind, message, error.place.line
    except ScenarioError as error:
        return "".join(out), type(error).__name__, error.render(), error.place.line
    finally:
        torch.set_grad_enabled(True)
    return "".join(out), "", "", 0


PRELUDE = """import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset, TensorDataset
ord_ = {'a': 1, 'b': 2, 'c': 3}
"""
