"""The usual tour through autograd, errors included."""
import torch

x = torch.ones(2, 2, requires_grad=True)
y = x + 2
print(y)
print(y.grad_fn is not None)
z = y * y * 3
out = z.mean()
print(z, out)
out.backward()
print(x.grad)

a = torch.randn(2, 2)
a = ((a * 3) / (a - 1))
print(a.requires_grad)
a.requires_grad_(True)
b = (a * a).sum()
print(type(b.grad_fn).__name__)

try:
    out.backward()
except RuntimeError as e:
    print("RuntimeError:", str(e)[:52])

v = torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float)
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
u = w * 2
while u.data.norm() < 100:
    u = u * 2
try:
    u.backward()
except RuntimeError as err:
    print(err)
u.backward(v)
print(w.grad)

with torch.no_grad():
    print((w ** 2).requires_grad)
print(w.detach().requires_grad, w.eq(w.detach()).all())

p = torch.tensor([1.0, 2.0], requires_grad=True)
try:
    p[0] = 5.0
except RuntimeError as e:
    print(e)
q = p.exp()
q += 1
try:
    q.sum().backward()
except RuntimeError as e:
    print("in place:", "modified by an inplace operation" in str(e))
try:
    p.numpy()
except RuntimeError as e:
    print(e)
try:
    torch.arange(3, requires_grad=True)
except RuntimeError as e:
    print(e)

grads = {}
h = torch.tensor(3.0, requires_grad=True)
k = h ** 2
k.retain_grad()
k.register_hook(lambda g: grads.update(k=g))
m = k * 4
m.backward()
print(grads, k.grad, h.grad)
