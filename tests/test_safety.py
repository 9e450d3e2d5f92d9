"""What hostile scenarios get: an ordinary error, before any harm, one attack a line."""

from __future__ import annotations

import sys

import pytest
from torch_as_engine import TorchAsEngine

from backprop_tui.engines.base import Engine
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.errors import BudgetExceeded, ScenarioError, ScenarioFailed, ScenarioRefused
from backprop_tui.scenario.interpreter import Interpreter
from backprop_tui.scenario.limits import Budget, raised
from backprop_tui.scenario.loader import loads
from backprop_tui.session import Session
from backprop_tui.trace.steps import Failed


def error_of(
    text: str, engine: Engine | None = None, budget: Budget | None = None
) -> ScenarioError:
    """The error that a program ends in; whatever else it raises fails the test."""
    with pytest.raises(ScenarioError) as caught:
        Interpreter(loads(text, budget=budget), engine or TorchAsEngine(), budget=budget).run()
    error = caught.value
    assert 1 <= error.place.line <= text.count("\n") + 2
    assert error.render().startswith("scenario:")
    return error


#: Ways to the host that are refused before anything runs. The rest of the program would print.
REFUSED = r"""
().__class__.__bases__
x = 1; x.__class__.__name__.__class__
x = 1; x.__class__.__name__ = 2
x = ().__class__
(lambda: 0).__globals__
print.__self__
x = ''; x.__class__
(i for i in []).gi_frame
f'{().__class__}'
f'{x!r:{().__class__}}'
torch.__builtins__
torch.os
torch.sys
torch.load('x')
torch.save(1, 'x')
torch.serialization
torch.hub
torch.jit
torch.nn.modules
torch.utils.cpp_extension
torch.multiprocessing
np.load('x')
np.loadtxt('/etc/passwd')
np.fromfile('x')
np.memmap('x')
np.lib
np.ctypeslib
math.__loader__
import os
import sys, os
import os.path as p
from os import system
from torch import os
from torch import *
from . import x
import builtins
import importlib
import torch.utils.data.os
__import__('os')
__builtins__
__loader__
__name__ = 'x'
open('/etc/passwd')
eval('1')
exec('1')
compile('1', '', 'exec')
getattr(1, 'real')
setattr(torch, 'x', 1)
globals()
vars()
dir(torch)
input()
breakpoint()
help()
memoryview(b'')
BaseException
try: pass\nexcept* ValueError: pass
match 1:\n    case _: pass
def f(): print((yield 1))
def f(): return (yield)
def f(x=(yield)): pass
class A:\n    yield 1
[(yield x) for x in [1]]
f'{(yield)}'
yield 1
[(x := 1) for x in [1]]
(x.__class__ := 1)
def f():\n    g = (yield)\n    g.gi_frame
(x for x in [1]).gi_frame
(x for x in [1]).send(1)
async def f(): pass
lambda: (yield)
b'bytes'
1j
class A(metaclass=type): pass
class A(int, str): pass
@print\ndef f(): pass
@torch.no_grad().__call__\ndef f(): pass
@f\nclass A: pass
class A:\n    def __getattr__(self, n): return n
class A:\n    def __reduce__(self): return 1
class A:\n    def __del__(self): print(1)
class A:\n    __slots__ = ()
class A(nn.Module):\n    def _apply(self, fn): print(fn)
class A:\n    __class__ = 1
class A:\n    print(1)
def __init__(self): pass
def f(__class__): pass
f(__class__=1)
dict(__class__=1)
import torch as __builtins__
def f():\n    global __builtins__
def f():\n    import torch
x.__dict__
x._modules
x.__class__ = 1
torch.zeros = 1
nn.Module.forward = 1
del torch.zeros
del x.__dict__
torch.tensor.__self__
super().__getattribute__('x')
super().__init__
def f(x: ().__class__): pass
x: ().__class__ = 1
[().__class__ for x in [1]]
{**().__class__}
lambda x=().__class__: x
x[().__class__]
x[().__class__:]
assert 1, ().__class__
with x.__enter__(): pass
for x.__class__ in [1]: pass
[0 for x.__class__ in [1]]
type T = int
def f[T](): pass
class A[T]: pass
"""

