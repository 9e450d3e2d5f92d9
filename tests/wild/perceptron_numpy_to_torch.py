import numpy as np
import torch

np.random.seed(1)
X = np.random.randn(40, 2)
y = np.array([1 if x1 + 2 * x2 > 0.3 else -1 for x1, x2 in X])
w, b = np.zeros(2), 0.0
for epoch in range(5):
    mistakes = 0
    for xi, yi in zip(X, y):
        if yi * (np.dot(w, xi) + b) <= 0:
            w = w + yi * xi
            b += yi
            mistakes += 1
    print(f"epoch {epoch}: {mistakes} mistakes")
    if mistakes == 0:
        break
print(w.round(3), b)

Xt = torch.from_numpy(X).float()
yt = torch.from_numpy(y).float()
wt = torch.tensor([0.0, 0.0], requires_grad=True)
bt = torch.tensor(0.0, requires_grad=True)
for epoch in range(20):
    margin = yt * (Xt @ wt + bt)
    loss = torch.clamp(1 - margin, min=0).mean() + 0.01 * wt.pow(2).sum()
    loss.backward()
    with torch.no_grad():
        for p in (wt, bt):
            p -= 0.5 * p.grad
            p.grad = None
print("hinge loss", round(loss.item(), 4), "accuracy", (torch.sign(Xt @ wt + bt) == yt).float().mean().item())
