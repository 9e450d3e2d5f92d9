"""A program that fails does so in Python's and PyTorch's words, at the right sub-expression."""

from __future__ import annotations

import pytest
from both import PRELUDE, in_ours, in_python
from torch_as_engine import TorchAsEngine

from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.errors import ScenarioFailed
from backprop_tui.scenario.hints import HINTS
from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.loader import loads

#: Programs that fail: kind, message and line must be Python's and PyTorch's.
FAILURES = """
print(undefined)
x = 1 + 'a'
[1, 2][5]
{'a': 1}['b']
1 / 0
int('x')
None.grad
(1).item
a, b = 1, 2, 3
a, b, c = 1, 2
a, *b, c = [1]
a, b = 5
len(3)
for i in 3: pass
(lambda x: x)()
(lambda x: x)(1, 2)
(lambda x, y=1: x)(1, 2, 3)
(lambda: 1)(k=2)
(lambda x: 1)(1, x=2)
(lambda x, *, k, l: 1)(1)
(lambda a, b, c: 1)()
torch.tensor([1.0, 2.0]) + torch.tensor([1.0, 2.0, 3.0])
torch.ones(2, 3) @ torch.ones(2, 3)
torch.ones(2, requires_grad=True).backward()
torch.ones(2).sum().backward()
torch.tensor([1.0, 2.0]).item()
if torch.tensor([1.0, 2.0]): pass
nn.Linear(2, 1)(torch.ones(3))
torch.tensor(1, requires_grad=True)
assert 1 == 2, f'{1} is not {2}'
assert []
next(iter([]))
w = torch.ones(1, requires_grad=True); w += 1
w = torch.ones(1, requires_grad=True); y = w.exp(); y += 1; y.sum().backward()
w = torch.ones(1, requires_grad=True); y = (w * w).sum(); y.backward(); y.backward()
3()
'abc'.index('z')
[].pop()
math.sqrt(-1)
math.log(0)
'{} {}'.format(1)
'%d %d' % (1,)
'%d' % (1, 2)
f'{3:q}'
f'{[1]:>5}'
sum(['a'], '')
min([])
'a' < 1
[3] < 3
with 3: pass
def f(): return g()\\ndef g(): return nowhere\\nf()
def f():\\n    print(z)\\n    z = 1\\nf()
def f(x):\\n    return x.grad\\nclass A:\\n    pass\\nf(A())
class A:\\n    def __init__(self, x): pass\\nA()
class N(nn.Module):\\n    def __init__(self):\\n        self.l = nn.Linear(1, 1)\\nN()
class N(nn.Module):\\n    def forward(self, x):\\n        return x @ x\\nN()(torch.ones(3, 2))
del zzz
{[1]: 2}
{1: 2} + {3: 4}
torch.zeros(2)[5]
torch.zeros(2).view(3)
F.mse_loss()
"""


@pytest.mark.parametrize("line", FAILURES.strip().splitlines())
def test_a_failure_is_pythons_own(line: str) -> None:
    text = PRELUDE + line.replace("\\n", "\n") + "\n"
    expected = in_python(text)
    assert expected[1], "the test itself is wrong: this does not fail"
    assert in_ours(text) == expected
    assert in_ours(text, NumpyEngine()) == expected


