"""The rows of the surface for training: losses, optimizers, schedulers, data; see surface.py."""

from __future__ import annotations

LOSSES = """
MSELoss(reduction='mean') -- the mean of (ŷ − y)²
L1Loss(reduction='mean') -- the mean of |ŷ − y|
SmoothL1Loss(reduction='mean') -- squared near 0, absolute beyond
HuberLoss(reduction='mean', delta=1.0) -- squared near 0, absolute beyond
BCELoss(reduction='mean') -- binary cross-entropy of probabilities
BCEWithLogitsLoss(reduction='mean') -- binary cross-entropy of scores
CrossEntropyLoss(weight=None, reduction='mean') -- cross-entropy of scores and class numbers
NLLLoss(weight=None, reduction='mean') -- the same, of log-probabilities
KLDivLoss(reduction='mean') -- the Kullback–Leibler divergence
HingeEmbeddingLoss(margin=1.0) -- the hinge loss
MarginRankingLoss(margin=0.0) -- which of two should be larger
CosineEmbeddingLoss(margin=0.0) -- whether two vectors should point the same way
TripletMarginLoss(margin=1.0, p=2.0, eps=1e-06, swap=False) -- nearer to one than to another
TripletMarginWithDistanceLoss(distance_function=None, margin=1.0) -- with a distance of your own
SoftMarginLoss(reduction='mean') -- the logistic loss, of targets −1 and 1
MultiMarginLoss(p=1, margin=1.0, weight=None) -- wrong scores a margin below the true one
MultiLabelMarginLoss(reduction='mean') -- wrong scores 1 below each true one
MultiLabelSoftMarginLoss(weight=None) -- binary cross-entropy of many classes at once
PoissonNLLLoss(log_input=True, full=False) -- of a rate and a count
GaussianNLLLoss(full=False, eps=1e-06) -- of a mean and a variance
"""

LOSS_FUNCTIONS = """
mse_loss(input, target, reduction='mean') -- the mean of (ŷ − y)²
l1_loss(input, target, reduction='mean') -- the mean of |ŷ − y|
smooth_l1_loss(input, target, reduction='mean') -- squared near 0, absolute beyond
huber_loss(input, target, reduction='mean', delta=1.0) -- squared near 0, absolute beyond
hinge_embedding_loss(input, target, margin=1.0) -- the hinge loss
margin_ranking_loss(input1, input2, target, margin=0) -- which of two should be larger
cosine_embedding_loss(input1, input2, target, margin=0) -- whether they should point the same way
triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2) -- nearer to one than to another
triplet_margin_with_distance_loss(anchor, positive, negative, margin=1.0) -- a distance of your own
pairwise_distance(x1, x2, p=2.0, eps=1e-06, keepdim=False) -- the length of each difference
soft_margin_loss(input, target, reduction='mean') -- the logistic loss, of targets −1 and 1
multi_margin_loss(input, target, p=1, margin=1.0) -- wrong scores a margin below the true one
multilabel_margin_loss(input, target, reduction='mean') -- wrong scores 1 below each true one
multilabel_soft_margin_loss(input, target, weight=None) -- many classes at once
poisson_nll_loss(input, target, log_input=True, full=False) -- of a rate and a count
gaussian_nll_loss(input, target, var, full=False, eps=1e-06) -- of a mean and a variance
binary_cross_entropy(input, target, reduction='mean') -- of probabilities
binary_cross_entropy_with_logits(input, target, reduction='mean') -- of scores
cross_entropy(input, target, weight=None, reduction='mean') -- of scores and class numbers
nll_loss(input, target, weight=None, reduction='mean') -- of log-probabilities
kl_div(input, target, reduction='mean') -- the Kullback–Leibler divergence
"""

INIT = """
uniform_(tensor, a=0.0, b=1.0) -- uniform in [a, b)
normal_(tensor, mean=0.0, std=1.0) -- normal
constant_(tensor, val) -- all the same value
zeros_(tensor) -- all zeros
ones_(tensor) -- all ones
eye_(tensor) -- the identity matrix
trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0) -- normal, drawn again outside [a, b]
orthogonal_(tensor, gain=1) -- rows or columns at right angles
sparse_(tensor, sparsity, std=0.01) -- normal, so many of each column 0
dirac_(tensor, groups=1) -- a convolution that passes its input on
xavier_uniform_(tensor, gain=1.0) -- Glorot's uniform start
xavier_normal_(tensor, gain=1.0) -- Glorot's normal start
kaiming_uniform_(tensor, a=0, mode='fan_in', nonlinearity='leaky_relu') -- He's uniform start
kaiming_normal_(tensor, a=0, mode='fan_in', nonlinearity='leaky_relu') -- He's normal start
calculate_gain(nonlinearity, param=None) -- the gain that suits an activation
"""

