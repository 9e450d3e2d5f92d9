# /// scenario
# title = "A denoising autoencoder"
# chapter = "architectures"
# level = 2
# order = 2
# watch = ["clean", "noisy", "rebuilt", "loss"]
# ///
"""Noise is added to the input, and the target is the clean picture. Copying would be punished, so
the network has to learn what the pictures have in common: here, that there is one bar in each.
Look at a row of noisy beside the same row of rebuilt, at the start and at the end."""
import torch
import torch.nn as nn

# Eight pictures of 4 × 4: a bar in each of the rows, and in each column.
rows = torch.eye(4).view(4, 4, 1).expand(4, 4, 4).reshape(4, 16)
clean = torch.cat([rows, torch.eye(4).repeat(1, 4)])

# 16 → 12 → 4 → 12 → 16: the narrow middle is the code. Without the tanh all layers together would
# be one matrix, as in autoencoder_linear.
torch.manual_seed(0)
encoder = nn.Sequential(nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 4), nn.Tanh())
decoder = nn.Sequential(nn.Linear(4, 12), nn.Tanh(), nn.Linear(12, 16), nn.Sigmoid())
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.02)

# New noise in every round: no picture comes twice, none is learned by heart.
for step in range(121):
    noisy = clean + 0.4 * torch.randn(8, 16)
    rebuilt = decoder(encoder(noisy))
    # Compared with clean. With noisy, the noise would be learned as well.
    loss = ((rebuilt - clean) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(f"step {step:3}: loss {loss.item():.3f}")

# One picture, before and after (points above ½): a speck is gone.
for before, after in zip(noisy[6].view(4, 4) > 0.5, rebuilt[6].view(4, 4) > 0.5):
    print(*["#" if on else "." for on in before], "→", *["#" if on else "." for on in after])
