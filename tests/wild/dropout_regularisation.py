import torch
from torch import nn

torch.manual_seed(2)
x = torch.linspace(-2, 2, 24)[:, None]
y = torch.sin(2 * x) + 0.3 * torch.randn(x.shape)


def train(p, l1=0.0, epochs=15):
    torch.manual_seed(5)
    net = nn.Sequential(nn.Linear(1, 12), nn.ReLU(), nn.Dropout(p), nn.Linear(12, 1))
    opt = torch.optim.Adagrad(net.parameters(), lr=0.1)
    for epoch in range(epochs):
        net.train()
        loss = nn.functional.mse_loss(net(x), y)
        penalty = sum(w.abs().sum() for w in net.parameters())
        opt.zero_grad()
        (loss + l1 * penalty).backward()
        opt.step()
    net.eval()
    with torch.inference_mode():
        return net, nn.functional.mse_loss(net(x), y).item()


for p in (0.0, 0.2, 0.5):
    net, final = train(p)
    print(f"p={p}: {final:.4f}")
net, final = train(0.0, l1=0.01)
print(f"l1: {final:.4f}, {sum((w.abs() < 1e-2).sum().item() for w in net.parameters())} small weights")
net.train()
preds = torch.stack([net(x[:2]).detach() for _ in range(5)])
print(preds.mean(0).shape, preds.std(0).squeeze().tolist() == [0.0, 0.0])
