"""Sequence models: a noisy sine, an MLP on windows of it, predictions of one step and of many."""
import torch
from torch import nn
import matplotlib.pyplot as plt

torch.manual_seed(0)
T = 40
time = torch.arange(1, T + 1, dtype=torch.float32)
x = torch.sin(0.1 * time) + torch.normal(0, 0.2, (T,))
plt.plot(time, x)
tau = 4
features = torch.zeros((T - tau, tau))
for i in range(tau):
    features[:, i] = x[i: T - tau + i]
labels = x[tau:].reshape((-1, 1))
batch_size, n_train = 8, 24
dataset = torch.utils.data.TensorDataset(features[:n_train], labels[:n_train])
train_iter = torch.utils.data.DataLoader(dataset, batch_size, shuffle=True)


def init_weights(m):
    if type(m) == nn.Linear:
        nn.init.xavier_uniform_(m.weight)


def get_net():
    net = nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 1))
    net.apply(init_weights)
    return net


loss = nn.MSELoss(reduction='none')


def evaluate_loss(net, data_iter, loss):
    losses = [(loss(net(X), y).sum().item(), y.numel()) for X, y in data_iter]
    return sum(l for l, _ in losses) / sum(n for _, n in losses)


def train(net, train_iter, loss, epochs, lr):
    trainer = torch.optim.Adam(net.parameters(), lr)
    for epoch in range(epochs):
        for X, y in train_iter:
            trainer.zero_grad()
            l = loss(net(X), y)
            l.sum().backward()
            trainer.step()
        print(f'epoch {epoch + 1}, loss: {evaluate_loss(net, train_iter, loss):f}')


net = get_net()
train(net, train_iter, loss, 2, 0.01)
onestep_preds = net(features)
print(onestep_preds[:3].detach().numpy().round(3))
multistep_preds = torch.zeros(T)
multistep_preds[: n_train + tau] = x[: n_train + tau]
for i in range(n_train + tau, T):
    multistep_preds[i] = net(multistep_preds[i - tau:i].reshape((1, -1)))
print(multistep_preds[-3:].detach())
plt.plot([d.detach().numpy() for d in (x, multistep_preds)])
