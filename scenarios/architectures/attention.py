# /// scenario
# title = "Attention: one head, three tokens"
# chapter = "architectures"
# level = 3
# order = 9
# watch = ["X", "Q", "K", "V", "scores", "A", "out", "loss"]
# ///
"""Each token asks a question (Q), offers a key (K) and holds a value (V). How well question and
key fit decides how much of the value is taken over: softmax(Q Kᵀ / √d) V. Look at the rows of A,
which sum to 1, and at how their gradients sum to 0 behind the softmax."""
import torch

# Three tokens with two features each: in a transformer, embedded words.
X = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])

# Three matrices are learned: what to look for, be found by, and hand over.
W_q = torch.tensor([[1.0, 0.0], [0.0, 2.0]], requires_grad=True)
W_k = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
W_v = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
Q, K, V = X @ W_q, X @ W_k, X @ W_v

# scores[i, j]: how much token i wants of token j. Without / √d they grow with d, softmax picks
# one token alone, and its gradient vanishes.
scores = Q @ K.T / 2**0.5
scores.retain_grad()

# Each row becomes a distribution over the tokens. The classic slip: dim=0 runs just as well, and
# learns nothing sensible.
A = torch.softmax(scores, dim=-1)
A.retain_grad()
print("A:", A)

# Each output is a mixture of all values. Nothing says which token came first: position has to be
# added to X. The loss looks at one output alone: the last one should be (1, 2).
out = A @ V
loss = ((out[2] - torch.tensor([1.0, 2.0])) ** 2).sum()
loss.backward()
print("out:", out)
print(f"loss {loss.item():.4f}")

# Softmax backward: a · (ḡ − Σ a·ḡ). More for one token is less for others.
a, g = A[2].detach(), A.grad[2]
print("by hand:", a * (g - (a * g).sum()))
print("scores.grad[2]:", scores.grad[2])

# A language model must not look ahead: −∞ before softmax is 0 behind it.
future = torch.tensor([[False, True, True], [False, False, True], [False, False, False]])
print("causal:", torch.softmax(scores.masked_fill(future, -torch.inf), dim=-1))
