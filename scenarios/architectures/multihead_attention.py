# /// scenario
# title = "Multi-head attention: several looks at once"
# chapter = "architectures"
# level = 3
# order = 10
# watch = ["X", "q", "k", "v", "A", "by_hand", "out", "weights", "loss"]
# ///
"""nn.MultiheadAttention divides the features among its heads; each head attends for itself, and
out_proj mixes what they found. By hand it is a view, a softmax and two products. Where nobody asks
for the weights, PyTorch runs all heads in one Node, which computes them again on the way back."""
import torch
from torch import nn

torch.manual_seed(0)

# One sentence of three tokens with four features: (batch, tokens, features).
X = torch.randn(1, 3, 4)
mha = nn.MultiheadAttention(embed_dim=4, num_heads=2, batch_first=True)

# in_proj_weight holds W_q, W_k and W_v, one below the other. Two heads get two features each:
# (batch, heads, tokens, features of a head).
q, k, v = [(X @ W.T).view(1, 3, 2, 2).transpose(1, 2) for W in mha.in_proj_weight.chunk(3)]
A = torch.softmax(q @ k.mT / 2**0.5, dim=-1)
by_hand = (A @ v).transpose(1, 2).reshape(1, 3, 4) @ mha.out_proj.weight.T
print("first head:", A[0, 0])

# The layer does the same, and returns the weights of its heads on average.
out, weights = mha(X, X, X)
print("same output:", torch.allclose(out, by_hand, atol=1e-6))
print("same weights:", torch.allclose(weights, A.mean(dim=1), atol=1e-6))

# In nn.MultiheadAttention True means "must not look"; F.scaled_dot_product_attention has it the
# other way round. The first token is left with itself.
later = torch.ones(3, 3, dtype=torch.bool).triu(diagonal=1)
out, weights = mha(X, X, X, attn_mask=later)
print("causal:", weights[0])

# Without weights: one Node instead of a softmax between two products, and the same numbers.
fast, _ = mha(X, X, X, attn_mask=later, need_weights=False)
print("same without weights:", torch.allclose(fast, out, atol=1e-6))

loss = (fast**2).mean()
loss.backward()
print(f"loss {loss.item():.4f}")
for name, grad in zip("qkv", mha.in_proj_weight.grad.chunk(3)):
    print(f"gradient of W_{name}: {grad.norm().item():.4f}")
