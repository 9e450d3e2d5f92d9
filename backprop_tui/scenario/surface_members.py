"""The rows of the surface that follow a value and a dot, by the kind of value; see surface.py."""

from __future__ import annotations

from backprop_tui.scenario import surface_layers, surface_tensors
from backprop_tui.scenario.surface_values import DEQUE, DICT, LIST, NDARRAY, SET, STR, TUPLE

TENSOR = """
= data -- the values, without any part in the graph
= grad -- the gradient of a leaf after backward(); None before
grad_fn -- the graph's Node that made it; None for a leaf
is_leaf -- whether it was made directly, not computed from what requires grad
= requires_grad -- whether gradients are wanted
retains_grad -- whether a non-leaf keeps its gradient
output_nr -- which output of its grad_fn it is
shape -- the size of each dimension
dtype -- the type of its elements
device -- where it lives
ndim -- how many dimensions
is_cuda -- whether it lives on a GPU
T -- the transposed matrix
mT -- its matrices transposed
backward(gradient=None, retain_graph=None) -- compute gradients of this value for all leaves
retain_grad() -- keep the gradient of a non-leaf in .grad
requires_grad_(requires_grad=True) -- want gradients from now on
register_hook(hook) -- call a function with the gradient when it arrives
detach() -- the same values, outside the graph
detach_() -- taken out of the graph itself
clone() -- a copy, inside the graph
item() -- the one value as a Python number
tolist() -- the values as Python lists
numpy() -- the values as a NumPy array
size(dim=None) -- the shape, or one size of it
dim() -- how many dimensions
ndimension() -- how many dimensions
stride() -- how far apart in memory neighbours lie
numel() -- how many elements
nelement() -- how many elements
element_size() -- bytes of one element
type(dtype=None) -- the name of its type, or a copy in another one
to(target) -- a copy with another dtype or device
cpu() -- in the computer's own memory
cuda() -- on a GPU, where there is one
float() -- as float32
double() -- as float64
long() -- as int64
int() -- as int32
bool() -- as bool
half() -- as float16
short() -- as int16
type_as(other) -- with the dtype of another tensor
is_floating_point() -- whether its numbers have a point
is_contiguous() -- whether its elements lie in order in memory
contiguous() -- with its elements in order in memory
data_ptr() -- the address of its memory
add(other, alpha=1) -- self + alpha · other
sub(other, alpha=1) -- self − alpha · other
mul(other) -- element by element
div(other) -- element by element
neg() -- −x
subtract(other, alpha=1) -- the same as sub
multiply(other) -- the same as mul
divide(other) -- the same as div
floor_divide(other) -- the quotient, rounded down
remainder(other) -- what division leaves
pow(exponent) -- x to a power
square() -- x²
abs() -- |x|
sign() -- −1, 0 or 1
exp() -- eˣ
log() -- the natural logarithm
log2() -- the logarithm to base 2
log10() -- the logarithm to base 10
log1p() -- log(1 + x)
sqrt() -- the square root
rsqrt() -- 1 / √x
reciprocal() -- 1 / x
sin() -- the sine
cos() -- the cosine
tan() -- the tangent
atan() -- the inverse tangent
erf() -- the error function
asin() -- the inverse sine
acos() -- the inverse cosine
sinh() -- the hyperbolic sine
cosh() -- the hyperbolic cosine
expm1() -- eˣ − 1
tril(diagonal=0) -- the lower triangle of a matrix
triu(diagonal=0) -- the upper triangle of a matrix
sigmoid() -- 1 / (1 + e⁻ˣ)
tanh() -- the hyperbolic tangent
relu() -- max(0, x)
softmax(dim) -- eˣ, divided by its sum along dim
log_softmax(dim) -- the logarithm of softmax
logsumexp(dim, keepdim=False) -- log Σ eˣ
clamp(min=None, max=None) -- values kept within bounds
clip(min=None, max=None) -- the same as clamp
clamp_min(min) -- values below min raised to it
clamp_max(max) -- values above max lowered to it
maximum(other) -- the larger, element by element
minimum(other) -- the smaller, element by element
where(condition, other) -- itself where true, other elsewhere
masked_fill(mask, value) -- with a value where mask is true
floor() -- rounded down
ceil() -- rounded up
trunc() -- without what follows the point
round(decimals=0) -- rounded to the nearest
sum(dim=None, keepdim=False) -- the sum
mean(dim=None, keepdim=False) -- the mean
prod(dim=None, keepdim=False) -- the product
var(dim=None, unbiased=True, keepdim=False) -- the variance
std(dim=None, unbiased=True, keepdim=False) -- the standard deviation
max(dim=None, keepdim=False) -- the largest; along a dim also where
min(dim=None, keepdim=False) -- the smallest; along a dim also where
amax(dim, keepdim=False) -- the largest, its gradient shared between equal ones
amin(dim, keepdim=False) -- the smallest, its gradient shared between equal ones
argmax(dim=None, keepdim=False) -- where the largest is
argmin(dim=None, keepdim=False) -- where the smallest is
topk(k, dim=-1) -- the k largest and where they are
sort(dim=-1, descending=False) -- in order, and where each came from
argsort(dim=-1, descending=False) -- where each would come from in order
cumsum(dim) -- running sums
count_nonzero(dim=None) -- how many are not 0
norm(p=2, dim=None) -- its length
all(dim=None) -- whether all are true
any(dim=None) -- whether one is true
dot(other) -- the scalar product
mv(vec) -- matrix times vector
mm(mat2) -- matrix times matrix
bmm(mat2) -- a batch of matrix products
addmm(mat1, mat2) -- self + mat1 @ mat2
matmul(other) -- x @ y
outer(vec2) -- every product of two vectors' elements
t() -- the transposed matrix
transpose(dim0, dim1) -- two dimensions exchanged
permute(*dims) -- all dimensions in another order
movedim(source, destination) -- a dimension moved to another place
swapaxes(axis0, axis1) -- the same as transpose
view(*shape) -- the same elements in another shape, sharing memory
view_as(other) -- in the shape of another tensor
reshape(*shape) -- the same elements in another shape
reshape_as(other) -- in the shape of another tensor
ravel() -- in one dimension
unflatten(dim, sizes) -- one dimension made several
flatten(start_dim=0, end_dim=-1) -- several dimensions made one
squeeze(dim=None) -- without dimensions of size 1
unsqueeze(dim) -- with a new dimension of size 1
expand(*sizes) -- repeated without taking memory
expand_as(other) -- in the shape of another tensor
repeat(*sizes) -- copies side by side
repeat_interleave(repeats, dim=None) -- every slice several times
diagonal(offset=0, dim1=0, dim2=1) -- the diagonal of matrices
tile(*dims) -- copies side by side
flip(*dims) -- turned around
chunk(chunks, dim=0) -- cut into so many parts
split(split_size, dim=0) -- cut into parts of this size
unbind(dim=0) -- all slices along a dimension
narrow(dim, start, length) -- a stretch along a dimension
select(dim, index) -- one slice along a dimension
gather(dim, index) -- elements picked by index
index_select(dim, index) -- slices picked by index
masked_select(mask) -- the elements where mask is true
eq(other) -- x == y, element by element
ne(other) -- x != y, element by element
gt(other) -- x > y, element by element
ge(other) -- x >= y, element by element
lt(other) -- x < y, element by element
le(other) -- x <= y, element by element
equal(other) -- whether shape and all elements are the same
allclose(other, rtol=1e-05, atol=1e-08) -- whether all elements are nearly the same
isnan() -- which elements are not a number
isinf() -- which elements are infinite
isfinite() -- which elements are finite
isclose(other, rtol=1e-05, atol=1e-08) -- nearly the same, element by element
logical_and(other) -- both, element by element
logical_or(other) -- one of both, element by element
logical_not() -- the opposite, element by element
add_(other, alpha=1) -- add in place
sub_(other, alpha=1) -- subtract in place
mul_(other) -- multiply in place
div_(other) -- divide in place
pow_(exponent) -- to a power, in place
neg_() -- −x, in place
abs_() -- |x|, in place
exp_() -- eˣ, in place
log_() -- the logarithm, in place
sqrt_() -- the square root, in place
round_() -- rounded, in place
floor_() -- rounded down, in place
ceil_() -- rounded up, in place
sigmoid_() -- 1 / (1 + e⁻ˣ), in place
tanh_() -- the hyperbolic tangent, in place
relu_() -- max(0, x), in place
masked_fill_(mask, value) -- a value where mask is true, in place
clamp_(min=None, max=None) -- keep within bounds, in place
zero_() -- fill with 0, in place
fill_(value) -- fill with a value, in place
copy_(src) -- take over another tensor's values, in place
multinomial(num_samples, replacement=False) -- indices drawn with these weights
uniform_(a=0.0, b=1.0) -- fill with uniform random numbers
normal_(mean=0.0, std=1.0) -- fill with normal random numbers
new_zeros(size) -- zeros of the same dtype
new_ones(size) -- ones of the same dtype
new_full(size, fill_value) -- one value, of the same dtype
new_tensor(data) -- values of the same dtype
"""

