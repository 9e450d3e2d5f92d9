"""A program in our interpreter prints what it prints under plain Python."""

from __future__ import annotations

import pytest
from both import PRELUDE, in_ours, in_python
from same_text import difference

from backprop_tui.engines.numpy_engine.engine import NumpyEngine

PROGRAMS: dict[str, str] = {
    "special methods": """
class V:
    def __init__(self, x, _note=''):
        self.x, self._note = x, _note
        self._private = [x]
    def __add__(self, o): return V(self.x + (o.x if isinstance(o, V) else o))
    def __radd__(self, o): return self + o
    def __sub__(self, o): return V(self.x - o.x)
    def __mul__(self, o): return V(self.x * o)
    def __rmul__(self, o): return self * o
    def __truediv__(self, o): return self * o**-1
    def __pow__(self, n): return V(self.x ** n)
    def __neg__(self): return self * -1
    def __matmul__(self, o): return self.x * o.x
    def __iadd__(self, o):
        self.x += 100
        return self
    def __eq__(self, o): return self.x == o.x
    def __hash__(self): return self.x
    def __lt__(self, o): return self.x < o.x
    def __len__(self): return self.x
    def __bool__(self): return self.x != 0
    def __float__(self): return self.x / 2
    def __abs__(self): return V(abs(self.x))
    def __getitem__(self, i): return (self.x, i)
    def __setitem__(self, i, v): self._private.append((i, v))
    def __contains__(self, i): return i == self.x
    def __repr__(self): return f'V({self.x})'
    def _helper(self): return len(self._private)
class W(V):
    def __str__(self): return 'w' + super().__repr__()
a, b = V(3), W(4)
print(a + b, a + 1, sum([a, b], V(0)), a - b, a * 2, 2 * a, a / 1, a ** 2, -a, a @ b)
print([a, b], {'k': b}, f'{b} {a!r} {b!r}', str(b), repr(b))
print(a == V(3), a != b, a < b, len(a), bool(V(0)), not a, float(a), abs(-a), a[1:2], 3 in a)
a[7] = 'x'
a += 1
print(a, a._helper(), a._private, {a: 1}[V(103)], sorted([b, a]), max(a, b))
""",
    "iterators of one's own": """
class Countdown:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n
print(list(Countdown(3)), [x for x in Countdown(2)], sum(Countdown(4)))
for i, x in enumerate(Countdown(2)):
    print(i, x)
""",
    "properties and static methods": """
class A:
    count = 0
    def __init__(self): self._v = 1
    @property
    def v(self): return self._v * 10
    @v.setter
    def v(self, value):
        self._v = value
    @property
    def fixed(self): return 7
    @staticmethod
    def s(x, y=2): return x + y
    @classmethod
    def make(cls, v):
        a = cls()
        a.v = v
        return a
class B(A):
    @property
    def v(self): return -super().v
    @staticmethod
    def s(x): return super(B, B).__name__ if x is None else x
a = A.make(5)
print(a.__class__.__name__, nn.Linear(1, 1).__class__.__name__, (1).__class__.__name__)
print(a.v, a.s(1), A.s(3, y=4), B.make.__name__ if False else type(a).__name__, a.fixed)
a.v += 2
print(a.v, B().v, B().s(8))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self._hidden = nn.Linear(2, 3)
        self._calls = 0
    @property
    def device(self): return next(self.parameters()).device
    @staticmethod
    def act(x): return x.clamp(min=0)
    @torch.no_grad()
    def _count(self): self._calls += 1
    def forward(self, x):
        self._count()
        return self.act(self._hidden(x)).sum()
net = Net()
net(torch.ones(2)); net(torch.ones(2)).backward()
print(net.device, net._calls, [n for n, _ in net.named_parameters()], net._hidden.weight.grad.shape)
try:
    a.fixed = 1
except AttributeError as e:
    print('AttributeError')
""",
    "exceptions": """
def f(x):
    if x < 0:
        raise ValueError(f'negative: {x}')
    return 10 / x
for x in (2, -1, 0):
    try:
        print(f(x))
    except ValueError as e:
        print('value', e, repr(e), type(e).__name__)
    except (ZeroDivisionError, KeyError):
        print('zero')
    else:
        print('fine')
    finally:
        print('done', x)
try:
    {'a': 1}['b']
except KeyError as e:
    print(e)
try:
    torch.ones(2) @ torch.ones(3)
except RuntimeError as e:
    print(e)
w = torch.ones(2, requires_grad=True)
try:
    (w * 2).backward()
except Exception as error:
    print(type(error), isinstance(error, RuntimeError), error)
loss = (w * w).sum()
loss.backward()
try:
    loss.backward()
except RuntimeError as e:
    print('twice')
try:
    w += 1
except RuntimeError as e:
    print(e)
def g():
    for i in range(3):
        try:
            if i == 0: continue
            return i
        finally:
            print('out', i)
print(g())
def h():
    try:
        raise KeyError
    except KeyError:
        raise RuntimeError('again') from None
try:
    h()
except RuntimeError as e:
    print(e)
def again():
    try:
        undefined_name
    except NameError as e:
        print(e)
        raise
try:
    again()
except LookupError: print('no')
except: print('bare')
class Shape:
    def area(self): raise NotImplementedError
try:
    Shape().area()
except NotImplementedError as e:
    print([str(e)])
print('end', w.grad)
""",
    "copies": """
import copy
a = [1, [2, 3]]
b, c = copy.deepcopy(a), copy.copy(a)
a[1].append(4)
print(b, c)
model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
twin = copy.deepcopy(model)
best = copy.deepcopy(model.state_dict())
model(torch.randn(4, 2)).sum().backward()
with torch.no_grad():
    model[0].weight += 1
print(torch.equal(twin[0].weight, best['0.weight']), torch.equal(model[0].weight, best['0.weight']))
print(twin[0].weight.requires_grad, twin[0].weight.grad, model[0].weight.grad is None, twin)
model.load_state_dict(best)
print(torch.equal(twin[0].weight, model[0].weight), twin[1].running_mean)
class Counter_:
    def __init__(self): self.fn, self.items = (lambda x: x + 1), [torch.zeros(2)]
one = Counter_()
two = copy.deepcopy(one)
two.items[0] += 1
print(one.items, two.items, two.fn(1))
x = torch.ones(2, requires_grad=True)
y = copy.deepcopy(x)
print(y.requires_grad, y.is_leaf, y is x)
try:
    copy.deepcopy(x * 2)
except RuntimeError as e:
    print('only leaves')
""",
    "collections": """
from collections import Counter, OrderedDict, defaultdict
from typing import List, Optional
net = nn.Sequential(OrderedDict([('fc1', nn.Linear(2, 3)), ('act', nn.ReLU())]))
print(net, net.fc1.weight.shape)
d = defaultdict(list)
for k, v in [('a', 1), ('b', 2), ('a', 3)]:
    d[k].append(v)
n = defaultdict(int)
for ch in 'hello': n[ch] += 1
print(d, dict(n), n['z'], sorted(d.items()))
c = Counter('abracadabra')
c.update('aab')
print(c, c.most_common(2), c['q'], c.total(), dict(c), list(c.keys()), c.get('z'))
print(OrderedDict(a=1, b=2), len(Counter()))
def f(x: List[int], y: Optional[float] = None) -> List[List[int]]: return [x]
print(f([1]))
""",
    "which device": """
device = 'cuda' if torch.cuda.is_available() else 'cpu'
device2 = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
print(device, device2, device2.type)
model = nn.Linear(2, 2).to(device)
x = torch.ones(2, device=device2).to(device)
print(x.device, x.device == device2, next(model.parameters()).device, torch.device('cuda:0'))
loader = DataLoader(TensorDataset(x), batch_size=1)
print(isinstance(loader, DataLoader), isinstance(loader, TensorDataset))
print(torch.device('cuda').type, torch.device('cuda', 1).index)
""",
    "chained and unpacking assignment": """
a = b = [1]
b.append(2)
(c, d), *e, f = (1, 2), 3, 4, 5
[g, h] = 'xy'
i, = [9]
print(a, c, d, e, f, g, h, i)
x: float = 2.0
y: int
x += 1; x -= 0.5; x *= 3; x /= 2; x **= 2; x //= 1; x %= 5
print(x)
l = [1, 2, 3]
l[0] = 7; l[1:] = [8, 9, 10]; l[-1] += 1; l += (5,); l *= 2
print(l)
m = l
m += [0]
print(l is m, len(l))
k = {'a': 1}
k['b'] = 2; k['a'] += 5
del k['b'], l[0]
del x
print(k, l)
""",
    "loops": """
for i in range(3):
    if i == 1:
        continue
    print('i', i)
else:
    print('done')
for i in [1, 2, 3]:
    if i == 2:
        break
else:
    print('never')
n = 3
while n:
    n -= 1
    if n == 1: continue
    print(n)
else:
    print('out')
while True:
    n += 1
    if n > 4: break
for (a, b), c in zip([(1, 2), (3, 4)], 'xy'):
    print(a, b, c)
for i, (k, v) in enumerate({'p': 1, 'q': 2}.items()):
    print(i, k, v)
for ch in 'ab': print(ch, end=' ')
print()
for row in torch.tensor([[1, 2], [3, 4]]):
    print(row, row.sum().item())
for x in []: pass
print(i, n)
""",
    "functions": """
def f(a, b=2, *args, c, d=4, **kw):
    return a, b, args, c, d, kw
print(f(1, c=3), f(1, 5, 6, 7, c=3, d=8, e=9))
print(f(*[1, 2], **{'c': 1, 'z': 2}))
def fact(n):
    return 1 if n < 2 else n * fact(n - 1)
print(fact(20))
def counter():
    count = 0
    def step(by=1):
        nonlocal count
        count += by
        return count
    return step
s = counter()
s(); print(s(), s(by=5))
total = 0
def add(x):
    global total
    total += x
add(2); add(3)
print(total)
fs = [lambda i=i: i * 10 for i in range(3)]
gs = [lambda: i for i in range(3)]
print([f() for f in fs], [g() for g in gs])
def nothing(): pass
print(nothing(), fact.__name__)
def default(items=[]):
    items.append(1)
    return items
default()
print(default())
def early(x):
    for i in range(10):
        while True:
            if i == x: return 'found', i
            break
    return 'no'
print(early(3), early(99))
def outer(x):
    y = [x + z for z in range(3)]
    return {k: x for k in y}
print(outer(2))
def pos(a, /, b, *, c=1): return a + b + c
print(pos(1, b=2), pos(1, 2, c=3))
""",
    "scopes": """
x = 'global'
def f():
    return x
def g():
    x = 'local'
    def h(): return x
    return h(), f()
print(g())
class A:
    x = 'class'
    y = x + '!'
    def get(self): return x
print(A.x, A.y, A().get(), A().x)
print([x for x in 'ab'], x)
def shadow(sum, list=3): return sum + list
print(shadow(1))
len_ = len
print(len_('abc'))
max = 5
print(max)
""",
    "plain classes": """
class Point:
    count = 0
    def __init__(self, x, y=0):
        self.x = x
        self.y = y
        Point.count += 1
    def norm(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5
    def __len__(self): return 2
    def __getitem__(self, i): return [self.x, self.y][i]
    def __call__(self, k): return Point(k * self.x, k * self.y)
p = Point(3, 4)
p.x += 0
p.label = 'p'
print(p.norm(), len(p), p[1], p(2).x, Point.count, p.label, p.count, list(p))
class Named(Point):
    def __init__(self, name, *rest):
        super().__init__(*rest)
        self.name = name
    def norm(self):
        return self.name, super().norm()
q = Named('q', 6, 8)
print(q.norm(), isinstance(q, Point), isinstance(p, Named), type(q).__name__)
print(type(q) == Named, type(q) is Named)
a, b = q
m = q.norm
print(a, b, m(), Point.norm(p))
class Empty: pass
e = Empty()
e.v = [1]
e.v[0] += 1
print(e.v, bool(p), bool(e))
""",
    "autograd": """
u = torch.tensor(1.0, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)
f = u * v + u**2
f.backward(retain_graph=True)
f.backward()
print(f, f.grad_fn.name(), u.grad, v.grad, u.is_leaf, f.is_leaf, f.requires_grad)
u.grad = None
v.grad.zero_()
print(u.grad, v.grad)
with torch.no_grad():
    u -= 0.1 * (u + 1)
    w = u * 2
print(u, w.requires_grad)
u.data = u.data * 2
u.requires_grad = False
u.data -= 1
print(u, u.requires_grad)
a = torch.arange(4.0)
a[0] = 9; a[1:3] += 1; a[-1] = -1
print(a)
x = torch.ones(3)
y = x
y += 1
z = x + 0
z = z + 1
print(x, z)
g = torch.autograd.grad((v ** 3), v)
print(g)
h = torch.ones(2, requires_grad=True)
h.register_hook(lambda grad: grad * 2)
(h * 3).sum().backward()
print(h.grad)
print(f.grad_fn.next_functions[0][0].name())
""",
    "a training loop by hand": """
torch.manual_seed(1)
X = torch.randn(8, 2); t = (X[:, :1] > 0).float()
w = torch.randn(2, 1, requires_grad=True); b = torch.zeros(1, requires_grad=True)
losses = []
for epoch in range(4):
    p = torch.sigmoid(X @ w + b)
    loss = -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).mean()
    loss.backward()
    for param in [w, b]:
        param.data = param.data - 0.5 * param.grad.data
        param.grad.data.zero_()
    losses.append(loss.item())
    print(f'epoch {epoch + 1:2d}/{4}: loss {losses[-1]:.4f}')
print(w, b, [round(l, 3) for l in losses])
""",
    "a module, an optimizer, a loader": """
class Net(nn.Module):
    sizes = 3
    def __init__(self, n_in, hidden=4, *, act=None):
        super(Net, self).__init__()
        self.n_in = n_in
        self.fc1 = nn.Linear(n_in, hidden)
        self.act = act if act is not None else nn.Tanh()
        self.layers = nn.ModuleList([nn.Linear(hidden, hidden) for _ in range(2)])
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer('offset', torch.tensor([0.5]))
        self.out = nn.Linear(hidden, 1)
    def hidden(self, x):
        x = self.act(self.fc1(x))
        for layer in self.layers:
            x = F.relu(layer(x))
        return x
    def forward(self, x):
        return self.out(self.hidden(x)) * self.scale + self.offset

class Points(Dataset):
    def __init__(self, n):
        self.x = torch.arange(2.0 * n).view(n, 2) / n
        self.y = self.x.sum(1, keepdim=True)
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i], self.y[i]

torch.manual_seed(3)
model = Net(2, act=nn.Sigmoid())
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
data = Points(5)
loader = DataLoader(data, batch_size=2, shuffle=True)
loss_fn = nn.MSELoss()
for epoch in range(2):
    for i, (x, y) in enumerate(loader):
        opt.zero_grad()
        out = model(x)
        loss = loss_fn(out, y)
        loss.backward()
        opt.step()
        print(epoch, i, x.shape, f'{loss.item():.5f}')
    opt.param_groups[0]['lr'] *= 0.5
    for group in opt.param_groups:
        print(group['lr'])
print(model)
print(model.n_in, model.sizes, model.offset, model.training, model.eval().training)
for name, p in model.named_parameters():
    print(name, tuple(p.shape), p.grad is not None, p.grad.norm() > 0)
print(sum(p.numel() for p in model.parameters()), len(data), len(loader), data[1])
print(list(model.state_dict().keys()))
x, y = next(iter(DataLoader(TensorDataset(data.x, data.y), batch_size=5)))
with torch.no_grad():
    print(model(x) - y)
model.out = nn.Linear(4, 2)
for p in model.fc1.parameters():
    p.requires_grad = False
print(model.out.weight.shape, [p.requires_grad for p in model.parameters()])
model.fc1.weight.data.fill_(0.0)
model.fc1.bias = nn.Parameter(torch.zeros(4))
print(model.fc1.weight, model.fc1.bias, model.layers[0].in_features)
@torch.no_grad()
def evaluate(m, x):
    m.eval()
    return m(x).requires_grad
print(evaluate(model, x), torch.is_grad_enabled())
class Deeper(Net):
    def forward(self, x):
        return -super().forward(x)
torch.manual_seed(0)
deeper = Deeper(2)
print(deeper(torch.ones(1, 2)), isinstance(deeper, Net))
class Scale(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)
print(Scale(1, 1, bias=False)(torch.ones(1, 1)).shape)
def init(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.5)
deeper.apply(init)
print(deeper.fc1.weight)
""",
    "main guard, assert, global state": """
def main():
    assert 1 + 1 == 2, 'never'
    print('main')
if __name__ == '__main__':
    main()
if 0:
    pass
elif torch.tensor(1.0):
    print('tensor is true')
else:
    print('no')
""",
    "printing": """
print()
print('a', 1, None, sep='-', end='!\\n')
print('x', end='')
print(*[1, 2], sep='')
print([torch.tensor([1.0, 2.0]), 'a'], {'k': torch.tensor(1)})
l = [1]
l.append(l)
print(l)
print('tab\\t', 'é', '∂L/∂w', flush=True)
print(f"{'nested'!r:>10}|{l[0]:<3}|{3.0}|{{x}}", "" f"{1=}")
""",
    "random": """
import random
random.seed(3)
print(random.random(), random.randint(1, 6), random.uniform(0, 2), random.gauss(0, 1))
l = [1, 2, 3, 4]
random.shuffle(l)
print(l, random.choice(l), random.sample(l, 2))
np.random.seed(1)
print(np.random.rand(2), np.random.randn(2, 2), np.random.randint(0, 5, 3))
print(np.random.normal(0, 1, size=2), np.random.uniform(-1, 1, (2,)))
print(np.random.permutation(4))
""",
    "a generator over itself": """
class Data(Dataset):
    def __len__(self): return 2
    def __getitem__(self, i): return [10, 20][i]
print([x for x in Data()], list(Data()))
for i, x in enumerate(Data()):
    print(i, x)
""",
    "texts and numbers": """
import random
random.seed(0)
print(random.choices([1, 2, 3], k=2), random.choices('ab', weights=[1, 9], k=3))
print('ab1'.isalnum(), 'a-b'.partition('-'), 'aBc'.swapcase(), 'abc'.rfind('c'), 'A'.isupper())
print('a b c'.rsplit(' ', 1), 'x.py'.removesuffix('.py'), 'x.py'.removeprefix('x'), ' '.isspace())
print(ord('a'), chr(98), hex(10), bin(3), issubclass(bool, int), issubclass(nn.Linear, nn.Module))
print(math.dist([0, 0], [3, 4]), math.degrees(math.pi), math.radians(180), math.trunc(2.5))
rng = np.random
rng.seed(3)
print(rng.randn(2), rng.choice(5, 3), rng.choice([1.0, 2.0], p=[0.1, 0.9]), rng.random(2))
""",
    "who has what": """
class Block(nn.Module):
    scale = 2
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 1, bias=False)
        self.inner.MARKED = 1
    def forward(self, x):
        return self.inner(x)
class Plain:
    def __init__(self):
        self.x = 1
    @property
    def fails(self):
        raise AttributeError('none')
block, plain = Block(), Plain()
print([hasattr(block, name) for name in ('scale', 'inner', 'forward', 'outer', 'eval')])
print([hasattr(one, name) for one in block.modules() for name in ('MARKED', 'bias', 'weight')])
print(hasattr(plain, 'x'), hasattr(plain, 'y'), hasattr(plain, 'fails'), hasattr(Plain, 'fails'))
print(hasattr([], 'append'), hasattr(3, 'append'), hasattr(torch.ones(2), 'grad'))
print(hasattr(nn, 'Linear'))
try:
    hasattr(plain, 1)
except TypeError as error:
    print(error)
""",
    "numpy's many functions": """
a = np.arange(6.0).reshape(2, 3)
print(np.square(a).sum(axis=1, keepdims=True), np.clip(a, 1, 4), np.where(a > 2, 1, 0), np.eye(2))
print(np.concatenate([a, a], axis=1).shape, np.vstack((a, a)).shape, np.stack([a, a]).shape)
print(np.c_[np.ones(2), np.zeros(2)], np.linalg.norm(a), np.linalg.solve(np.eye(2), np.ones(2)))
print(np.polyfit([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], 1).round(6), np.meshgrid([1, 2], [3, 4])[1])
print(a.T.ravel(), a.var(), a.argmin(axis=1), np.add(a, 1, out=a), a, np.unique([3, 1, 3]))
print(np.linspace(0, 1, 3)[:, np.newaxis], np.tile([1, 2], 2), np.outer([1], [3]), np.diff([1, 4]))
print(np.logspace(-2, 0, num=3), np.bincount([0, 2]), np.median(a), np.full(2, 7), np.diag([1]))
""",
    "vectors of parameters": """
net = nn.Linear(2, 1)
vec = nn.utils.parameters_to_vector(net.parameters())
print(vec)
nn.utils.vector_to_parameters(vec.detach() * 0 + 3, net.parameters())
print(net.weight, net.bias)
""",
    "operators of lists": """
a = [3, 1, 2]
a.sort(); print(a)
a.sort(key=lambda v: -v); print(a)
a.extend(range(2)); a.insert(0, 'x'); print(a, a.pop(), a.pop(0), a)
a.remove(3); a.reverse(); print(a, a.copy() == a, a < [9], a != [])
b = {'z': 1}
b.update({'y': 2}); b.update(x=3); b.setdefault('w', 4); print(b, b.pop('z'), list(b))
s = {1}
s.add(2); s.discard(9); print(s, s.union([5]), s == {2, 1})
t = (1, 'a', 2.5)
print(t[0], t[1:], t + (1,), t == (1, 'a', 2.5), hash_ if False else '-')
print('%s' % (t,), '%d%%' % 5, 5 % 3)
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_as_in_python(name: str) -> None:
    text = PRELUDE + "torch.manual_seed(0)\n" + PROGRAMS[name]
    expected = in_python(text)
    assert expected[1] == "", f"the test itself is wrong: {expected[2]}"
    ours = in_ours(text)
    assert ours[1:] == ("", "", 0), ours[2]
    assert ours[0] == expected[0]
    printed, *error = in_ours(text, NumpyEngine())
    assert error == ["", "", 0]
    assert difference(printed, expected[0]) is None
