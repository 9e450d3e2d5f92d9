import math
import torch


class SGDMomentum:
    def __init__(self, params, lr=1e-3, momentum=0.9):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocity = [torch.zeros_like(p) for p in self.params]

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.detach_()
                p.grad.zero_()

    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocity):
            v.mul_(self.momentum).add_(p.grad)
            p.sub_(self.lr * v)


class MyReLU:
    def __call__(self, x):
        return x.clamp(min=0)

    def __repr__(self):
        return f"{self.__class__.__name__}()"


x = torch.linspace(-math.pi, math.pi, 200)
y = torch.sin(x)
a, b, c, d = (torch.tensor(v, requires_grad=True) for v in (0.1, -0.2, 0.0, 0.05))
opt = SGDMomentum([a, b, c, d], lr=1e-5)
for t in range(20):
    y_pred = a + b * x + c * x ** 2 + d * x ** 3
    loss = (y_pred - y).pow(2).sum()
    if t % 5 == 4:
        print(t, f"{loss.item():.3f}")
    opt.zero_grad()
    loss.backward()
    opt.step()
print(f'Result: y = {a.item():.4f} + {b.item():.4f} x + {c.item():.4f} x^2 + {d.item():.4f} x^3')
act = MyReLU()
print(act, act(torch.tensor([-1.0, 2.0])))
p = torch.tensor([1, 2, 3])
xx = x.unsqueeze(-1).pow(p)
model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0, 1))
print(xx.shape, model(xx).shape)
