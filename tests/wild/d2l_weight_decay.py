import torch
from torch import nn

torch.manual_seed(3)
n_train, n_test, num_inputs, batch_size = 10, 10, 12, 5
true_w, true_b = torch.ones((num_inputs, 1)) * 0.01, 0.05


def load_array(data_arrays, batch_size, is_train=True):
    dataset = torch.utils.data.TensorDataset(*data_arrays)
    return torch.utils.data.DataLoader(dataset, batch_size, shuffle=is_train)


def synthetic(n):
    X = torch.randn(n, num_inputs)
    return X, X @ true_w + true_b + torch.randn(n, 1) * 0.01


train_data, test_data = synthetic(n_train), synthetic(n_test)
train_iter = load_array(train_data, batch_size)
test_iter = load_array(test_data, batch_size, is_train=False)


def init_params():
    w = torch.normal(0, 1, size=(num_inputs, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    return [w, b]


def l2_penalty(w):
    return torch.sum(w.pow(2)) / 2


def evaluate_loss(net, data_iter, loss):
    total, n = 0.0, 0
    for X, y in data_iter:
        l = loss(net(X), y)
        total += l.sum().item()
        n += l.numel()
    return total / n


def train(lambd):
    w, b = init_params()
    net, loss = lambda X: X @ w + b, nn.MSELoss(reduction='none')
    num_epochs, lr = 4, 0.01
    for epoch in range(num_epochs):
        for X, y in train_iter:
            l = (loss(net(X), y) + lambd * l2_penalty(w)).mean()
            l.backward()
            with torch.no_grad():
                for p in [w, b]:
                    p -= lr * p.grad
                    p.grad.zero_()
        if (epoch + 1) % 2 == 0:
            print(epoch + 1, round(evaluate_loss(net, train_iter, loss), 4),
                  round(evaluate_loss(net, test_iter, loss), 4))
    print('L2 norm of w:', torch.norm(w).item())


train(lambd=0)
train(lambd=3)


def train_concise(wd):
    net = nn.Sequential(nn.Linear(num_inputs, 1))
    for param in net.parameters():
        param.data.normal_()
    loss = nn.MSELoss()
    trainer = torch.optim.SGD([
        {'params': net[0].weight, 'weight_decay': wd},
        {'params': net[0].bias}], lr=0.003)
    for epoch in range(2):
        for X, y in train_iter:
            trainer.zero_grad()
            l = loss(net(X), y)
            l.backward()
            trainer.step()
    print('L2 norm:', net[0].weight.norm().item())


train_concise(3)
