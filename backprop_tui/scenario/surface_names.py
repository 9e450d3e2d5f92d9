"""The rows of the surface that stand behind ``torch.`` and its namespaces; see surface.py."""

from __future__ import annotations

from backprop_tui.scenario import surface_layers, surface_tensors, surface_training

TORCH = """
tensor(data, dtype=None, device=None, requires_grad=False) -- a tensor with these values
from_numpy(array) -- a tensor that shares its memory with a NumPy array
as_tensor(data, dtype=None) -- the same values as a tensor, shared where possible
zeros(*size, dtype=None, requires_grad=False) -- all zeros
ones(*size, dtype=None, requires_grad=False) -- all ones
full(size, fill_value, dtype=None, requires_grad=False) -- all the same value
empty(*size, dtype=None, requires_grad=False) -- room for values, to be filled
empty_like(input) -- room for values, in the shape of another tensor
eye(n, m=None) -- the identity matrix
arange(start=0, end, step=1, dtype=None, requires_grad=False) -- start, start + step, … below end
linspace(start, end, steps) -- so many values, evenly spaced, both ends included
zeros_like(input) -- zeros in the shape of another tensor
ones_like(input) -- ones in the shape of another tensor
full_like(input, fill_value) -- one value in the shape of another tensor
manual_seed(seed) -- make the random numbers that follow the same in every run
rand(*size, dtype=None, requires_grad=False) -- uniform in [0, 1)
randn(*size, dtype=None, requires_grad=False) -- standard normal
rand_like(input) -- uniform, in the shape of another tensor
randn_like(input) -- standard normal, in the shape of another tensor
randint(low=0, high, size) -- whole numbers in [low, high)
randperm(n) -- 0 … n − 1 in random order
bernoulli(input) -- 0 or 1, drawn with these probabilities
multinomial(input, num_samples, replacement=False) -- indices drawn with these weights
normal(mean, std, size) -- normal with this mean and deviation
Generator() -- a random number generator of its own
add(input, other, alpha=1) -- input + alpha · other
sub(input, other, alpha=1) -- input − alpha · other
mul(input, other) -- element by element
div(input, other) -- element by element
neg(input) -- −x
subtract(input, other, alpha=1) -- the same as sub
multiply(input, other) -- the same as mul
divide(input, other) -- the same as div
pow(input, exponent) -- x to a power
square(input) -- x²
abs(input) -- |x|
sign(input) -- −1, 0 or 1
exp(input) -- eˣ
log(input) -- the natural logarithm
log2(input) -- the logarithm to base 2
log10(input) -- the logarithm to base 10
log1p(input) -- log(1 + x), exact for small x
sqrt(input) -- the square root
rsqrt(input) -- 1 / √x
reciprocal(input) -- 1 / x
floor_divide(input, other) -- the quotient, rounded down
remainder(input, other) -- what division leaves
sin(input) -- the sine
cos(input) -- the cosine
tan(input) -- the tangent
atan(input) -- the inverse tangent
asin(input) -- the inverse sine
acos(input) -- the inverse cosine
sinh(input) -- the hyperbolic sine
cosh(input) -- the hyperbolic cosine
expm1(input) -- eˣ − 1, exact for small x
tril(input, diagonal=0) -- the lower triangle of a matrix
triu(input, diagonal=0) -- the upper triangle of a matrix
erf(input) -- the error function
sigmoid(input) -- 1 / (1 + e⁻ˣ)
tanh(input) -- the hyperbolic tangent
relu(input) -- max(0, x)
softmax(input, dim) -- eˣ, divided by its sum along dim
log_softmax(input, dim) -- the logarithm of softmax
logsumexp(input, dim, keepdim=False) -- log Σ eˣ
clamp(input, min=None, max=None) -- values kept within bounds
clip(input, min=None, max=None) -- the same as clamp
maximum(input, other) -- the larger, element by element
minimum(input, other) -- the smaller, element by element
where(condition, input, other) -- one or the other, element by element
floor(input) -- rounded down
ceil(input) -- rounded up
trunc(input) -- without what follows the point
round(input, decimals=0) -- rounded to the nearest, half to even
sum(input, dim=None, keepdim=False) -- the sum
mean(input, dim=None, keepdim=False) -- the mean
prod(input, dim=None, keepdim=False) -- the product
var(input, dim=None, unbiased=True, keepdim=False) -- the variance
std(input, dim=None, unbiased=True, keepdim=False) -- the standard deviation
max(input, dim=None, keepdim=False) -- the largest; along a dim also where
min(input, dim=None, keepdim=False) -- the smallest; along a dim also where
amax(input, dim, keepdim=False) -- the largest, its gradient shared between equal ones
amin(input, dim, keepdim=False) -- the smallest, its gradient shared between equal ones
argmax(input, dim=None, keepdim=False) -- where the largest is
argmin(input, dim=None, keepdim=False) -- where the smallest is
topk(input, k, dim=-1) -- the k largest and where they are
sort(input, dim=-1, descending=False) -- in order, and where each came from
argsort(input, dim=-1, descending=False) -- where each would come from in order
cumsum(input, dim) -- running sums
count_nonzero(input, dim=None) -- how many are not 0
norm(input, p=2, dim=None) -- the length of a vector
dot(input, other) -- the scalar product of two vectors
mv(input, vec) -- matrix times vector
mm(input, mat2) -- matrix times matrix
bmm(input, mat2) -- a batch of matrices times a batch of matrices
addmm(input, mat1, mat2) -- input + mat1 @ mat2
matmul(input, other) -- x @ y
einsum(equation, *operands) -- products and sums by the letters of dimensions
outer(input, vec2) -- every product of two vectors' elements
t(input) -- the transposed matrix
transpose(input, dim0, dim1) -- two dimensions exchanged
permute(input, dims) -- all dimensions in another order
movedim(input, source, destination) -- a dimension moved to another place
swapaxes(input, axis0, axis1) -- the same as transpose
reshape(input, shape) -- the same elements in another shape
flatten(input, start_dim=0, end_dim=-1) -- several dimensions made one
unflatten(input, dim, sizes) -- one dimension made several
ravel(input) -- in one dimension
squeeze(input, dim=None) -- without dimensions of size 1
unsqueeze(input, dim) -- with a new dimension of size 1
repeat_interleave(input, repeats, dim=None) -- every slice several times
diagonal(input, offset=0, dim1=0, dim2=1) -- the diagonal of matrices
broadcast_to(input, size) -- repeated without taking memory
tile(input, dims) -- copies side by side
flip(input, dims) -- turned around
stack(tensors, dim=0) -- side by side along a new dimension
cat(tensors, dim=0) -- one after the other along a dimension
concat(tensors, dim=0) -- the same as cat
hstack(tensors) -- side by side
vstack(tensors) -- one below the other
chunk(input, chunks, dim=0) -- cut into so many parts
split(tensor, split_size, dim=0) -- cut into parts of this size
unbind(input, dim=0) -- all slices along a dimension
narrow(input, dim, start, length) -- a stretch along a dimension
select(input, dim, index) -- one slice along a dimension
gather(input, dim, index) -- elements picked by index
index_select(input, dim, index) -- slices picked by index
masked_select(input, mask) -- the elements where mask is true
masked_fill(input, mask, value) -- with a value where mask is true
eq(input, other) -- x == y, element by element
ne(input, other) -- x != y, element by element
gt(input, other) -- x > y, element by element
ge(input, other) -- x >= y, element by element
lt(input, other) -- x < y, element by element
le(input, other) -- x <= y, element by element
logical_and(input, other) -- both, element by element
logical_or(input, other) -- one of both, element by element
logical_not(input) -- the opposite, element by element
equal(input, other) -- whether shape and all elements are the same
allclose(input, other, rtol=1e-05, atol=1e-08) -- whether all elements are nearly the same
isclose(input, other, rtol=1e-05, atol=1e-08) -- nearly the same, element by element
isnan(input) -- which elements are not a number
isinf(input) -- which elements are infinite
isfinite(input) -- which elements are finite
all(input, dim=None) -- whether all are true
any(input, dim=None) -- whether one is true
is_tensor(obj) -- whether it is a tensor
numel(input) -- how many elements
is_floating_point(input) -- whether its numbers have a point
clone(input) -- a copy, inside the graph
detach(input) -- the same values, outside the graph
no_grad() -- with this, no graph is recorded
enable_grad() -- with this, the graph is recorded again
set_grad_enabled(mode) -- with this, the graph is recorded or not
is_grad_enabled() -- whether the graph is being recorded
inference_mode() -- like no_grad()
set_default_dtype(d) -- what numbers with a point become from now on
set_printoptions(precision=None, linewidth=None, sci_mode=None) -- how tensors are printed
device(type) -- where a tensor lives
Tensor(data) -- the class of tensors; as a call, float32 values
FloatTensor(data) -- float32 values
DoubleTensor(data) -- float64 values
LongTensor(data) -- int64 values
Size(sizes) -- the class of shapes
float32 -- the dtype of numbers with 7 digits, PyTorch's default
float -- the same as float32
float64 -- the dtype of numbers with 16 digits
double -- the same as float64
int64 -- the dtype of whole numbers
long -- the same as int64
int32 -- the dtype of smaller whole numbers
int -- the same as int32
bool -- the dtype of True and False
pi -- 3.14159…
e -- 2.71828…
inf -- infinity
nan -- not a number
"""

