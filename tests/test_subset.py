"""What is refused before anything runs: where, why, and what is offered instead."""

from __future__ import annotations

import ast

import pytest

from backprop_tui.errors import ScenarioRefused
from backprop_tui.scenario.loader import loads
from backprop_tui.scenario.subset import ALLOWED

#: source ▸ line:column ▸ part of the message ▸ part of the hint
REFUSED = r"""
x = torch.tensr(1) ▸ 1:5 ▸ torch has no 'tensr' ▸ did you mean 'tensor'?
l = nn.Linaer(2, 1) ▸ 1:5 ▸ torch.nn has no 'Linaer' ▸ 'Linear'
y = F.sigmoidd(x) ▸ 1:5 ▸ torch.nn.functional has no 'sigmoidd' ▸ 'sigmoid'
x = 1\nx.bakward() ▸ 2:1 ▸ attribute 'bakward' ▸ 'backward'
x = 1\nprint('é', x.gard) ▸ 2:12 ▸ attribute 'gard' ▸ 'grad'
import seaborn as sns ▸ 1:8 ▸ import of 'seaborn' ▸ the app draws
import os, torch ▸ 1:8 ▸ import of 'os' ▸ as numbers
import torchvision ▸ 1:8 ▸ import of 'torchvision' ▸ as numbers
import datetime ▸ 1:8 ▸ import of 'datetime' ▸ every day
import tourch ▸ 1:8 ▸ import of 'tourch' ▸ 'torch'
from torch import tensr ▸ 1:19 ▸ torch has no 'tensr' ▸ 'tensor'
from torch import * ▸ 1:19 ▸ import * ▸ import torch
from . import data ▸ 1:1 ▸ a relative import ▸ one file
from torch.autograd import Variable ▸ 1:28 ▸ torch.autograd.Variable ▸ require a gradient
def f():\n    import torch ▸ 2:5 ▸ an import inside a block ▸ top of the file
try:\n    x = 1\nexcept* ValueError:\n    pass ▸ 1:1 ▸ try … except* ▸ stays open
try: pass\nexcept: pass\nexcept ValueError: pass ▸ 2:1 ▸ must be last ▸
class A:\n    @property.x\n    def f(self): pass ▸ 2:6 ▸ a decorator ▸ @property
class A:\n    def __x(self): pass ▸ 2:5 ▸ '__x' ▸ without __
class A:\n    def _apply(self): pass ▸ 2:5 ▸ '_apply' ▸ of your own
x = 1\nx._modules = {} ▸ 2:1 ▸ '_modules' ▸ without _
def f():\n    print((yield 1)) ▸ 2:12 ▸ yield ▸ statement of its own
yield 1 ▸ 1:1 ▸ outside function ▸
[(n := 1) for n in 'a'] ▸ 1:3 ▸ rebind ▸
match 1:\n    case _: pass ▸ 1:1 ▸ match ▸ if and elif
async def f(): pass ▸ 1:1 ▸ async def ▸ use def
[x async for x in y] ▸ 1:14 ▸ async for ▸ use for
x = open('data.csv') ▸ 1:5 ▸ open() ▸ as numbers
n = int(input()) ▸ 1:9 ▸ input() ▸ constant
eval('1 + 1') ▸ 1:1 ▸ eval() ▸ the expression itself
getattr(x, 'y') ▸ 1:1 ▸ getattr() ▸ write the name
x = frozenset([1]) ▸ 1:5 ▸ frozenset() ▸ use set
x = b'1' ▸ 1:5 ▸ bytes ▸ plain string
x = 1j ▸ 1:5 ▸ complex ▸
x = [].__class__ ▸ 1:5 ▸ '__class__' ▸ under __names__
x = 1\nx._hidden ▸ 2:1 ▸ '_hidden' ▸ without _
__all__ = [] ▸ 1:1 ▸ '__all__' ▸ under __names__
@property\ndef f(self): pass ▸ 1:2 ▸ a decorator ▸ @torch.no_grad()
class A:\n    def __format__(self, s): return '' ▸ 2:5 ▸ '__format__' ▸ __getitem__
class A(int, str): pass ▸ 1:14 ▸ several bases ▸ one base
class A(metaclass=int): pass ▸ 1:1 ▸ metaclass ▸ leave it out
class A:\n    for i in range(3): pass ▸ 2:5 ▸ methods and assignments ▸ outside
torch.pi = 3 ▸ 1:1 ▸ torch.pi cannot be changed ▸
torch.save(1, 'x') ▸ 1:1 ▸ torch.save ▸ nothing is written
f"{x.__class__}" ▸ 1:4 ▸ '__class__' ▸ under __names__
x = '''\n''' + torch.tensr ▸ 2:7 ▸ 'tensr' ▸ 'tensor'
x = torch.tensr.y ▸ 1:5 ▸ 'tensr' ▸ 'tensor'
return 1 ▸ 1:1 ▸ 'return' outside function ▸
class A:\n    x = 1\nbreak ▸ 3:1 ▸ 'break' outside loop ▸
for i in x:\n    def f():\n        continue ▸ 3:9 ▸ 'continue' not properly in loop ▸
for i in x: pass\nelse: break ▸ 2:7 ▸ 'break' outside loop ▸
nonlocal x ▸ 1:1 ▸ not allowed at module level ▸
def f():\n    nonlocal x ▸ 2:5 ▸ no binding for nonlocal 'x' ▸
def f(x):\n    global x ▸ 2:5 ▸ 'x' is parameter and global ▸
def f():\n    x = 1\n    global x ▸ 3:5 ▸ used prior to global ▸
def f(a, *a): pass ▸ 1:11 ▸ duplicate argument 'a' ▸
lambda a, a: 1 ▸ 1:11 ▸ duplicate argument 'a' ▸
dict(a=1, a=2) ▸ 1:11 ▸ keyword argument repeated: a ▸
*a, *b = x = [1] ▸ 1:5 ▸ multiple starred ▸
*a = [1] ▸ 1:1 ▸ can't use starred ▸
x = *[1] ▸ 1:5 ▸ can't use starred ▸
def torch(): pass\ntorch.tensr ▸ 2:1 ▸ attribute 'tensr' ▸ 'tensors'
"""


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_refused_at_its_place(line: str) -> None:
    source, place, message, hint = (part.strip(" ") for part in line.split("▸"))
    header = "import torch; import torch.nn as nn; import torch.nn.functional as F\n"
    with pytest.raises(ScenarioRefused) as caught:
        loads(header + source.replace("\\n", "\n"))
    error = caught.value
    assert f"{error.place.line - 1}:{error.place.column}" == place, error.render()
    assert message in error.message, error.render()
    assert hint in error.hint, error.render()