IMPORTS = "import math\nimport numpy as np\nimport torch\nimport torch.nn as nn\n"


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_refused_before_anything_runs(line: str) -> None:
    text = IMPORTS + line.replace("\\n", "\n") + "\n"
    with pytest.raises(ScenarioRefused) as caught:
        loads(text)
    assert caught.value.place.line > 4


#: attack ▸ the kind of the error, or the budget that ends it
STOPPED = r"""
'{0.__class__}'.format(1) ▸ ValueError
'{0[0]}'.format([1]) ▸ ValueError
'{a.b}'.format(a=1) ▸ ValueError
'{:>{}}'.format(1, 10**9) ▸ ValueError
'{:>99999999999}'.format(1) ▸ width
'{99999999999}'.format(1) ▸ IndexError
'%1000000d' % 1 ▸ width
'%.1000000f' % 1 ▸ width
'%*d' % (10**9, 1) ▸ ValueError
'%(x)s' % {'x': 1} ▸ ValueError
f'{1:1000000}' ▸ width
f'{1:{10**6}}' ▸ width
f'{1.5:.{10**6}f}' ▸ width
f'{"x":>{"9" * 30}}' ▸ width
'a'.ljust(10**9) ▸ width
'1'.zfill(10**9) ▸ width
9**3999999 ▸ integer_bits
9**9**9 ▸ integer_bits
(-9)**3999999 ▸ integer_bits
pow(9, 3999999) ▸ integer_bits
x = 3\nwhile True: x *= x ▸ integer_bits
x = 3\nwhile True: x = x * x ▸ integer_bits
x = 3\nwhile True: x **= 2 ▸ integer_bits
1 << 10**9 ▸ integer_bits
x = 1\nx <<= 10**9 ▸ integer_bits
True << 10**9 ▸ integer_bits
math.factorial(10**7) ▸ integer_bits
math.comb(10**7, 5 * 10**6) ▸ integer_bits
math.prod(range(1, 10**4)) ▸ integer_bits
round(1, -10**9) ▸ ValueError
int('9' * 5000) ▸ width
10**8 * 'a' ▸ sequence
'a' * 10**8 ▸ sequence
[0] * 10**8 ▸ sequence
10**8 * [0] ▸ sequence
(0,) * 10**8 ▸ sequence
True * [0] * 10**8 ▸ sequence
[0] * np.int64(10**8) ▸ sequence
np.int64(10**8) * [0] ▸ sequence
[0] * torch.tensor(10**8) ▸ sequence
torch.zeros(3).shape * 10**8 ▸ sequence
l = [0]\nl *= 10**8 ▸ sequence
l = [0]\nwhile True: l += l ▸ sequence
l = [0]\nwhile True: l = l + l ▸ sequence
l = [0]\nwhile True: l.extend(l) ▸ sequence
l = [0]\nwhile True: l[0:0] = l ▸ sequence
l = []\nl += range(10**9) ▸ sequence
l = []\nl.extend(range(10**9)) ▸ sequence
l = []\nwhile True: l.append(l[:]) ▸ work
s = 'a'\nwhile True: s += s ▸ sequence
s = 'a'\nwhile True: s = f'{s}{s}' ▸ sequence
s = 'a'\nwhile True: s = s.replace('a', 'aa') ▸ sequence
s = 'a'\nwhile True: s = s.join([s, s, s]) ▸ sequence
s = 'a'\nwhile True: s = '%s%s' % (s, s) ▸ sequence
s = 'a'\nwhile True: s = '{0}{0}'.format(s) ▸ sequence
list(range(10**18)) ▸ sequence
tuple(range(10**9)) ▸ sequence
set(range(10**9)) ▸ sequence
sorted(range(10**9)) ▸ sequence
max(range(10**9)) ▸ sequence
sum(range(10**18)) ▸ work
any(None for i in range(10**9)) ▸ work
all(map(str, range(10**9))) ▸ work
for x in filter(None, [0] * 1000 * 1000): pass ▸ sequence
def f():\n    while True: yield 1\nfor x in f(): pass ▸ work
def f():\n    while True: yield 1\nsum(f()) ▸ work
def f():\n    yield from f()\nnext(f()) ▸ depth
x = iter([1])\nfor i in range(500): x = (y for y in x)\nnext(x) ▸ depth
list(map(str, range(10**18))) ▸ work
list(filter(None, range(10**18))) ▸ sequence
list(zip(range(10**18), range(10**18))) ▸ sequence
list(enumerate(range(10**18))) ▸ sequence
dict(zip(range(10**9), range(10**9))) ▸ sequence
0.5 in range(10**18) ▸ sequence
-1 in zip(range(10**18)) ▸ sequence
[*range(10**9)] ▸ sequence
print(*range(10**9)) ▸ sequence
a, *b = range(10**9) ▸ sequence
[i for i in range(10**18)] ▸ sequence
{i for i in range(10**18)} ▸ sequence
{i: i for i in range(10**18)} ▸ sequence
[0 for i in range(10**5) for j in range(10**5)] ▸ sequence
[0 for i in range(10**18) if 0] ▸ work
''.join('a' for i in range(10**18)) ▸ sequence
math.fsum(range(10**9)) ▸ sequence
while True: pass ▸ work
for i in range(10**18): pass ▸ work
d = {}\ni = 0\nwhile True: i += 1; d[i] = 0 ▸ sequence
s = set()\ni = 0\nwhile True: i += 1; s.add(i) ▸ sequence
l = []\nx = 2**9000\nwhile True: l.append(x + 1) ▸ work
l = []\nx = 2**9000\nwhile True: l.append(str(x)) ▸ work
l = []\nwhile True: l.append([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) ▸ sequence
pow(3, 2**9000, 2**9000 - 1) + len(range(10**20)) ▸ OverflowError
def f(): f()\nf() ▸ depth
f = lambda: f()\nf() ▸ depth
def f(x): return sorted([2, 1], key=f)\nf(1) ▸ depth
def f(x): return list(map(f, [x]))\nf(1) ▸ depth
class A:\n    def __len__(self): return len(self)\nlen(A()) ▸ depth
class A:\n    def __getitem__(self, i): return self[i]\nA()[0] ▸ depth
class A:\n    def __init__(self): A()\nA() ▸ depth
class N(nn.Module):\n    def forward(self, x): return self(x)\nN()(1) ▸ depth
class N(nn.Module):\n    def forward(self, x): super().forward(x)\nN()(1) ▸ NotImplementedError
a = [0]\nfor i in range(60): a = [a, a]\nprint(a) ▸ sequence
a = [0]\nfor i in range(60): a = [a, a]\nstr(a) ▸ sequence
a = [0]\nfor i in range(60): a = [a, a]\nf'{a}' ▸ sequence
a = b = [0]\nfor i in range(60): a, b = [a, a], [b, b]\na == b ▸ sequence
a = b = [0]\nfor i in range(60): a, b = [a, a], [b, b]\nb in [a] ▸ sequence
a = b = [0]\nfor i in range(60): a, b = [a, a], [b, b]\n[a].index(b) ▸ sequence
a = b = [0]\nfor i in range(60): a, b = [a, a], [b, b]\nsorted([a, b]) ▸ sequence
a = b = [0]\nfor i in range(60): a, b = [a, a], [b, b]\nmax(a, b) ▸ sequence
a = (0,)\nfor i in range(60): a = (a, a)\n{a: 1} ▸ sequence
a = (0,)\nfor i in range(60): a = (a, a)\n{a} ▸ sequence
a = (0,)\nfor i in range(60): a = (a, a)\n{}.get(a) ▸ sequence
a = (0,)\nfor i in range(60): a = (a, a)\nset([a]) ▸ sequence
a = (0,)\nfor i in range(60): a = (a, a)\nisinstance(1, a) ▸ TypeError
a = [0]\nfor i in range(60): a = [a, a]\ntorch.tensor(a) ▸ sequence
a = [0]\nfor i in range(60): a = [a, a]\ntorch.ones(1) * a ▸ sequence
a = [0]\nfor i in range(60): a = [a, a]\ntorch.ones(1)[a] ▸ sequence
a = [0]\nfor i in range(60): a = [a, a]\nnp.array(a) ▸ sequence
a = {}\nfor i in range(60): a = {'a': a, 'b': a}\nprint(a) ▸ sequence
a = []\nfor i in range(10**5): a = [a]\nprint(a) ▸ nesting
a = b = []\nfor i in range(10**4): a, b = [a], [b]\na == [b] ▸ depth
np.zeros(10**10) ▸ elements
np.zeros((10**5, 10**5)) ▸ elements
np.ones([10**5, 10**5]) ▸ elements
np.arange(0, 1, 1e-12) ▸ elements
np.linspace(0, 1, 10**10) ▸ elements
np.random.rand(10**10) ▸ elements
np.random.normal(0, 1, 10**10) ▸ elements
np.random.randint(0, 2, size=(10**5, 10**5)) ▸ elements
np.random.permutation(10**10) ▸ elements
np.zeros((10**4, 1)) + np.zeros((1, 10**4)) ▸ elements
np.zeros((10**4, 1)) < np.zeros((1, 10**4)) ▸ elements
np.zeros((10**4, 1)) @ np.zeros((1, 10**4)) ▸ elements
np.zeros((10**4, 1)).dot(np.zeros((1, 10**4))) ▸ elements
np.dot(np.zeros((10**4, 1)), np.zeros((1, 10**4))) ▸ elements
np.maximum(np.zeros((10**4, 1)), np.zeros((1, 10**4))) ▸ elements
np.zeros((10, 10**5))[[0] * 10**4] ▸ elements
np.zeros(3).astype('S100000000') ▸ TypeError
np.zeros(3).astype('O') ▸ TypeError
np.array([print]) ▸ TypeError
np.array('a') ▸ TypeError
np.array([{}]) ▸ TypeError
np.zeros(3, dtype='O') ▸ TypeError
torch.zeros(10**3, 10**3, 5).tolist() ▸ sequence
nn.Linear(1, 1).register_buffer('__class__', 1) ▸ TypeError
nn.Linear(1, 1).register_buffer('forward', 1) ▸ KeyError
nn.Linear(1, 1).add_module('_modules', nn.ReLU()) ▸ TypeError
n = nn.Linear(1, 1)\nn.forward = print ▸ TypeError
n = nn.Linear(1, 1)\nn.parameters = 1 ▸ TypeError
type('A', (), {}) ▸ TypeError
type(print)() ▸ TypeError
type(lambda: 0)() ▸ TypeError
int[0] ▸ TypeError
torch.Tensor[0] ▸ TypeError
print(1, file=1) ▸ TypeError
print(1, end=2) ▸ TypeError
torch.utils.data.DataLoader([1], num_workers=4) ▸ ValueError
torch.utils.data.DataLoader([1], 1, True, None, None, 4) ▸ ValueError
torch.utils.data.DataLoader([1], multiprocessing_context='fork') ▸ TypeError
torch.zeros(1).storage = 1 ▸ AttributeError
x = torch.zeros(1)\nx.T = x ▸ AttributeError
x = torch.zeros(1)\nx.shape = 3 ▸ AttributeError
class A(print): pass ▸ TypeError
class A(torch): pass ▸ TypeError
class A(torch.Tensor): pass ▸ TypeError
class A(torch.tensor): pass ▸ TypeError
class A(int): pass ▸ TypeError
super() ▸ RuntimeError
class A:\n    def f(self): return super().grad\nA().f() ▸ AttributeError
class A:\n    def f(self): return super(A, 3)\nA().f() ▸ TypeError
with print: pass ▸ TypeError
0 in iter(dict, 1) ▸ TypeError
torch.stack(iter(range(10**18))) ▸ TypeError
-1 in iter(range(10**18)) ▸ sequence
-1 in reversed(range(10**18)) ▸ sequence
torch.tensor(range(10**18)) ▸ sequence
torch.optim.SGD([{'params': iter(range(10**18))}], lr=1) ▸ work
torch.stack(list(zip(range(10**18)))) ▸ sequence
np.ndarray(10) ▸ TypeError
np.ndarray(3, 'O') ▸ TypeError
a = [0]\nfor i in range(60): a = [a, a]\nnp.float32(a) ▸ sequence
a = [0]\nfor i in range(60): a = [a, a]\nx = np.zeros(3)\nx[0] = a ▸ sequence
a = [0]\nfor i in range(60): a = [a, a]\nx = torch.zeros(3)\nx[0] = a ▸ sequence
s = 'a' * 40000\nwhile True: s.count('ab') ▸ work
l = [0] * 40000\nwhile True: l.reverse() ▸ work
l = [0] * 40000\nwhile True: l.insert(0, l.pop(0)) ▸ work
type(torch.utils.data.DataLoader([1]))([1], num_workers=4) ▸ ValueError
"""


