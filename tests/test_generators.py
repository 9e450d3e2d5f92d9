"""Generators, contexts and ``:=`` do what they do under plain Python."""

from __future__ import annotations

import pytest
from both import PRELUDE, in_ours, in_python
from same_text import difference

from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.scenario.loader import loads
from backprop_tui.session import Session
from backprop_tui.trace.steps import Bind, Call

PROGRAMS: dict[str, str] = {
    "batches, as courses have them": """
import random
def data_iter(batch_size, features, labels):
    num_examples = len(features)
    indices = list(range(num_examples))
    random.seed(0)
    random.shuffle(indices)
    for i in range(0, num_examples, batch_size):
        j = torch.tensor(indices[i: min(i + batch_size, num_examples)])
        yield features[j], labels[j]
X = torch.arange(12.).reshape(6, 2); y = torch.arange(6.)
for epoch in range(2):
    for a, b in data_iter(4, X, y):
        print(a, b)
""",
    "a yield inside loops": """
def count():
    n = 0
    while True:
        if n % 2:
            n += 1
            continue
        x = yield n
        print(x)
        n += 1
g = count()
print(next(g), next(g), next(g))
""",
    "yield from, inside with": """
def two():
    r = yield from one()
    print('r', r)
    yield 5
    return 7
def one():
    with torch.no_grad():
        yield 1
        yield 2
    return 'done'
print(list(two()), sum(v*v for v in two()))
""",
    "an object that yields its elements": """
class It:
    def __iter__(self):
        for k in 'ab':
            yield k
print(list(It()), [*It()], dict(zip(It(), (n for n in range(5) if n > 2))))
""",
    "a generator that ends": """
def two():
    r = yield from one()
    print('r', r)
    yield 5
    return 7
def one():
    with torch.no_grad():
        yield 1
        yield 2
    return 'done'
try:
    h = one(); next(h); next(h); next(h)
except StopIteration as e:
    print('stop', e)
""",
    "any and all stop early": """
print(any(print(q) or q > 1 for q in range(5)), all(q < 2 for q in [0, 5]))
""",
    "a yield inside try": """
def bad():
    try:
        yield 1
        raise ValueError('x')
    except ValueError as e:
        print('caught', e)
        yield 2
    else:
        yield 3
    finally:
        print('fin')
print(list(bad()))
""",
    "a context of one's own": """
class Ctx:
    def __enter__(self): print('in'); return self
    def __exit__(self, t, e, tb): print('out', t, e); return t is not None
with Ctx() as c:
    raise ValueError('boo')
print('after')
""",
    "assignment inside an expression": """
if (n := len([1,2])) > 1: print(n)
print([m for k in range(3) if (m := k * 2)], m)
f = lambda a: (q := a) + q
print(f(3), next(map(lambda z: z+1, [1])), list(filter(None, [0, 1])))
""",
    "a deep copy knows what its original was given": """
import copy
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.config = nn.Linear(1, 1), {'width': 1}
net = Net()
net.note = 'mine'
other = copy.deepcopy([net])[0]
other.config['width'] = 2
print(other.config, other.note, net.config, other.fc.weight == net.fc.weight)
""",
    "queues": """
from collections import deque, namedtuple
d = deque([1, 2], maxlen=3)
for k in range(4): d.append(k)
d.appendleft('x'); d.extendleft([7, 8]); d.extend((5,)); d.rotate(1)
print(d, len(d), d.maxlen, d[0], d[-1], list(d), 5 in d, d.popleft(), d.pop(), deque('ab'))
d[0] = 3
print(sum(deque([1, 2, 3])), max(d), [x + 1 for x in d], sorted(deque([3, 1])), d == deque([3]))
print(torch.tensor(deque([1.0, 2.0])), deque([deque()]), isinstance(d, deque), bool(deque()))
d.clear(); d += [1]; print(d.count(1), d.index(1), d.copy())
""",
    "tuples with names": """
from collections import namedtuple
Point = namedtuple('Point', ['x', 'y'])
T = namedtuple('T', 'state, action reward', defaults=[0])
p = Point(1, y=2)
print(p, p.x + p.y, p[0], len(p), p == (1, 2), T('s', 3), isinstance(p, Point))
print(isinstance(p, tuple))
x, y = p
batch = T(*zip(*[T(1, 2, 3), T(4, 5)]))
print(x, y, batch, batch.reward, [f'{n}' for n in p], {p: 1}, Point(torch.ones(1), [p]), f'{p}')
for wrong in (lambda: Point(1), lambda: Point(1, 2, 3), lambda: Point(1, z=3), lambda: p.reward,
              lambda: namedtuple('A', 'b b'), lambda: namedtuple('A', '_b'),
              lambda: namedtuple('A', 'if'), lambda: namedtuple('A', 'x-y'), lambda: Point(),
              lambda: namedtuple('A', 'b', defaults=[1, 2])):
    try:
        wrong()
    except (TypeError, ValueError, AttributeError) as error:
        print(error)
""",
    "a generator without end": """
def fib():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b
for v in fib():
    if v > 20: break
    print(v, end=' ')
print()
print(type(fib()), next(iter(fib())), next(fib(), None))
""",
    "a generator under no_grad": """
@torch.no_grad()
def ng(w):
    yield w * 2
w = torch.ones(1, requires_grad=True)
for o in ng(w): print(o.requires_grad)
print(sum((w * k).sum() for k in range(3)))
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_as_in_python(name: str) -> None:
    text = PRELUDE + "torch.manual_seed(0)\n" + PROGRAMS[name]
    expected = in_python(text)
    assert expected[1] == "", f"the test itself is wrong: {expected[2]}"
    printed, *error = in_ours(text, NumpyEngine())
    assert error == ["", "", 0]
    assert difference(printed, expected[0]) is None


def test_every_next_is_told_as_a_call_that_goes_on_with_its_variables() -> None:
    text = "def rows(n):\n    for i in range(n):\n        yield i\nfor x in rows(2):\n    pass\n"
    trace = Session(loads(text), "numpy").complete()
    calls = [
        [(each.name, each.value) for each in step.binds] for step in trace if isinstance(step, Call)
    ]
    assert calls == [[("n", "2")], [("n", "2"), ("i", "0")], [("n", "2"), ("i", "1")]]
    bound = [step.binds[0].name for step in trace if isinstance(step, Bind)]
    assert bound == ["i", "i"]
    assert {step.where.loops[-1].name for step in trace if step.where.loops} == {"x"}


def test_what_has_ended_is_not_gone_on_with() -> None:
    text = "def one():\n    yield 1\ng = one()\nprint(list(g), list(g), next(g, 5))\n"
    trace = Session(loads(text), "numpy").complete()
    assert len([step for step in trace if isinstance(step, Call)]) == 2