MODULE = """
= training -- True after train(), False after eval()
= weight -- the weights
= bias -- the bias
in_features -- how many inputs
out_features -- how many outputs
p -- the probability of Dropout
in_channels -- how many channels a convolution takes
out_channels -- how many channels it makes
kernel_size -- the size of its kernel, or of a window
stride -- how far apart its places lie
padding -- how much is added around
running_mean -- the mean that a BatchNorm uses after eval()
running_var -- the variance that it uses
num_batches_tracked -- how many batches it has seen
num_features -- how many channels it takes
= momentum -- how fast its running statistics follow
eps -- what is added to a variance
weight_ih -- a cell's weights of its input
weight_hh -- a cell's weights of its state
bias_ih -- a cell's bias beside its input
bias_hh -- a cell's bias beside its state
weight_ih_l0 -- the same of an RNN's first layer
weight_hh_l0 -- the same of an RNN's first layer
bias_ih_l0 -- the same of an RNN's first layer
bias_hh_l0 -- the same of an RNN's first layer
input_size -- how many numbers a step takes
hidden_size -- how many numbers its state has
forward(*input) -- what the module computes
parameters() -- all parameters
named_parameters() -- (name, parameter) pairs
buffers() -- all buffers
named_buffers() -- (name, buffer) pairs
children() -- the modules directly inside
named_children() -- (name, module) pairs
modules() -- itself and all modules inside
named_modules() -- (name, module) pairs
state_dict() -- all parameters and buffers by name
load_state_dict(state_dict) -- take over values by name
zero_grad(set_to_none=True) -- clear all gradients
train(mode=True) -- behave as in training
eval() -- behave as in use
requires_grad_(requires_grad=True) -- want gradients of all parameters, or not
reset_parameters() -- new start values
apply(fn) -- call a function with every module inside
to(target) -- all parameters with another dtype or device
float() -- all parameters as float32
double() -- all parameters as float64
cpu() -- in the computer's own memory
cuda() -- on a GPU, where there is one
register_buffer(name, tensor) -- a tensor that belongs to the state, without gradient
register_parameter(name, param) -- a parameter under this name
add_module(name, module) -- a module under this name
reset_running_stats() -- the running statistics of a BatchNorm as they begin
update_parameters(model) -- of an AveragedModel: the model taken into the average
module -- … what it averages
n_averaged -- … how often
append(module) -- one more module in a list
extend(modules) -- several more modules in a list
keys() -- the names of a ModuleDict
values() -- the modules of a ModuleDict
items() -- the (name, module) pairs of a ModuleDict
"""

