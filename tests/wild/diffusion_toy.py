"""A denoising diffusion model on points of a spiral."""
import math
import torch
from torch import nn
import torch.nn.functional as F
from tqdm.auto import tqdm


def extract(a, t, x_shape):
    batch_size = t.shape[0]
    out = a.gather(-1, t.cpu())
    return out.reshape(batch_size, *((1,) * (len(x_shape) - 1))).to(t.device)


def linear_beta_schedule(timesteps):
    beta_start, beta_end = 0.0001, 0.02
    return torch.linspace(beta_start, beta_end, timesteps)


def cosine_beta_schedule(timesteps, s=0.008):
    steps = timesteps + 1
    x = torch.linspace(0, timesteps, steps)
    alphas_cumprod = torch.cos(((x / timesteps) + s) / (1 + s) * torch.pi * 0.5) ** 2
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    betas = 1 - (alphas_cumprod[1:] / alphas_cumprod[:-1])
    return torch.clip(betas, 0.0001, 0.9999)


class SinusoidalPositionEmbeddings(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        half_dim = self.dim // 2
        embeddings = math.log(10000) / (half_dim - 1)
        embeddings = torch.exp(torch.arange(half_dim, device=time.device) * -embeddings)
        embeddings = time[:, None] * embeddings[None, :]
        return torch.cat((embeddings.sin(), embeddings.cos()), dim=-1)


class Block(nn.Module):
    def __init__(self, d, time_dim):
        super().__init__()
        self.lin, self.time, self.norm, self.act = nn.Linear(d, d), nn.Linear(time_dim, 2 * d), nn.LayerNorm(d), nn.SiLU()

    def forward(self, x, t):
        scale, shift = self.time(t).chunk(2, dim=-1)
        return x + self.act(self.norm(self.lin(x)) * (scale + 1) + shift)


class Denoiser(nn.Module):
    def __init__(self, d=16, time_dim=8):
        super().__init__()
        self.time_mlp = nn.Sequential(SinusoidalPositionEmbeddings(time_dim), nn.Linear(time_dim, time_dim), nn.GELU())
        self.inp = nn.Linear(2, d)
        self.blocks = nn.ModuleList([Block(d, time_dim) for _ in range(2)])
        self.out = nn.Linear(d, 2)

    def forward(self, x, t):
        t, x = self.time_mlp(t), self.inp(x)
        for b in self.blocks:
            x = b(x, t)
        return self.out(x)


timesteps = 20
betas = cosine_beta_schedule(timesteps)
alphas = 1. - betas
alphas_cumprod = torch.cumprod(alphas, axis=0)
alphas_cumprod_prev = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
sqrt_recip_alphas = torch.sqrt(1.0 / alphas)
sqrt_alphas_cumprod = torch.sqrt(alphas_cumprod)
sqrt_one_minus = torch.sqrt(1. - alphas_cumprod)
posterior_variance = betas * (1. - alphas_cumprod_prev) / (1. - alphas_cumprod)
print(linear_beta_schedule(3), betas[:3], posterior_variance[-1])


def q_sample(x_start, t, noise=None):
    if noise is None:
        noise = torch.randn_like(x_start)
    return extract(sqrt_alphas_cumprod, t, x_start.shape) * x_start + extract(sqrt_one_minus, t, x_start.shape) * noise


def p_losses(model, x_start, t, loss_type="huber"):
    noise = torch.randn_like(x_start)
    predicted = model(q_sample(x_start, t, noise), t)
    if loss_type == 'l1':
        return F.l1_loss(noise, predicted)
    elif loss_type == 'l2':
        return F.mse_loss(noise, predicted)
    elif loss_type == "huber":
        return F.smooth_l1_loss(noise, predicted)
    raise NotImplementedError()


@torch.no_grad()
def p_sample(model, x, t, t_index):
    betas_t = extract(betas, t, x.shape)
    mean = extract(sqrt_recip_alphas, t, x.shape) * (x - betas_t * model(x, t) / extract(sqrt_one_minus, t, x.shape))
    if t_index == 0:
        return mean
    return mean + torch.sqrt(extract(posterior_variance, t, x.shape)) * torch.randn_like(x)


torch.manual_seed(0)
theta = torch.sqrt(torch.rand(64)) * 3 * math.pi
data = torch.stack([theta * theta.cos(), theta * theta.sin()], dim=1) / 9
model = Denoiser()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in tqdm(range(6)):
    batch = data[torch.randint(0, 64, (16,))]
    t = torch.randint(0, timesteps, (16,)).long()
    loss = p_losses(model, batch, t, loss_type=["huber", "l1", "l2"][step % 3])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("Loss:", round(loss.item(), 4))
img = torch.randn(4, 2)
for i in reversed(range(0, timesteps)):
    img = p_sample(model, img, torch.full((4,), i, dtype=torch.long), i)
print(img)
