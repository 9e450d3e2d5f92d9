# /// scenario
# title = "Diffusion: learn to say which noise was added"
# chapter = "architectures"
# level = 3
# order = 12
# watch = ["x0", "t", "noise", "x_t", "predicted", "loss"]
# ///
"""Noise is added to the data, a little or a lot, and a network is asked which noise it was. That
is all: the loss is a mean squared error. To know the noise is to know the way back to the data
(the score, −ε/σ), and a sampler then walks that way in many small steps."""
import torch
import torch.nn as nn

# The data: eight points on a circle.
angle = torch.arange(8) * (2 * torch.pi / 8)
x0 = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)

# The point and the time go in, the noise comes out. One network serves all times: it must be
# told how much noise there is.
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 32), nn.SiLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

# Every round draws new times and new noise.
for step in range(101):
    # t in (0, 1): at 0 pure data, at 1 pure noise.
    t = torch.rand(8, 1)

    # √ᾱ shrinks the data, σ scales the noise; ᾱ + σ² = 1 keeps the variance.
    alpha_bar = torch.cos(t * torch.pi / 2) ** 2
    sigma = torch.sqrt(1 - alpha_bar)
    noise = torch.randn(8, 2)
    x_t = torch.sqrt(alpha_bar) * x0 + sigma * noise

    # The gradient reaches the weights only: x_t and t are data.
    predicted = model(torch.cat([x_t, t], dim=1))

    # Denoising score matching. A loss near 1 is that of always answering 0. It cannot reach 0:
    # more than one point can explain the same x_t.
    loss = ((predicted - noise) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        print(f"step {step:3}: loss {loss.item():.2f}")

# Who knows the noise is back at the data in one step.
restored = (x_t - sigma * noise) / torch.sqrt(alpha_bar)
print("restored:", torch.allclose(restored, x0, atol=1e-4))

# The score at (1.5, 0), outside the circle, for a little noise.
with torch.no_grad():
    sigma = torch.sin(torch.tensor(0.3) * torch.pi / 2)
    score = -model(torch.tensor([[1.5, 0.0, 0.3]])) / sigma
print("score points inwards:", score[0, 0].item() < 0)
