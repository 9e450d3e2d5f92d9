"""Logistic regression twice: gradients by hand, then by autograd."""
import torch

torch.manual_seed(42)
N, D = 60, 2
X = torch.cat([torch.randn(N // 2, D) - 1.5, torch.randn(N // 2, D) + 1.5])
y = torch.cat((torch.zeros(N // 2), torch.ones(N // 2)))


def sigmoid(z):
    return 1 / (1 + torch.exp(-z))


w_manual = torch.zeros(D)
b_manual = torch.zeros(1)
lr = 0.1
for step in range(50):
    p = sigmoid(X @ w_manual + b_manual)
    error = p - y
    grad_w = X.T @ error / N
    grad_b = error.mean()
    w_manual -= lr * grad_w
    b_manual -= lr * grad_b
print("by hand:", w_manual, b_manual)

w = torch.zeros(D, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
losses = []
for step in range(50):
    logits = X.matmul(w) + b
    loss = -(y * torch.log(sigmoid(logits)) + (1 - y) * torch.log(1 - sigmoid(logits))).mean()
    losses.append(loss.item())
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
        w.grad.zero_()
        b.grad.zero_()
print("autograd:", w.detach().numpy().round(4), b.item())
assert torch.allclose(w, w_manual, atol=1e-5)
accuracy = ((sigmoid(X @ w + b) > 0.5).float() == y).float().mean()
print(f"accuracy {accuracy:.2%}, loss {losses[0]:.4f} -> {losses[-1]:.4f}")
