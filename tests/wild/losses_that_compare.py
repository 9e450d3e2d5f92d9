import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
anchor, positive, negative = (nn.Linear(3, 4) for _ in range(3))
x = torch.randn(5, 3)
sign = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0])
label = torch.tensor([0, 3, 1, 2, 0])
many = torch.tensor([[0, 2, -1, 0]] * 5)
yes = (torch.rand(5, 4) > 0.5).float()
counts = torch.tensor([[0.0, 1.0, 2.0, 5.0]]).expand(5, 4)

losses = {
    "triplet": nn.TripletMarginLoss(margin=1.0, p=2),
    "swap": nn.TripletMarginLoss(margin=0.5, swap=True, reduction="sum"),
}
for name, loss_fn in losses.items():
    loss = loss_fn(anchor(x), positive(x), negative(x))
    loss.backward()
    print(name, loss.item(), loss_fn)
pairs = {
    "cosine": nn.CosineEmbeddingLoss(margin=0.1),
    "hinge": None,
}
loss = pairs["cosine"](anchor(x), positive(x), sign)
loss.backward()
print(loss, pairs["cosine"])
loss = nn.MarginRankingLoss(margin=0.2)(anchor(x)[:, 0], positive(x)[:, 0], sign)
loss.backward()
print(loss)
loss = nn.HingeEmbeddingLoss()(F.pairwise_distance(anchor(x), positive(x)), sign)
loss.backward()
print(loss)
for fn, target in [
    (nn.SoftMarginLoss(), yes * 2 - 1), (nn.MultiMarginLoss(), label), (nn.MultiMarginLoss(p=2, margin=0.5), label),
    (nn.MultiLabelMarginLoss(), many), (nn.MultiLabelSoftMarginLoss(), yes), (nn.PoissonNLLLoss(), counts),
    (nn.PoissonNLLLoss(log_input=True, full=True), counts), (nn.SmoothL1Loss(beta=0.5), yes), (nn.HuberLoss(delta=0.3), yes),
]:
    loss = fn(anchor(x), target)
    loss.backward()
    print(fn, loss)
gauss = nn.GaussianNLLLoss(full=True)
loss = gauss(anchor(x), positive(x), F.softplus(negative(x)))
loss.backward()
print(gauss, loss)
print(anchor.weight.grad.norm(), negative.bias.grad)
