"""A neural ODE integrated by Euler and by Runge-Kutta; gradients through the solver."""
import torch
import torch.nn as nn
from math import pi


class ODEFunc(nn.Module):
    def __init__(self, dim=2, hidden=12):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, dim))
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, mean=0, std=0.1)
                nn.init.constant_(m.bias, val=0)
        self.nfe = 0

    def forward(self, t, y):
        self.nfe += 1
        return self.net(y ** 3)


def euler(f, t, y, dt):
    return y + dt * f(t, y)


def rk4(f, t, y, dt):
    k1 = f(t, y)
    k2 = f(t + dt / 2, y + dt / 2 * k1)
    k3 = f(t + dt / 2, y + dt / 2 * k2)
    k4 = f(t + dt, y + dt * k3)
    return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


SOLVERS = {"euler": euler, "rk4": rk4}


def odeint(func, y0, t, method="euler"):
    step = SOLVERS[method]
    ys = [y0]
    for t0, t1 in zip(t[:-1], t[1:]):
        ys.append(step(func, t0, ys[-1], t1 - t0))
    return torch.stack(ys)


torch.manual_seed(0)
true_A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
true_y0 = torch.tensor([[2.0, 0.0]])
t = torch.linspace(0.0, 2.0, 11)


class Lambda(nn.Module):
    def forward(self, t, y):
        return torch.mm(y ** 3, true_A)


with torch.no_grad():
    true_y = odeint(Lambda(), true_y0, t, method="rk4")
print(true_y.shape, true_y[-1])
func = ODEFunc()
optimizer = torch.optim.RMSprop(func.parameters(), lr=1e-2)
for itr in range(1, 6):
    optimizer.zero_grad()
    pred_y = odeint(func, true_y0, t, method="euler" if itr < 4 else "rk4")
    loss = torch.mean(torch.abs(pred_y - true_y))
    loss.backward()
    optimizer.step()
    print("Iter {:04d} | Total Loss {:.6f} | NFE {}".format(itr, loss.item(), func.nfe))
angle = torch.atan2(true_y[:, 0, 1], true_y[:, 0, 0])
print((angle / pi)[:4])
