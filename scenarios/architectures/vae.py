# /// scenario
# title = "VAE: the reparameterisation trick"
# chapter = "architectures"
# level = 3
# order = 3
# watch = ["mu", "log_var", "eps", "z", "X_hat", "kl", "loss"]
# ///
"""In a variational autoencoder the encoder answers with a distribution (mean and variance), and
the decoder gets a sample of it. Nobody can differentiate a die; so it is thrown outside:
z = μ + σ·ε. The loss is −ELBO: E_q[log p(x|z)] wants good copies, KL codes like N(0, 1)."""
import torch
import torch.nn as nn

# The points of autoencoder_linear: spread along the diagonal.
X = torch.tensor([[2.0, 1.0], [1.0, 2.0], [-1.0, -2.0], [-2.0, -1.0]])

# A seed makes weights and noise the same on every run.
torch.manual_seed(1)
encoder = nn.Linear(2, 2)
decoder = nn.Linear(1, 2)
parameters = [*encoder.parameters(), *decoder.parameters()]
optimizer = torch.optim.Adam(parameters, lr=0.05)

# Fresh noise in every round: the loss jumps, and is right on average.
for step in range(101):
    optimizer.zero_grad()
    # log σ² and not σ: any number is allowed, and σ stays positive.
    h = encoder(X)
    mu, log_var = h[:, :1], h[:, 1:]
    sigma = torch.exp(0.5 * log_var)

    # The trick: eps is a constant of the graph, ∂z/∂μ = 1 and ∂z/∂σ = ε.
    eps = torch.randn(4, 1)
    z = mu + sigma * eps
    X_hat = decoder(z)

    # −E_q[log p(x|z)] of a Gaussian: half the squared distance.
    reconstruction = 0.5 * ((X_hat - X) ** 2).sum(dim=1).mean()

    # KL of N(μ, σ²) from N(0, 1). If it wins, μ = 0 and σ = 1 for every point, and the decoder
    # ignores the code ("posterior collapse").
    kl = -0.5 * (1 + log_var - mu**2 - torch.exp(log_var)).sum(dim=1).mean()

    # −ELBO. A factor before kl ("β-VAE") sets which of the two matters more.
    loss = reconstruction + kl
    loss.backward()
    if step % 25 == 0:
        print(f"step {step:3}: reconstruction {reconstruction.item():.2f}, KL {kl.item():.2f}")
    # Both networks learn at once: the encoder's gradient came through z.
    optimizer.step()

# New points from the decoder alone. They lie along the diagonal, as the data do.
with torch.no_grad():
    sample = decoder(torch.tensor([[-1.0], [0.0], [1.0]]))
print("decoded −1, 0, 1:", [[round(v, 1) for v in row] for row in sample.tolist()])