#: program → the part that is underlined (its last occurrence), the kind and a part of the hint
PLACES: dict[str, tuple[str, str, str]] = {
    "x = 1\ny = (x + 2) * (x + 'é')": ("x + 'é'", "TypeError", ""),
    "loss = 1.0\nprint(los)": ("los", "NameError", "'loss'"),
    "t = 'é∂'; print(t + t, t.item())": ("t.item", "AttributeError", ""),
    "x = torch.ones(2)\nprint('é', x + x @ torch.ones(3))": (
        "x @ torch.ones(3)", "RuntimeError", ""),
    "def f(x):\n    return x.sum() + x[7]\ny = 1 + f(torch.ones(3))": ("x[7]", "IndexError", ""),
    "a = [1]\nfor i in range(3):\n    a[i] = i": ("a[i]", "IndexError", ""),
    "x = torch.ones(2, requires_grad=True)\n(x * 2).backward()": (
        "(x * 2).backward()", "RuntimeError", "one number"),
    "w = torch.ones(1, requires_grad=True)\nw -= 1": ("w -= 1", "RuntimeError", "no_grad"),
    "m = nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 3))\nm(torch.ones(1, 2))": (
        "m(torch.ones(1, 2))", "RuntimeError", "columns"),
    "x = torch.tensor([1.0])\nif x > 0 and torch.ones(2): pass": (
        "torch.ones(2)", "RuntimeError", ""),
    "x = torch.tensor(1.0)\nx.foo = 3": ("x.foo", "AttributeError", ""),
    "x = 3\nx.grad": ("x.grad", "AttributeError", ""),
    "print(f'{1:>q}')": ("1", "ValueError", ""),
    "x = [v.item() for v in (1.0, 2.0)]": ("v.item", "AttributeError", ""),
    "class N(nn.Module):\n    def forward(self, x):\n        return self.weight\nN()(1)": (
        "self.weight", "AttributeError", ""),
    "class N(nn.Module):\n    def forward(self, x): return x\nn = N()\nn.eval = 3": (
        "n.eval", "TypeError", "another"),
    "a, b = torch.ones(3)": ("a, b", "ValueError", ""),
    "def f(a):\n    return a\nf(1,\n  2)": ("f(1,", "TypeError", ""),
}  # fmt: skip


@pytest.mark.parametrize("program", PLACES)
def test_an_error_stands_at_its_sub_expression(program: str) -> None:
    part, kind, hint = PLACES[program]
    text = "import torch\nimport torch.nn as nn\n" + program
    with pytest.raises(ScenarioFailed) as caught:
        Interpreter(loads(text), TorchAsEngine()).run()
    error, at = caught.value, caught.value.place
    underlined = at.source[at.column - 1 : at.column - 1 + at.width]
    assert (underlined, error.kind) == (part, kind), error.render()
    assert hint in error.hint, error.render()
    assert at.source == text.splitlines()[at.line - 1]


#: A part of PyTorch's message that has a hint → a program that ends in it.
HINTED = {
    "a leaf Variable that requires grad is being used in an in-place operation": "w += 1",
    "backward through the graph a second time": "y = (w * w).sum(); y.backward(); y.backward()",
    "grad can be implicitly created only for scalar outputs": "(w * 2).backward()",
    "does not require grad and does not have a grad_fn": "torch.ones(1).backward()",
    "modified by an inplace operation": "y = w.exp(); y += 1; y.sum().backward()",
    "Can't call numpy() on Tensor that requires grad": "w.numpy()",
    "mat1 and mat2 shapes cannot be multiplied": "torch.ones(2, 3) @ torch.ones(2, 3)",
    "must match the size of tensor": "torch.ones(2) + torch.ones(3)",
    "Only Tensors of floating point": "torch.tensor(1, requires_grad=True)",
    "Boolean value of Tensor with more than one value is ambiguous": "if w > 0: pass",
    "argument 'dtype' must be torch.dtype, not str": "torch.ones(2, dtype='float32')",
    "a Tensor with": "w.item()",
    "cannot assign module before Module.__init__() call": (
        "class N(nn.Module):\n    def __init__(self): self.l = nn.Linear(1, 1)\nN()"
    ),
    "cannot assign parameters before Module.__init__() call": (
        "class N(nn.Module):\n    def __init__(self): self.l = nn.Parameter(w)\nN()"
    ),
}


@pytest.mark.parametrize("part", HINTS)
def test_a_well_known_message_has_its_hint(part: str) -> None:
    text = f"{PRELUDE}w = torch.ones(2, requires_grad=True)\n{HINTED[part]}\n"
    for engine in (TorchAsEngine(), NumpyEngine()):
        with pytest.raises(ScenarioFailed) as caught:
            Interpreter(loads(text), engine).run()
        assert part in caught.value.message
        assert caught.value.hint == HINTS[part]
