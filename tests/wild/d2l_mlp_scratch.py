import torch
from torch import nn
import matplotlib.pyplot as plt

torch.manual_seed(42)
num_inputs, num_outputs, num_hiddens = 8, 3, 6
W1 = nn.Parameter(torch.randn(num_inputs, num_hiddens, requires_grad=True) * 0.1)
b1 = nn.Parameter(torch.zeros(num_hiddens, requires_grad=True))
W2 = nn.Parameter(torch.randn(num_hiddens, num_outputs, requires_grad=True) * 0.1)
b2 = nn.Parameter(torch.zeros(num_outputs, requires_grad=True))
params = [W1, b1, W2, b2]


def relu(X):
    a = torch.zeros_like(X)
    return torch.max(X, a)


def net(X):
    X = X.reshape((-1, num_inputs))
    H = relu(X @ W1 + b1)
    return (H @ W2 + b2)


x = torch.arange(-8.0, 8.0, 2.0, requires_grad=True)
y = torch.sigmoid(x)
plt.plot(x.detach(), y.detach(), 'x', label='sigmoid(x)')
plt.show()
y.backward(torch.ones_like(x), retain_graph=True)
print(x.grad)
x.grad.data.zero_()
y = torch.tanh(x)
y.backward(torch.ones_like(x), retain_graph=True)
print(x.grad)

loss = nn.CrossEntropyLoss(reduction='none')
updater = torch.optim.SGD(params, lr=0.5)
X, Y = torch.randn(12, 2, 4), torch.randint(0, 3, (12,))
losses = []
for epoch in range(4):
    l = loss(net(X), Y)
    updater.zero_grad()
    l.mean().backward()
    updater.step()
    losses.append(l.mean().item())
    print(f'{epoch=} {l.mean():.4f}')
plt.plot(losses)
plt.xlabel('epoch')
plt.savefig('losses.png')