UTILS = """
clip_grad_norm_(parameters, max_norm) -- gradients shortened together to a length
clip_grad_value_(parameters, clip_value) -- each gradient kept within bounds
parameters_to_vector(parameters) -- all parameters in one vector
vector_to_parameters(vec, parameters) -- … and back
"""

OPTIM = """
SGD(params, lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False) -- gradient descent
Adam(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0) -- steps scaled by moments
AdamW(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01) -- decay kept apart
RMSprop(params, lr=0.01, alpha=0.99, eps=1e-08, momentum=0) -- steps scaled by recent gradients
Adagrad(params, lr=0.01) -- steps scaled by all gradients so far
NAdam(params, lr=0.002, betas=(0.9, 0.999), momentum_decay=0.004) -- Adam that looks ahead
RAdam(params, lr=0.001, betas=(0.9, 0.999)) -- Adam that holds back in its first steps
Adamax(params, lr=0.002, betas=(0.9, 0.999)) -- Adam scaled by the largest gradients
Adadelta(params, lr=1.0, rho=0.9, eps=1e-06) -- steps in the units of the parameter
ASGD(params, lr=0.01, lambd=0.0001, alpha=0.75, t0=1000000.0) -- with an average of all places
Rprop(params, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-06, 50)) -- by the sign of gradients
"""

SCHEDULERS = """
StepLR(optimizer, step_size, gamma=0.1) -- the rate falls every step_size rounds
MultiStepLR(optimizer, milestones, gamma=0.1) -- the rate falls at these rounds
ExponentialLR(optimizer, gamma) -- the rate falls every round
CosineAnnealingLR(optimizer, T_max, eta_min=0.0) -- the rate falls along a cosine
LinearLR(optimizer, start_factor=0.333, end_factor=1.0, total_iters=5) -- warm-up along a line
ConstantLR(optimizer, factor=0.333, total_iters=5) -- the rate is smaller at first
PolynomialLR(optimizer, total_iters=5, power=1.0) -- the rate falls to 0
MultiplicativeLR(optimizer, lr_lambda) -- the rate is multiplied by a function of yours
CyclicLR(optimizer, base_lr, max_lr, step_size_up=2000) -- the rate goes up and down
CosineAnnealingWarmRestarts(optimizer, T_0, T_mult=1, eta_min=0.0) -- cosines, one after the other
SequentialLR(optimizer, schedulers, milestones) -- one scheduler after the other
ChainedScheduler(schedulers) -- several schedulers at once
LRScheduler(optimizer) -- the class of schedulers
OneCycleLR(optimizer, max_lr, total_steps=None, epochs=None) -- the rate rises once and falls
ReduceLROnPlateau(optimizer, mode='min', factor=0.1, patience=10) -- falls where nothing improves
LambdaLR(optimizer, lr_lambda) -- the rate follows a function of yours
"""

AVERAGES = """
AveragedModel(model, avg_fn=None, multi_avg_fn=None, use_buffers=False) -- a model's average
SWALR(optimizer, swa_lr, anneal_epochs=10) -- the rate goes to swa_lr and stays there
update_bn(loader, model) -- running statistics made anew
get_ema_avg_fn(decay=0.999) -- an exponential average, of one parameter
get_ema_multi_avg_fn(decay=0.999) -- … of all at once
get_swa_avg_fn() -- the mean so far, of one parameter
get_swa_multi_avg_fn() -- … of all at once
"""

DATA = """
Dataset() -- the base class of your own data: __len__ and __getitem__
TensorDataset(*tensors) -- rows of tensors of the same length
DataLoader(dataset, batch_size=1, shuffle=False, sampler=None, drop_last=False) -- batches
Subset(dataset, indices) -- some of the rows
random_split(dataset, lengths, generator=None) -- rows divided at random
IterableDataset() -- the base class of data that comes one after the other: __iter__
ConcatDataset(datasets) -- the rows of several datasets, one dataset after the other
StackDataset(*datasets) -- the rows of several datasets side by side
ChainDataset(datasets) -- several iterable datasets, one after the other
Sampler() -- the base class of your own orders: __iter__
SequentialSampler(data_source) -- rows in order
RandomSampler(data_source, replacement=False, num_samples=None) -- rows at random
SubsetRandomSampler(indices, generator=None) -- some rows at random
WeightedRandomSampler(weights, num_samples, replacement=True) -- rows drawn with weights
BatchSampler(sampler, batch_size, drop_last) -- rows so many at a time
default_collate(batch) -- rows made one batch
default_convert(data) -- arrays made tensors
get_worker_info() -- None: there is one process
"""

TABLES: dict[str, str] = {
    "torch.nn.init": INIT,
    "torch.nn.utils": UTILS,
    "torch.optim": OPTIM,
    "torch.optim.lr_scheduler": SCHEDULERS,
    "torch.optim.swa_utils": AVERAGES,
    "torch.utils": "",
    "torch.utils.data": DATA,
}
