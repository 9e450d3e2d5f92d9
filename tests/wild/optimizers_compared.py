"""Optimizers side by side, as a course's notebook compares them: a generator gives the batches."""
import itertools
import time
from functools import partial

import torch
from torch import nn, optim
from tqdm import trange


def batches(X, y, size, *, shuffle=True):
    order = torch.randperm(len(X)) if shuffle else torch.arange(len(X))
    for chunk in order.split(size):
        yield X[chunk], y[chunk]


class Timer:
    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *args):
        self.seconds = time.perf_counter() - self.start


torch.manual_seed(0)
X = torch.randn(24, 3)
y = X @ torch.tensor([1.0, -2.0, 0.5]) + 0.1 * torch.randn(24)
optimizers = {
    'sgd': partial(optim.SGD, lr=0.05),
    'momentum': partial(optim.SGD, lr=0.02, momentum=0.9),
    'adam': partial(optim.Adam, lr=0.1),
    'rmsprop': partial(optim.RMSprop, lr=0.01),
}
history = {}
for name, make in optimizers.items():
    torch.manual_seed(1)
    model = nn.Linear(3, 1)
    opt = make(model.parameters())
    losses = []
    with Timer() as timer:
        for epoch in trange(2, desc=name, leave=False):
            for xb, yb in batches(X, y, 8):
                loss = nn.functional.mse_loss(model(xb).squeeze(-1), yb)
                opt.zero_grad()
                loss.backward()
                opt.step()
                losses.append(loss.item())
    assert timer.seconds >= 0
    history[name] = losses
    print(f'{name:>9}: ' + ' '.join(f'{l:.3f}' for l in losses))
best = min(history, key=lambda name: history[name][-1])
print('best:', best, any(l > 100 for l in itertools.chain(*history.values())))
grid = list(itertools.product([0.1, 0.01], [0, 1e-2]))
while (left := len(grid)) > 0:
    lr, decay = grid.pop()
    torch.manual_seed(2)
    w = torch.zeros(3, requires_grad=True)
    opt = optim.SGD([w], lr=lr, weight_decay=decay)
    for xb, yb in itertools.islice(batches(X, y, 12, shuffle=False), 2):
        opt.zero_grad()
        ((xb @ w - yb) ** 2).mean().backward()
        opt.step()
    print(left, lr, decay, w.detach())