OPTIMIZER = """
param_groups -- a list of dictionaries: parameters, lr and the rest
state -- what the optimizer remembers of each parameter
defaults -- the hyper-parameters of a group that says nothing else
zero_grad(set_to_none=True) -- clear the gradients of all its parameters
step() -- change every parameter by its gradient
state_dict() -- the optimizer's state
load_state_dict(state_dict) -- take over a state
add_param_group(param_group) -- more parameters
"""

SCHEDULER = """
step(metrics) -- set the rate for the next round; ReduceLROnPlateau wants a measure
get_last_lr() -- the rates in use
get_lr() -- the rates of this round, computed from those in use
last_epoch -- the number of the round
base_lrs -- the rates it began with
optimizer -- whose rates it sets
best -- the best measure so far, of ReduceLROnPlateau
num_bad_epochs -- how many rounds brought nothing better
state_dict() -- what it knows
load_state_dict(state_dict) -- take over what another knows
"""

TABLES: dict[str, str] = {
    "Tensor": TENSOR + surface_tensors.TENSOR,
    "Node": """
name() -- PyTorch's name of the node
next_functions -- where its gradients go: (Node, index) pairs
variable -- the leaf of an AccumulateGrad node
""",
    "Size": TUPLE + "numel() -- the product of all sizes\n",
    "ReturnType": TUPLE
    + "values -- the values\nindices -- where they were\n"
    + surface_tensors.RETURNED,
    "Module": MODULE + surface_layers.MODULE,
    "Optimizer": OPTIMIZER,
    "LRScheduler": SCHEDULER,
    "DataLoader": """
dataset -- what it takes batches from
batch_size -- how many rows a batch has
sampler -- in which order it takes them
batch_sampler -- … and how many at a time
drop_last -- whether a smaller last batch is left out
""",
    "Sampler": """
data_source -- the dataset, of a SequentialSampler or RandomSampler
num_samples -- how many rows it takes
weights -- of a WeightedRandomSampler
""",
    "Dataset": """
tensors -- the tensors of a TensorDataset
dataset -- the whole, of a Subset
indices -- the rows, of a Subset
datasets -- what a ConcatDataset, StackDataset or ChainDataset is made of
cumulative_sizes -- where each dataset of a ConcatDataset ends
""",
    "Generator": """
manual_seed(seed) -- make its numbers the same in every run
initial_seed() -- the seed
""",
    "RemovableHandle": """
remove() -- take the hook away
""",
    "dtype": """
is_floating_point -- whether its numbers have a point
""",
    "device": """
type -- "cpu" or "cuda"
index -- its number, None for the one in use
""",
    "ndarray": NDARRAY,
    "str": STR,
    "list": LIST,
    "tuple": TUPLE,
    "dict": DICT,
    "namedtuple": TUPLE,
    "deque": DEQUE,
    "Counter": DICT
    + """
most_common(n=None) -- the n most frequent (element, count) pairs
total() -- the sum of all counts
""",
    "set": SET,
    "int": """
bit_length() -- how many binary digits
""",
    "float": """
is_integer() -- whether it is whole
""",
}

