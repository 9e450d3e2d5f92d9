"""fast.ai lesson 4 and 5: mean-squared fitting, a tiny net from the foundations."""
import math
import torch
from torch import tensor, nn
import torch.nn.functional as F
from functools import partial
import matplotlib.pyplot as plt

torch.manual_seed(442)
plt.rc('figure', dpi=90)


def plot_function(f, title=None, min=-2.1, max=2.1, color='r', ylim=None):
    x = torch.linspace(min, max, 20)[:, None]
    if ylim: plt.ylim(ylim)
    plt.plot(x, f(x), color)
    if title is not None: plt.title(title)


def f(x): return 3*x**2 + 2*x + 1


plot_function(f, "$3x^2 + 2x + 1$")


def quad(a, b, c, x): return a*x**2 + b*x + c
def mk_quad(a, b, c): return partial(quad, a, b, c)


f2 = mk_quad(3, 2, 1)
print(f2(2), f(1.5))


def noise(x, scale): return torch.randn(x.shape) * scale
def add_noise(x, mult, add): return x * (1 + noise(x, mult)) + noise(x, add)


x = torch.linspace(-2, 2, steps=20)[:, None]
y = add_noise(f(x), 0.15, 1.5)
print(x[:3], y[:3])
plt.scatter(x, y)


def mae(preds, acts): return (torch.abs(preds - acts)).mean()


def quad_mae(params):
    f = mk_quad(*params)
    return mae(f(x), y)


print(quad_mae([1.1, 1.1, 1.1]))
abc = torch.tensor([1.1, 1.1, 1.1])
abc.requires_grad_()
loss = quad_mae(abc)
print(loss)
loss.backward()
print(abc.grad)
with torch.no_grad():
    abc -= abc.grad * 0.01
    loss = quad_mae(abc)
print(f'loss={loss:.2f}')
abc.grad.zero_()
for i in range(4):
    loss = quad_mae(abc)
    loss.backward()
    with torch.no_grad(): abc -= abc.grad * 0.01
    print(f'step={i}; loss={loss:.2f}')


def rectified_linear(m, b, x):
    y = m*x + b
    return torch.clip(y, 0.)


def double_relu(m1, b1, m2, b2, x):
    return rectified_linear(m1, b1, x) + rectified_linear(m2, b2, x)


plot_function(partial(double_relu, -1.5, -1.5, 1.5, -1.5))

# lesson 5: the titanic's way
t_dep = tensor([0, 1, 1, 1, 0, 1, 0, 0])
t_indep = torch.rand(8, 4)
n_coeff = t_indep.shape[1]
vals, indices = t_indep.max(dim=0)
t_indep = t_indep / vals


def calc_preds(coeffs, indeps): return torch.sigmoid((indeps*coeffs).sum(axis=1))
def calc_loss(coeffs, indeps, deps): return torch.abs(calc_preds(coeffs, indeps)-deps).mean()


def update_coeffs(coeffs, lr):
    coeffs.sub_(coeffs.grad * lr)
    coeffs.grad.zero_()


def one_epoch(coeffs, lr):
    loss = calc_loss(coeffs, t_indep, t_dep)
    loss.backward()
    with torch.no_grad(): update_coeffs(coeffs, lr)
    print(f"{loss:.3f}", end="; ")


def init_coeffs(): return (torch.rand(n_coeff)-0.5).requires_grad_()


def train_model(epochs=3, lr=2.):
    coeffs = init_coeffs()
    for i in range(epochs): one_epoch(coeffs, lr=lr)
    return coeffs


coeffs = train_model()
def show_coeffs(): return dict(zip(['age', 'fare', 'sib', 'sex'], coeffs.requires_grad_(False)))
print(show_coeffs())
print('acc', ((calc_preds(coeffs, t_indep) > 0.5) == t_dep.bool()).float().mean())


def init_deep():
    hiddens = [3, 3]
    sizes = [n_coeff] + hiddens + [1]
    n = len(sizes)
    layers = [(torch.rand(sizes[i], sizes[i+1])-0.3)/sizes[i+1]*4 for i in range(n-1)]
    consts = [(torch.rand(1)[0]-0.5)*0.1 for i in range(n-1)]
    for l in layers+consts: l.requires_grad_()
    return layers, consts


def deep_preds(coeffs, indeps):
    layers, consts = coeffs
    n = len(layers)
    res = indeps
    for i, l in enumerate(layers):
        res = res@l + consts[i]
        if i != n-1: res = F.relu(res)
    return torch.sigmoid(res)


def deep_update(coeffs, lr):
    layers, consts = coeffs
    for layer in layers+consts:
        layer.sub_(layer.grad * lr)
        layer.grad.zero_()


deep = init_deep()
for i in range(3):
    loss = torch.abs(deep_preds(deep, t_indep) - t_dep[:, None]).mean()
    loss.backward()
    with torch.no_grad(): deep_update(deep, 0.5)
    print(f"{loss:.4f}", end="; ")
print()


class Module():
    def __call__(self, *args):
        self.args = args
        self.out = self.forward(*args)
        return self.out
    def forward(self): raise Exception('not implemented')
    def backward(self): self.bwd(self.out, *self.args)


class Relu(Module):
    def forward(self, inp): return inp.clamp_min(0.)
    def bwd(self, out, inp): inp.g = (inp > 0).float() * out.g


class Lin(Module):
    def __init__(self, w, b): self.w, self.b = w, b
    def forward(self, inp): return inp@self.w + self.b


lin = Lin(torch.randn(4, 2), torch.zeros(2))
r = Relu()
print(r(lin(t_indep[:2])))
