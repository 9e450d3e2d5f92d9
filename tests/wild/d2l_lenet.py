import torch
from torch import nn

torch.manual_seed(0)


class Reshape(torch.nn.Module):
    def forward(self, x):
        return x.view(-1, 1, 12, 12)


net = torch.nn.Sequential(
    Reshape(),
    nn.Conv2d(1, 3, kernel_size=5, padding=2), nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2),
    nn.Conv2d(3, 4, kernel_size=5), nn.Sigmoid(),
    nn.Flatten(),
    nn.Linear(4 * 2 * 2, 10), nn.Sigmoid(),
    nn.Linear(10, 4))

X = torch.rand(size=(1, 1, 12, 12), dtype=torch.float32)
for layer in net:
    X = layer(X)
    print(layer.__class__.__name__, 'output shape: \t', X.shape)


def init_weights(m):
    if type(m) == nn.Linear or type(m) == nn.Conv2d:
        nn.init.xavier_uniform_(m.weight)


net.apply(init_weights)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
print('training on', device)
net.to(device)
optimizer = torch.optim.SGD(net.parameters(), lr=0.9)
loss = nn.CrossEntropyLoss()
data = [(torch.rand(6, 1, 12, 12), torch.randint(0, 4, (6,))) for _ in range(2)]
for epoch in range(2):
    net.train()
    for i, (X, y) in enumerate(data):
        optimizer.zero_grad()
        X, y = X.to(device), y.to(device)
        y_hat = net(X)
        l = loss(y_hat, y)
        l.backward()
        optimizer.step()
        with torch.no_grad():
            print(epoch, i, f'{l * X.shape[0]:.4f}', (y_hat.argmax(1) == y).sum().item())


def evaluate_accuracy_gpu(net, data_iter, device=None):
    if isinstance(net, nn.Module):
        net.eval()
        if not device:
            device = next(iter(net.parameters())).device
    correct, total = 0, 0
    with torch.no_grad():
        for X, y in data_iter:
            if isinstance(X, list):
                X = [x.to(device) for x in X]
            else:
                X = X.to(device)
            y = y.to(device)
            correct += float((net(X).argmax(dim=1).type(y.dtype) == y).sum())
            total += y.numel()
    return correct / total


print(evaluate_accuracy_gpu(net, data))
