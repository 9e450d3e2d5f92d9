import torch
from torch import nn, optim

torch.manual_seed(0)
x = torch.randn(16, 2)
y = (x[:, :1] * 2 - x[:, 1:]).tanh()

def make(name, model):
    p = model.parameters()
    if name == 'nadam': return optim.NAdam(p, lr=0.01)
    if name == 'radam': return optim.RAdam(p, lr=0.05)
    if name == 'adamax': return optim.Adamax(p, lr=0.05)
    if name == 'adadelta': return optim.Adadelta(p)
    if name == 'asgd': return optim.ASGD(p, lr=0.1, t0=2)
    if name == 'rprop': return optim.Rprop(p)
    return optim.SGD(p, lr=0.1)

for name in ['nadam', 'radam', 'adamax', 'adadelta', 'asgd', 'rprop']:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    opt = make(name, model)
    for _ in range(8):
        loss = nn.functional.mse_loss(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(name, loss.item(), sorted(opt.state[model[0].weight]))
    print(opt)