ALLOWED_PROGRAMS = r"""
from __future__ import annotations\nx = 1
def torch(): pass
x = 3\ny: list[int] = [x]
def f(a: int, *args: float, **kw) -> None: pass
class A:\n    'doc'\n    x: int = 3\n    y: int\n    def f(self): pass
@torch.no_grad\ndef f(): pass
@torch.no_grad()\ndef f(): pass
print(__name__)
_ = 1; _x = _
def f(nn): return nn.anything_goes if nn else 1\nx = 1\nx.anything_goes = 1
lambda *a, k=1, **kw: (a, k, kw)
global_ = 1\ndef f():\n    global global_
def f():\n    x = 1\n    def g():\n        nonlocal x\n        def h():\n            nonlocal x
def f():\n    for i in [1]:\n        if i: break\n        else: continue\n    return *[1], 2
"""


@pytest.mark.parametrize("source", ALLOWED_PROGRAMS.strip().splitlines())
def test_allowed(source: str) -> None:
    loads("import torch\n" + source.replace("\\n", "\n"))


def test_the_underlined_place() -> None:
    with pytest.raises(ScenarioRefused) as caught:
        loads("import torch\nu = 'é'; x = 1 + torch.tensr(1)\n", "scenario.py")
    assert caught.value.render().splitlines() == [
        "scenario.py:2:18: error: torch has no 'tensr' in the scenario language",
        "    u = 'é'; x = 1 + torch.tensr(1)",
        "                     ^^^^^^^^^^^",
        "    hint: did you mean 'tensor'?",
    ]


@pytest.mark.parametrize("node", ALLOWED, ids=lambda node: node.__name__)
def test_allowed_fields_exist(node: type[ast.AST]) -> None:
    unknown = set(ALLOWED[node]) - set(node._fields)
    assert not unknown, f"{node.__name__} has no {unknown}"


#: Fields of allowed nodes that a scenario must leave empty.
CLOSED = {
    "Module.type_ignores", "Assign.type_comment", "For.type_comment", "With.type_comment",
    "FunctionDef.type_comment", "arg.type_comment", "ClassDef.keywords",
    "ClassDef.decorator_list", "comprehension.is_async", "FunctionDef.type_params",
    "ClassDef.type_params",
}  # fmt: skip


def test_every_field_is_either_allowed_or_closed() -> None:
    fields = {(n, f) for n, allowed in ALLOWED.items() for f in set(n._fields) - set(allowed)}
    assert {f"{n.__name__}.{f}" for n, f in fields} <= CLOSED


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("import torch\ntorch.stft(1)\n", "backprop-tui record FILE"),
        ("import torch\nx = torch.ones(2)\nx.qqqqq()\n", "backprop-tui record FILE"),
        ("import torch\ntorch.nn.EmbeddingBag(1, 1)\n", "use nn.Embedding"),
        ("from torch.nn import Conv3d\n", "use nn.Conv2d"),
    ],
)
def test_what_pytorch_has_and_the_language_has_not_is_given_a_way_out(source, hint):
    with pytest.raises(ScenarioRefused, match=hint):
        loads(source, "program.py")