MODULE_RESERVED = """
T_destination add_module append apply bfloat16 buffers call_super_init children compile cpu cuda
double dump_patches eval extend extra_repr float forward get_buffer get_extra_state get_parameter
get_submodule half insert ipu items keys load_state_dict modules mtia named_buffers named_children
named_modules named_parameters parameters pop register_backward_hook register_buffer
register_forward_hook register_forward_pre_hook register_full_backward_hook
register_full_backward_pre_hook register_load_state_dict_post_hook
register_load_state_dict_pre_hook register_module register_parameter
register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
set_submodule share_memory state_dict to to_empty train type update values xpu zero_grad
"""

PRIVATE_RESERVED = """
_affine _all_weights _apply _backward_hooks _backward_pre_hooks _buffers _call_impl
_check_input_dim _check_name _check_padding _compiled_call_impl _conv_forward
_fill_padding_idx_with_zero _first_states _flat_weight_refs _flat_weights _flat_weights_names
_forget _forward_hooks _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks
_forward_pre_hooks_with_kwargs _get_abs_string_index _get_backward_hooks _get_backward_pre_hooks
_get_item_by_idx _get_name _init_flat_weights _is_full_backward_hook _is_protocol _layer
_load_from_state_dict _load_state_dict_post_hooks _load_state_dict_pre_hooks
_maybe_warn_non_full_backward_hook _modules _named _named_members _names
_non_persistent_buffers_set _output_padding _parameters _part _qkv_same_embed_dim
_register_load_state_dict_pre_hook _register_state_dict_hook _replicate_for_data_parallel
_reset_parameters _reversed_padding_repeated_twice _save_to_state_dict _size _sizes _slow_forward
_state _state_dict_hooks _state_dict_pre_hooks _update_flat_weights _version _weights_have_changed
_wrapped_call_impl
"""
