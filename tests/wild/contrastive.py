"""SimCLR on vectors: two views, the NT-Xent loss in the style of a university's notebook."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from copy import deepcopy


class ContrastiveTransformations(object):
    def __init__(self, base_transforms, n_views=2):
        self.base_transforms = base_transforms
        self.n_views = n_views

    def __call__(self, x):
        return [self.base_transforms(x) for i in range(self.n_views)]


def jitter(x):
    return x + 0.1 * torch.randn_like(x)


class SimCLR(nn.Module):
    def __init__(self, hidden_dim, lr, temperature, weight_decay, max_epochs=500):
        super().__init__()
        self.hparams_ = dict(lr=lr, temperature=temperature, weight_decay=weight_decay, max_epochs=max_epochs)
        assert temperature > 0.0, 'The temperature must be a positive float!'
        self.convnet = nn.Sequential(nn.Linear(5, 4 * hidden_dim), nn.ReLU(inplace=True), nn.Linear(4 * hidden_dim, hidden_dim))

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams_['lr'], weight_decay=self.hparams_['weight_decay'])
        lr_scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, T_max=self.hparams_['max_epochs'], eta_min=self.hparams_['lr'] / 50)
        return [optimizer], [lr_scheduler]

    def info_nce_loss(self, batch, mode='train'):
        imgs, _ = batch
        imgs = torch.cat(imgs, dim=0)
        feats = self.convnet(imgs)
        cos_sim = F.cosine_similarity(feats[:, None, :], feats[None, :, :], dim=-1)
        self_mask = torch.eye(cos_sim.shape[0], dtype=torch.bool, device=cos_sim.device)
        cos_sim.masked_fill_(self_mask, -9e15)
        pos_mask = self_mask.roll(shifts=cos_sim.shape[0] // 2, dims=0)
        cos_sim = cos_sim / self.hparams_['temperature']
        nll = -cos_sim[pos_mask] + torch.logsumexp(cos_sim, dim=-1)
        nll = nll.mean()
        comb_sim = torch.cat([cos_sim[pos_mask][:, None], cos_sim.masked_fill(pos_mask, -9e15)], dim=-1)
        sim_argsort = comb_sim.argsort(dim=-1, descending=True).argmin(dim=-1)
        self.log = {f'{mode}_acc_top1': (sim_argsort == 0).float().mean().item(),
                    f'{mode}_acc_mean_pos': (1 + sim_argsort.float().mean()).item()}
        return nll


torch.manual_seed(42)
transform = ContrastiveTransformations(jitter)
x = torch.randn(8, 5)
model = SimCLR(hidden_dim=4, lr=5e-3, temperature=0.2, weight_decay=1e-4, max_epochs=6)
(opt,), (sched,) = model.configure_optimizers()
for epoch in range(4):
    loss = model.info_nce_loss((transform(x), None))
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    print(f"{epoch} {loss.item():.4f}", {k: round(v, 3) for k, v in model.log.items()}, f"{sched.get_last_lr()[0]:.5f}")
network = deepcopy(model.convnet)
network[-1] = nn.Identity()
for p in network.parameters():
    p.requires_grad_(False)
head = nn.Linear(16, 2)
logits = head(network(x))
F.cross_entropy(logits, (x[:, 0] > 0).long()).backward()
print([p.grad is None for p in network.parameters()], head.weight.grad.norm())
