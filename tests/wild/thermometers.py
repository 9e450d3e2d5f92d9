# The first model of a book: Celsius from an unknown thermometer, five ways.
import torch
import torch.optim as optim
import torch.nn as nn
from collections import OrderedDict

torch.set_printoptions(edgeitems=2, linewidth=75)
t_c = [0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0]
t_u = [35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4]
t_c = torch.tensor(t_c)
t_u = torch.tensor(t_u)


def model(t_u, w, b):
    return w * t_u + b


def loss_fn(t_p, t_c):
    squared_diffs = (t_p - t_c)**2
    return squared_diffs.mean()


delta = 0.1
w, b = torch.ones(()), torch.zeros(())
loss_rate_of_change_w = (loss_fn(model(t_u, w + delta, b), t_c) - loss_fn(model(t_u, w - delta, b), t_c)) / (2.0 * delta)
print(loss_fn(model(t_u, w, b), t_c), loss_rate_of_change_w)


def dloss_fn(t_p, t_c):
    return 2 * (t_p - t_c) / t_p.size(0)


def grad_fn(t_u, t_c, t_p, w, b):
    dloss_dtp = dloss_fn(t_p, t_c)
    return torch.stack([(dloss_dtp * t_u).sum(), (dloss_dtp * 1.0).sum()])


def training_loop(n_epochs, learning_rate, params, t_u, t_c, print_params=True):
    for epoch in range(1, n_epochs + 1):
        w, b = params
        t_p = model(t_u, w, b)
        loss = loss_fn(t_p, t_c)
        grad = grad_fn(t_u, t_c, t_p, w, b)
        params = params - learning_rate * grad
        if epoch in {1, 2, 3, 10}:
            print('Epoch %d, Loss %f' % (epoch, float(loss)))
            if print_params:
                print('    Params:', params)
                print('    Grad:  ', grad)
        if not torch.isfinite(loss).all():
            break
    return params


t_un = 0.1 * t_u
training_loop(10, 1e-2, torch.tensor([1.0, 0.0]), t_un, t_c)

n_samples = t_u.shape[0]
n_val = int(0.2 * n_samples)
torch.manual_seed(3)
shuffled_indices = torch.randperm(n_samples)
train_indices, val_indices = shuffled_indices[:-n_val], shuffled_indices[-n_val:]
train_t_un, val_t_un = t_un[train_indices], t_un[val_indices]
train_t_c, val_t_c = t_c[train_indices], t_c[val_indices]


def calc_forward(t_u, t_c, is_train):
    with torch.set_grad_enabled(is_train):
        t_p = model(t_u, *params)
        loss = loss_fn(t_p, t_c)
    return loss


params = torch.tensor([1.0, 0.0], requires_grad=True)
optimizer = optim.SGD([params], lr=1e-2)
for epoch in range(1, 6):
    train_loss = calc_forward(train_t_un, train_t_c, True)
    val_loss = calc_forward(val_t_un, val_t_c, False)
    assert val_loss.requires_grad == False
    optimizer.zero_grad()
    train_loss.backward()
    optimizer.step()
print(f"Training loss {train_loss.item():.4f}, Validation loss {val_loss.item():.4f}", params)

t_c = t_c.unsqueeze(1)
t_un = t_un.unsqueeze(1)
torch.manual_seed(0)
seq_model = nn.Sequential(OrderedDict([
    ('hidden_linear', nn.Linear(1, 8)),
    ('hidden_activation', nn.Tanh()),
    ('output_linear', nn.Linear(8, 1))
]))
print(seq_model, [param.shape for param in seq_model.parameters()])
for name, param in seq_model.named_parameters():
    print(name, param.shape)


class SubclassFunctionalModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden_linear = nn.Linear(1, 14)
        self.output_linear = nn.Linear(14, 1)

    def forward(self, input):
        hidden_t = self.hidden_linear(input)
        activated_t = torch.tanh(hidden_t)
        return self.output_linear(activated_t)


for net in (seq_model, SubclassFunctionalModel()):
    optimizer = optim.Rprop(net.parameters())
    for epoch in range(5):
        loss = nn.MSELoss()(net(t_un), t_c)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(type(net).__name__, f'{loss.item():.4f}')
print('hidden', seq_model.hidden_linear.weight.grad.t())
print('storage', t_un.stride(), t_un.is_contiguous(), t_un.t().is_contiguous(), t_un.data_ptr() == t_un.t().data_ptr())