#: Small, so that what grows step by step arrives there soon.
SMALL = Budget(work=300_000, sequence=50_000)


@pytest.mark.parametrize("line", STOPPED.strip().splitlines())
def test_stopped_while_running(line: str) -> None:
    attack, _, end = line.partition(" ▸ ")
    error = error_of(IMPORTS + attack.replace("\\n", "\n") + "\n", budget=SMALL)
    if isinstance(error, ScenarioFailed):
        assert error.kind == end, error.render()
    else:
        assert isinstance(error, BudgetExceeded), error.render()
        assert f"--budget {end}=" in error.hint or end == "nesting", error.render()


#: Texts that break parsers, each with the budget or the word of its refusal.
BOMBS = {
    "brackets": ("(" * 1000, "nesting"),
    "closed brackets": ("(" * 150 + ")" * 150, "nesting"),
    "lists": ("[" * 3000 + "]" * 3000, "nesting"),
    "braces": ("{" * 3000, "nesting"),
    "calls": ("f(" * 100 + ")" * 100, "nesting"),
    "minus": ("-" * 100_000 + "1", "nesting"),
    "tildes": ("~" * 5_000 + "1", "nesting"),
    "not": ("not " * 5_000 + "1", "nesting"),
    "lambda": ("lambda: " * 5_000 + "1", "nesting"),
    "lambda with names": ("lambda x: " * 5_000 + "1", "nesting"),
    "a sum": ("1+" * 50_000 + "1", "nesting"),
    "a power": ("1**" * 30_000 + "1", "nesting"),
    "dots": ("x" + ".grad" * 30_000, "nesting"),
    "subscripts": ("x" + "[0]" * 30_000, "nesting"),
    "calls after each other": ("x" + "()" * 30_000, "nesting"),
    "conditions": ("1 if 1 else " * 10_000 + "1", "nesting"),
    "blocks": ("".join(" " * i + "if 1:\n" for i in range(90)) + " " * 90 + "pass", "nesting"),
    "elif": ("if 1: pass\n" + "elif 1: pass\n" * 5_000, "nesting"),
    "for in for": ("[0 " + "for i in x " * 20_000 + "]", ""),
    "f-strings": ("f'{" * 50 + "}'" * 50, ""),
    "a long number": ("1" * 50_000, "not Python"),
    "a long hexadecimal number": ("0x" + "f" * 50_000, "integer_bits"),
    "null": ("x = 1\0", "U+0000"),
    "form feed": ("x = 1\f", "U+000C"),
    "right-to-left": ("x = '\u202e'", "U+202E"),
    "line separator": ("x = '\u2028'", "U+2028"),
    "not closed": ("x = '''", "not Python"),
    "tabs and spaces": ("if 1:\n\tx = 1\n        y = 1", "not Python"),
    "size": ("# " + "x" * 300_000, "source"),
    "surrogate": ("x = '\ud800'", "U+D800"),
    "backslashes": ("\\\n" * 50_000, ""),
    "semicolons": ("pass;" * 40_000, None),
    "decorators": ("@f\n" * 20_000 + "def f(): pass", "decorator"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_text_that_breaks_parsers(name: str) -> None:
    text, part = BOMBS[name]
    if part is None:
        loads(text)
        return
    with pytest.raises((ScenarioRefused, BudgetExceeded)) as caught:
        loads(text)
    assert part in f"{caught.value.message} {caught.value.hint}", caught.value.message


#: What tensors may ask for: attack ▸ the budget that ends it.
TENSORS = """
torch.zeros(10**10) ▸ elements
torch.zeros(10**5, 10**5) ▸ elements
torch.ones(10**10) ▸ elements
torch.full((10**10,), 1.0) ▸ elements
torch.arange(10**10) ▸ elements
torch.rand(10**10) ▸ elements
torch.randn(10**10) ▸ elements
torch.eye(10**6) ▸ elements
torch.zeros(10**4, 1) + torch.zeros(1, 10**4) ▸ elements
torch.zeros(10**4, 1) @ torch.zeros(1, 10**4) ▸ elements
torch.linspace(0, 1, 10**10) ▸ elements
torch.ones(1).expand(10**10) ▸ elements
torch.ones(10**6).unbind() ▸ memory
list(torch.ones(10**6)) ▸ memory
torch.nn.functional.one_hot(torch.tensor([1]), 10**9) ▸ elements
class D:\\n    def __len__(s): return 9**15\\nfor x in DataLoader(D(), 1, True): pass ▸ elements
class D:\\n    def __len__(s): return 9**15\\nfor x in DataLoader(D(), 9**9): pass ▸ elements
N = torch.nn.ModuleList\\nn = N()\\nfor i in range(40): n = N([n, n])\\nprint(n) ▸ work
N = torch.nn.ModuleList\\nn = N()\\nfor i in range(40): n = N([n, n])\\nn.state_dict() ▸ work
n = torch.nn.Sequential()\\nn.append(n)\\nprint(n) ▸ depth
l = []\\nwhile True: l.append(torch.zeros(1000, 1000)) ▸ memory
import numpy as np\\nl = []\\nwhile True: l.append(np.zeros(10**6)) ▸ memory
import numpy as np\\na = np.zeros(10**6)\\nl = []\\nwhile True: l.append(a * 2) ▸ memory
import numpy as np\\nnp.tile([1], 10**9) ▸ elements
import numpy as np\\nnp.repeat([1], 10**9) ▸ elements
import numpy as np\\nnp.outer(np.ones(10**4), np.ones(10**4)) ▸ elements
import numpy as np\\nnp.eye(10**5) ▸ elements
import numpy as np\\nnp.diag(np.ones(10**4)) ▸ elements
import numpy as np\\nnp.bincount([10**9]) ▸ elements
import numpy as np\\nnp.bincount([1], None, 10**9) ▸ elements
import numpy as np\\nnp.logspace(0, 1, num=10**9) ▸ elements
import numpy as np\\nnp.add(np.ones((10**4, 1)), np.ones(10**4)) ▸ elements
import numpy as np\\nnp.polyfit(np.ones(10**3), np.ones(10**3), 10**6) ▸ elements
import numpy as np\\nnp.meshgrid(np.ones(10**4), np.ones(10**4)) ▸ elements
import numpy as np\\nnp.full((10**5, 10**5), 1) ▸ elements
import numpy as np\\nnp.random.choice(10, 10**9) ▸ elements
import numpy as np\\na = np.zeros(10**6)\\nl = []\\nwhile True: l.append(-a) ▸ memory
import numpy as np\\na = np.zeros(10**6)\\nl = []\\nwhile True: l.append(a.copy()) ▸ memory
l = []\\nwhile True: l.append(torch.ones(500, 500) * 2) ▸ memory
x = torch.ones(2000, 1000, requires_grad=True)\\nwhile True: x = x * x ▸ memory
x = torch.ones(2000, 1000, requires_grad=True)\\nwhile True: x = x * 2 ▸ work
"""


@pytest.mark.parametrize("line", TENSORS.strip().splitlines())
def test_tensors_are_limited(line: str) -> None:
    attack, _, end = line.partition(" ▸ ")
    imports = "import torch\nfrom torch.utils.data import DataLoader\n"
    text = imports + attack.replace("\\n", "\n")
    error = error_of(text, NumpyEngine(), Budget(memory=200_000_000, work=500_000))
    assert f"--budget {end}=" in error.hint, error.render()


def test_a_long_training_is_not_out_of_memory() -> None:
    text = (
        "import torch\nw = torch.ones(300, 300, requires_grad=True)\n"
        "for i in range(200):\n    w.grad = None\n    loss = (w * w).sum()\n    loss.backward()\n"
    )
    Interpreter(loads(text), NumpyEngine(), budget=Budget(memory=30_000_000)).run()


def test_a_budget_can_be_raised() -> None:
    text = "x = 'a' * 2_000_000"
    assert error_of(text).hint.endswith("--budget sequence=2000000")
    Interpreter(loads(text), TorchAsEngine(), budget=Budget(sequence=2_000_000)).run()


@pytest.mark.parametrize(
    ("change", "reason"),
    [("works=3", "'works' is no budget"), ("work", "not work=NUMBER"), ("work=-1", "not work="),
     ("work=0", "not work="), ("work=1e9", "not work=")],
)  # fmt: skip
def test_a_budget_written_wrong(change: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        raised([change])


def test_a_budget_written_right() -> None:
    assert raised(["work=5_000", "depth=7"]) == Budget(work=5_000, depth=7)


def test_nothing_of_the_host_is_imported() -> None:
    before = set(sys.modules)
    with pytest.raises(ScenarioRefused):
        loads("import antigravity\nimport this\n")
    assert set(sys.modules) == before


#: Loops that record without end ▸ the budget that ends them; what they keep is small or shared.
RECORDED = """
while True: pass ▸ steps
x = torch.ones(1, requires_grad=True)\\nwhile True: x = x + 1 ▸ steps
x = torch.zeros(10**6)\\nwhile True: x[0] = 1; x[0] = 2 ▸ memory
"""


@pytest.mark.parametrize("line", RECORDED.strip().splitlines())
def test_a_recording_has_an_end(line: str) -> None:
    attack, _, end = line.partition(" ▸ ")
    text = "import torch\n" + attack.replace("\\n", "\n")
    session = Session.of_text(text, budget=Budget(steps=5_000, memory=200_000_000))
    trace = session.complete()
    assert isinstance(session.error, BudgetExceeded)
    assert f"--budget {end}=" in session.error.hint, session.error.render()
    assert isinstance(trace[-1], Failed)


def test_many_small_things_are_weighed() -> None:
    text = "import torch\nx = torch.ones(1, requires_grad=True)\nwhile True: x = x + 1\n"
    error = error_of(text, NumpyEngine(), Budget(memory=30_000_000))
    assert "--budget memory=" in error.hint, error.render()


def test_a_failure_is_reported_from_within_its_functions_and_loops() -> None:
    text = (
        "import torch\ndef f(x):\n    for i in range(3):\n        y = x[i]\n    return y\n"
        "for epoch in range(2):\n    f(torch.ones(2))\n"
    )
    session = Session.of_text(text)
    failed = session.complete()[-1]
    assert isinstance(failed, Failed)
    where = failed.where
    assert (where.scopes, where.statement.line) == (("f",), 4)
    assert [(loop.name, loop.number) for loop in where.loops] == [("epoch", 1), ("i", 3)]