CUDA = """
is_available() -- whether a GPU can be used
device_count() -- how many GPUs there are
manual_seed(seed) -- the seed of a GPU's random numbers
manual_seed_all(seed) -- the seed of all GPUs' random numbers
"""

ACCELERATOR = """
is_available() -- whether a GPU can be used
current_accelerator() -- which one; None
device_count() -- how many there are
"""

BACKENDS_MPS = """
is_available() -- whether Apple's GPU can be used
"""

AUTOGRAD = """
grad(outputs, inputs, grad_outputs=None, retain_graph=None) -- gradients as values, not in .grad
"""

NN = """
Module() -- the base class of your own networks
Parameter(data, requires_grad=True) -- a tensor that a Module counts among its parameters
Sequential(*modules) -- one module after the other
ModuleList(modules=None) -- a list of modules
ModuleDict(modules=None) -- modules by name
ParameterList(values=None) -- a list of parameters
Identity() -- its input
Upsample(size=None, scale_factor=None, mode='nearest') -- larger, by nearest neighbours
Flatten(start_dim=1, end_dim=-1) -- several dimensions made one
Linear(in_features, out_features, bias=True) -- x Wᵀ + b
Embedding(num_embeddings, embedding_dim) -- rows picked by index
Conv1d(in_channels, out_channels, kernel_size, stride=1, padding=0) -- a kernel along a row
Conv2d(in_channels, out_channels, kernel_size, stride=1, padding=0) -- a kernel over an image
ConvTranspose1d(in_channels, out_channels, kernel_size, stride=1) -- kernels laid along a row
ConvTranspose2d(in_channels, out_channels, kernel_size, stride=1) -- kernels laid into an image
MaxPool1d(kernel_size, stride=None, padding=0) -- the largest of each window of a row
MaxPool2d(kernel_size, stride=None, padding=0) -- the largest of each window of an image
AvgPool1d(kernel_size, stride=None, padding=0) -- the mean of each window of a row
AvgPool2d(kernel_size, stride=None, padding=0) -- the mean of each window of an image
AdaptiveAvgPool1d(output_size) -- the means of so many parts of a row
AdaptiveAvgPool2d(output_size) -- the means of so many parts of an image
AdaptiveMaxPool1d(output_size) -- the largest of so many parts of a row
AdaptiveMaxPool2d(output_size) -- the largest of so many parts of an image
BatchNorm1d(num_features, eps=1e-05, momentum=0.1) -- mean 0, variance 1 over the batch
BatchNorm2d(num_features, eps=1e-05, momentum=0.1) -- the same for images, channel by channel
LayerNorm(normalized_shape, eps=1e-05) -- mean 0, variance 1 over the last dimensions
GroupNorm(num_groups, num_channels, eps=1e-05) -- mean 0, variance 1 over groups of channels
RNNCell(input_size, hidden_size, bias=True, nonlinearity='tanh') -- one step of a recurrent net
LSTMCell(input_size, hidden_size, bias=True) -- one step with a memory; returns (h, c)
GRUCell(input_size, hidden_size, bias=True) -- one step with a reset and an update gate
RNN(input_size, hidden_size, num_layers=1, batch_first=False) -- steps over a whole sequence
GRU(input_size, hidden_size, num_layers=1, batch_first=False) -- GRU cells over a sequence
Sigmoid() -- 1 / (1 + e⁻ˣ)
Tanh() -- the hyperbolic tangent
ReLU() -- max(0, x)
LeakyReLU(negative_slope=0.01) -- x, and a small slope below 0
ELU(alpha=1.0) -- x, and alpha · (eˣ − 1) below 0
GELU() -- x · Φ(x)
SiLU() -- x · sigmoid(x)
Softplus() -- log(1 + eˣ)
Softmax(dim=None) -- eˣ, divided by its sum along dim
LogSoftmax(dim=None) -- the logarithm of Softmax
SELU() -- an elu that keeps mean 0 and variance 1
CELU(alpha=1.0) -- x, and alpha · (e^(x/alpha) − 1) below 0
ReLU6() -- a relu that ends at 6
Hardtanh(min_val=-1.0, max_val=1.0) -- a straight line, cut off on both sides
Hardsigmoid() -- a sigmoid of three straight lines
Hardswish() -- x · hardsigmoid(x)
Mish() -- x · tanh(softplus(x))
PReLU(num_parameters=1, init=0.25) -- a leaky relu whose slope is learned
GLU(dim=-1) -- one half times the sigmoid of the other
Hardshrink(lambd=0.5) -- x, and 0 where |x| ≤ lambd
Softshrink(lambd=0.5) -- x moved by lambd towards 0
Threshold(threshold, value) -- x above the threshold, value elsewhere
Softsign() -- x / (1 + |x|)
Tanhshrink() -- x − tanh(x)
Softmin(dim=None) -- the softmax of −x
LogSigmoid() -- the logarithm of Sigmoid
Dropout(p=0.5) -- while training, each element is dropped with this probability
"""

