"""REINFORCE on a bandit with three arms."""
from collections import Counter

import torch
import torch.nn.functional as F

torch.manual_seed(10)
true_means = torch.tensor([0.1, 0.5, 0.9])
theta = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([theta], lr=0.2)
baseline, pulls = 0.0, Counter()
for episode in range(30):
    probs = F.softmax(theta, dim=0)
    action = torch.multinomial(probs, 1).item()
    reward = torch.bernoulli(true_means[action]).item()
    pulls[action] += 1
    log_prob = torch.log(probs[action])
    loss = -(reward - baseline) * log_prob
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    baseline += 0.1 * (reward - baseline)
print(pulls.most_common(1)[0][0], sum(pulls.values()))
print(F.softmax(theta, 0).detach(), f"{baseline:.3f}")
returns, R = [], 0
for r in reversed([1.0, 0.0, 2.0]):
    R = r + 0.9 * R
    returns.insert(0, R)
returns = torch.tensor(returns)
print((returns - returns.mean()) / (returns.std() + 1e-8))
