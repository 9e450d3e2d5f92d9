from typing import List, Tuple

import torch
from torch import Tensor, nn


class LinearRegression(nn.Module):
    def __init__(self, n_features: int) -> None:
        super().__init__()
        self._weights = nn.Parameter(torch.zeros(n_features, 1))
        self._bias = nn.Parameter(torch.zeros(1))
        self._history: List[float] = []

    @property
    def n_parameters(self) -> int:
        return sum(p.numel() for p in self.parameters())

    @property
    def history(self):
        return self._history

    @staticmethod
    def mse(pred: Tensor, target: Tensor) -> Tensor:
        return ((pred - target) ** 2).mean()

    @classmethod
    def from_data(cls, X: Tensor) -> "LinearRegression":
        return cls(X.shape[1])

    def forward(self, X: Tensor) -> Tensor:
        return X @ self._weights + self._bias

    def fit(self, X: Tensor, y: Tensor, lr: float = 0.1, epochs: int = 20) -> "LinearRegression":
        if X.ndim != 2:
            raise ValueError(f"expected 2 dimensions, got {X.ndim}")
        for epoch in range(epochs):
            loss = self.mse(self(X), y)
            self.zero_grad()
            loss.backward()
            with torch.no_grad():
                for param in self.parameters():
                    param -= lr * param.grad
            self._history.append(loss.item())
        return self

    def score(self, X: Tensor, y: Tensor) -> float:
        residual = self._residuals(X, y).pow(2).sum()
        total = (y - y.mean()).pow(2).sum()
        return (1 - residual / total).item()

    def _residuals(self, X, y):
        return y - self(X).detach()


def standardize(X: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    mu, sigma = X.mean(dim=0), X.std(dim=0)
    return (X - mu) / sigma, mu, sigma


if __name__ == "__main__":
    torch.manual_seed(0)
    X = torch.rand(50, 3) * torch.tensor([1.0, 10.0, 100.0])
    y = X @ torch.tensor([[3.0], [0.5], [-0.02]]) + 1.5
    Xs, mu, sigma = standardize(X)
    model = LinearRegression.from_data(Xs).fit(Xs, y)
    print(model.n_parameters, len(model.history), f"{model.history[-1]:.5f}")
    print(f"R^2 = {model.score(Xs, y):.4f}")
    print({name: tuple(p.shape) for name, p in model.named_parameters()})
    try:
        model.fit(X[0], y)
    except ValueError as e:
        print("refused:", e)