FUNCTIONAL = """
interpolate(input, size=None, scale_factor=None, mode='nearest') -- another size, by neighbours
hardsigmoid(input, inplace=False) -- a sigmoid of three straight lines
hardswish(input, inplace=False) -- x · hardsigmoid(x)
mish(input, inplace=False) -- x · tanh(softplus(x))
celu(input, alpha=1.0, inplace=False) -- x, and alpha · (e^(x/alpha) − 1) below 0
hardshrink(input, lambd=0.5) -- x, and 0 where |x| ≤ lambd
softshrink(input, lambd=0.5) -- x moved by lambd towards 0
threshold(input, threshold, value) -- x above the threshold, value elsewhere
glu(input, dim=-1) -- one half times the sigmoid of the other
prelu(input, weight) -- x, and weight · x below 0
linear(input, weight, bias=None) -- x Wᵀ + b
conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -- a kernel along a row
conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -- over an image
conv_transpose1d(input, weight, bias=None, stride=1, padding=0) -- kernels laid along a row
conv_transpose2d(input, weight, bias=None, stride=1, padding=0) -- kernels laid into an image
pad(input, pad, mode='constant', value=0) -- more numbers around a tensor
max_pool1d(input, kernel_size, stride=None, padding=0) -- the largest of each window of a row
max_pool2d(input, kernel_size, stride=None, padding=0) -- the largest of each window of an image
avg_pool1d(input, kernel_size, stride=None, padding=0) -- the mean of each window of a row
avg_pool2d(input, kernel_size, stride=None, padding=0) -- the mean of each window of an image
adaptive_avg_pool1d(input, output_size) -- the means of so many parts of a row
adaptive_avg_pool2d(input, output_size) -- the means of so many parts of an image
adaptive_max_pool1d(input, output_size) -- the largest of so many parts of a row
adaptive_max_pool2d(input, output_size) -- the largest of so many parts of an image
batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False) -- over a batch
layer_norm(input, normalized_shape, weight=None, bias=None) -- over the last dimensions
group_norm(input, num_groups, weight=None, bias=None) -- over groups of channels
relu(input) -- max(0, x)
leaky_relu(input, negative_slope=0.01) -- x, and a small slope below 0
elu(input, alpha=1.0) -- x, and alpha · (eˣ − 1) below 0
selu(input) -- ELU, scaled so that activations normalise themselves
relu6(input) -- between 0 and 6
hardtanh(input, min_val=-1.0, max_val=1.0) -- kept within bounds
gelu(input) -- x · Φ(x)
silu(input) -- x · sigmoid(x)
softplus(input) -- log(1 + eˣ)
sigmoid(input) -- 1 / (1 + e⁻ˣ)
logsigmoid(input) -- its logarithm
tanh(input) -- the hyperbolic tangent
softmax(input, dim) -- eˣ, divided by its sum along dim
softmin(input, dim) -- softmax of −x
log_softmax(input, dim) -- the logarithm of softmax
one_hot(tensor, num_classes=-1) -- a 1 at the class number
dropout(input, p=0.5, training=True) -- each element is dropped with this probability
embedding(input, weight) -- rows picked by index
softsign(input) -- x / (1 + |x|)
tanhshrink(input) -- x − tanh(x)
normalize(input, p=2.0, dim=1) -- divided by its length
"""

TABLES: dict[str, str] = {
    "torch": TORCH + surface_tensors.TORCH,
    "torch.linalg": surface_tensors.LINALG,
    "torch.special": surface_tensors.SPECIAL,
    "torch.random": surface_tensors.RANDOM,
    "torch.nn.utils.rnn": surface_tensors.RNN,
    "torch.autograd": AUTOGRAD,
    "torch.cuda": CUDA,
    "torch.accelerator": ACCELERATOR,
    "torch.backends": "",
    "torch.backends.mps": BACKENDS_MPS,
    "torch.nn": NN + surface_layers.NN + surface_training.LOSSES,
    "torch.nn.functional": FUNCTIONAL
    + surface_layers.FUNCTIONAL
    + surface_training.LOSS_FUNCTIONS
    + surface_tensors.FUNCTIONAL,
    **surface_training.TABLES,
}
