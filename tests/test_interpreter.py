"""A program in our interpreter prints what it prints under plain Python."""

from __future__ import annotations

import pytest
from both import PRELUDE, in_ours, in_python
from same_text import difference

from backprop_tui.engines.numpy_engine.engine import NumpyEngine

PROGRAMS: dict[str, str] = {
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
