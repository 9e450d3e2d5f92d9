"""Softmax regression from scratch with an Accumulator, on made-up pictures."""
import torch

torch.manual_seed(0)
num_inputs, num_outputs = 16, 3
W = torch.normal(0, 0.01, size=(num_inputs, num_outputs), requires_grad=True)
b = torch.zeros(num_outputs, requires_grad=True)


def softmax(X):
    X_exp = torch.exp(X)
    partition = X_exp.sum(1, keepdim=True)
    return X_exp / partition


def net(X):
    return softmax(torch.matmul(X.reshape((-1, W.shape[0])), W) + b)


def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y])


def accuracy(y_hat, y):
    if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    cmp = y_hat.type(y.dtype) == y
    return float(cmp.type(y.dtype).sum())


class Accumulator:
    """For accumulating sums over `n` variables."""

    def __init__(self, n):
        self.data = [0.0] * n

    def add(self, *args):
        self.data = [a + float(b) for a, b in zip(self.data, args)]

    def reset(self):
        self.data = [0.0] * len(self.data)

    def __getitem__(self, idx):
        return self.data[idx]


def batches(n, size):
    for i in range(n):
        y = torch.randint(0, num_outputs, (size,))
        X = torch.randn(size, 1, 4, 4)
        X += y.reshape(-1, 1, 1, 1) * 0.7
        yield X, y


train = list(batches(4, 8))


def evaluate_accuracy(net, data_iter):
    metric = Accumulator(2)
    with torch.no_grad():
        for X, y in data_iter:
            metric.add(accuracy(net(X), y), y.numel())
    return metric[0] / metric[1]


def updater(batch_size):
    lr = 0.1
    with torch.no_grad():
        for param in (W, b):
            param -= lr * param.grad / batch_size
            param.grad.zero_()


def train_epoch(net, train_iter, loss, updater):
    metric = Accumulator(3)
    for X, y in train_iter:
        y_hat = net(X)
        l = loss(y_hat, y)
        l.sum().backward()
        updater(X.shape[0])
        metric.add(float(l.sum()), accuracy(y_hat, y), y.numel())
    return metric[0] / metric[2], metric[1] / metric[2]


for epoch in range(3):
    train_metrics = train_epoch(net, train, cross_entropy, updater)
    test_acc = evaluate_accuracy(net, train)
    print(f'epoch {epoch}: loss {train_metrics[0]:.4f} acc {train_metrics[1]:.3f} test {test_acc:.3f}')
X, y = train[0]
trues = ['t-shirt', 'trouser', 'pullover']
titles = [trues[int(i)] + '\n' + trues[int(j)] for i, j in zip(y, net(X).argmax(axis=1))]
print(titles[0:3])
