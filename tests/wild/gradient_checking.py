import numpy as np
import torch


def f(params, X, y):
    W1, b1, W2, b2 = params
    h = torch.tanh(X @ W1 + b1)
    return ((h @ W2 + b2 - y) ** 2).mean()


np.random.seed(0)
X = torch.from_numpy(np.random.randn(5, 3))
y = torch.from_numpy(np.random.randn(5, 1))
params = [torch.tensor(np.random.randn(*shape) * 0.5, requires_grad=True)
          for shape in [(3, 4), (4,), (4, 1), (1,)]]
loss = f(params, X, y)
analytic = torch.autograd.grad(loss, params)
eps = 1e-6
for name, p, g in zip(["W1", "b1", "W2", "b2"], params, analytic):
    numeric = torch.zeros_like(p)
    flat = p.data.view(-1)
    for i in range(flat.numel()):
        old = flat[i].item()
        flat[i] = old + eps
        plus = f(params, X, y).item()
        flat[i] = old - eps
        minus = f(params, X, y).item()
        flat[i] = old
        numeric.view(-1)[i] = (plus - minus) / (2 * eps)
    rel = (g - numeric).abs().max() / torch.maximum(g.abs().max(), numeric.abs().max())
    print(f"{name}: max relative error small: {rel.item() < 1e-6}, |g| = {g.norm():.4f}")
    assert torch.allclose(g, numeric, atol=1e-6), name
