# /// scenario
# title = "Six optimizers on one surface, from SGD to AdamW"
# chapter = "training"
# level = 2
# order = 3
# watch = ["w", "loss"]
# ///
"""A long, narrow valley: steep along w[0], nearly flat along w[1]. Six optimizers start at the same
place. Stop at the update steps: what each remembers besides w (momentum_buffer, exp_avg,
square_avg) is shown there, before and after. Memory is all that sets them apart from SGD."""
import torch
import torch.optim as optim

# The same 15 steps for each. A rate that suits one may be wrong for another.
for name, make in [
    ("SGD", lambda w: optim.SGD([w], lr=0.04)),
    ("momentum", lambda w: optim.SGD([w], lr=0.04, momentum=0.8)),
    ("Nesterov", lambda w: optim.SGD([w], lr=0.04, momentum=0.8, nesterov=True)),
    ("RMSprop", lambda w: optim.RMSprop([w], lr=0.04)),
    ("Adam", lambda w: optim.Adam([w], lr=0.2)),
    ("AdamW", lambda w: optim.AdamW([w], lr=0.2, weight_decay=0.1)),
]:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = make(w)
    for step in range(15):
        optimizer.zero_grad()
        # ∂L/∂w = [20·w[0], w[1]]: twenty times steeper in one direction.
        loss = 10 * w[0] ** 2 + 0.5 * w[1] ** 2
        loss.backward()
        # SGD: w −= lr·g. Momentum adds earlier steps; RMSprop divides by the gradient's size;
        # Adam does both; AdamW shrinks w a little besides.
        optimizer.step()
        # First step: SGD's two entries differ as the slopes do; Adam's are equal.
        if step == 0:
            print(f"{name}: first step to {w[0].item():.3f} {w[1].item():.3f}", end=", ")
    print(f"after 15: {w[0].item():.3f} {w[1].item():.3f}, loss {loss.item():.3f}")
