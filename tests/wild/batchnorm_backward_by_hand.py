"""Back-propagation through a small net by hand, held against autograd."""
import torch
import torch.nn.functional as F


def cmp(s, dt, t):
    app = torch.allclose(dt, t.grad, atol=1e-6)
    print(f'{s:15s} | approximate: {str(app):5s}')
    return app


g = torch.Generator().manual_seed(42)
n, n_in, n_hid, n_out = 6, 4, 5, 3
X = torch.randn((n, n_in), generator=g)
Y = torch.randint(0, n_out, (n,), generator=g)
W1 = torch.randn((n_in, n_hid), generator=g) * 0.5
W2 = torch.randn((n_hid, n_out), generator=g) * 0.1
b2 = torch.randn(n_out, generator=g) * 0.1
bngain = torch.randn((1, n_hid), generator=g) * 0.1 + 1.0
bnbias = torch.randn((1, n_hid), generator=g) * 0.1
parameters = [W1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad = True

hprebn = X @ W1
bnmeani = 1/n*hprebn.sum(0, keepdim=True)
bndiff = hprebn - bnmeani
bndiff2 = bndiff**2
bnvar = 1/(n-1)*(bndiff2).sum(0, keepdim=True)
bnvar_inv = (bnvar + 1e-5)**-0.5
bnraw = bndiff * bnvar_inv
hpreact = bngain * bnraw + bnbias
h = torch.tanh(hpreact)
logits = h @ W2 + b2
logit_maxes = logits.max(1, keepdim=True).values
norm_logits = logits - logit_maxes
counts = norm_logits.exp()
counts_sum = counts.sum(1, keepdims=True)
counts_sum_inv = counts_sum**-1
probs = counts * counts_sum_inv
logprobs = probs.log()
loss = -logprobs[range(n), Y].mean()
for t in [logprobs, probs, counts, counts_sum, counts_sum_inv, norm_logits, logit_maxes, logits,
          h, hpreact, bnraw, bnvar_inv, bnvar, bndiff2, bndiff, hprebn, bnmeani]:
    t.retain_grad()
loss.backward()
print(f"{loss.item():.5f}")

dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), Y] = -1.0/n
dprobs = (1.0 / probs) * dlogprobs
dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
dcounts = counts_sum_inv * dprobs
dcounts_sum = (-counts_sum**-2) * dcounts_sum_inv
dcounts += torch.ones_like(counts) * dcounts_sum
dnorm_logits = counts * dcounts
dlogits = dnorm_logits.clone()
dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
dlogits += F.one_hot(logits.max(1).indices, num_classes=logits.shape[1]) * dlogit_maxes
dh = dlogits @ W2.T
dW2 = h.T @ dlogits
db2 = dlogits.sum(0)
dhpreact = (1.0 - h**2) * dh
dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
dbnbias = dhpreact.sum(0, keepdim=True)
dbnraw = bngain * dhpreact
dhprebn = bngain*bnvar_inv/n * (n*dhpreact - dhpreact.sum(0) - n/(n-1)*bnraw*(dhpreact*bnraw).sum(0))
dW1 = X.T @ dhprebn
for s, dt, t in zip("logprobs probs counts logits h hpreact W2 b2 bngain bnbias bnraw hprebn W1".split(),
                    [dlogprobs, dprobs, dcounts, dlogits, dh, dhpreact, dW2, db2, dbngain, dbnbias,
                     dbnraw, dhprebn, dW1],
                    [logprobs, probs, counts, logits, h, hpreact, W2, b2, bngain, bnbias, bnraw,
                     hprebn, W1]):
    cmp(s, dt, t)
