"""The rows of the surface that are Python's and NumPy's: modules and builtins; see surface.py."""

from __future__ import annotations

from backprop_tui.scenario import surface_numpy

MATH = """
sqrt(x) -- the square root
exp(x) -- eˣ
log(x, base=e) -- the logarithm
log2(x) -- the logarithm to base 2
log10(x) -- the logarithm to base 10
log1p(x) -- log(1 + x), exact for small x
expm1(x) -- eˣ − 1, exact for small x
sin(x) -- the sine
cos(x) -- the cosine
tan(x) -- the tangent
asin(x) -- the inverse sine
acos(x) -- the inverse cosine
atan(x) -- the inverse tangent
atan2(y, x) -- the angle of a point
sinh(x) -- the hyperbolic sine
cosh(x) -- the hyperbolic cosine
tanh(x) -- the hyperbolic tangent
floor(x) -- rounded down
ceil(x) -- rounded up
fabs(x) -- |x|
pow(x, y) -- x to a power
hypot(*coordinates) -- the length of a vector
erf(x) -- the error function
fsum(seq) -- an exact sum
prod(iterable) -- the product
isnan(x) -- whether it is not a number
isinf(x) -- whether it is infinite
isfinite(x) -- whether it is finite
isclose(a, b, rel_tol=1e-09, abs_tol=0.0) -- whether two numbers are nearly the same
isqrt(n) -- the whole square root
dist(p, q) -- how far apart two points are
degrees(x) -- an angle in degrees
radians(x) -- an angle in radians
trunc(x) -- without what follows the point
copysign(x, y) -- x with the sign of y
gcd(*integers) -- the greatest common divisor
factorial(n) -- 1 · 2 · … · n
comb(n, k) -- how many choices of k from n
pi -- 3.14159…
e -- 2.71828…
tau -- 2π
inf -- infinity
nan -- not a number
"""

RANDOM = """
seed(a) -- make the numbers that follow the same in every run
random() -- uniform in [0, 1)
uniform(a, b) -- uniform between a and b
gauss(mu=0.0, sigma=1.0) -- normal
randint(a, b) -- a whole number from a to b, both included
randrange(start, stop=None, step=1) -- a number of a range
choice(seq) -- one element
shuffle(x) -- a list brought into random order
choices(population, weights=None, k=1) -- k elements, again and again from all
sample(population, k) -- k different elements
"""

NUMPY = """
array(object, dtype=None) -- an array with these values
asarray(a, dtype=None) -- the same values as an array
zeros(shape, dtype=float) -- all zeros
ones(shape, dtype=float) -- all ones
arange(start=0, stop, step=1) -- start, start + step, … below stop
linspace(start, stop, num=50) -- so many values, evenly spaced
sqrt(x) -- the square root
exp(x) -- eˣ
log(x) -- the natural logarithm
sin(x) -- the sine
cos(x) -- the cosine
tanh(x) -- the hyperbolic tangent
abs(x) -- |x|
maximum(x1, x2) -- the larger, element by element
minimum(x1, x2) -- the smaller, element by element
sum(a, axis=None) -- the sum
mean(a, axis=None) -- the mean
std(a, axis=None) -- the standard deviation
max(a, axis=None) -- the largest
min(a, axis=None) -- the smallest
argmax(a, axis=None) -- where the largest is
dot(a, b) -- the product of vectors or matrices
matmul(x1, x2) -- x1 @ x2
allclose(a, b) -- whether all elements are nearly the same
ndarray -- the class of arrays
float32 -- the dtype of numbers with 7 digits
float64 -- the dtype of numbers with 16 digits, NumPy's default
int32 -- the dtype of smaller whole numbers
uint8 -- the dtype of bytes
int64 -- the dtype of whole numbers
pi -- 3.14159…
e -- 2.71828…
inf -- infinity
nan -- not a number
"""

NUMPY_RANDOM = """
seed(seed) -- make the numbers that follow the same in every run
rand(*shape) -- uniform in [0, 1)
randn(*shape) -- standard normal
uniform(low=0.0, high=1.0, size=None) -- uniform between two bounds
normal(loc=0.0, scale=1.0, size=None) -- normal with this mean and deviation
randint(low, high=None, size=None) -- whole numbers in [low, high)
random(size=None) -- uniform in [0, 1)
standard_normal(size=None) -- standard normal
choice(a, size=None, replace=True, p=None) -- elements drawn
permutation(x) -- 0 … x − 1, or the rows of an array, in random order
shuffle(x) -- a list or an array brought into random order
"""

NUMPY_LINALG = """
norm(x, ord=None, axis=None) -- the length of a vector
inv(a) -- the inverse matrix
det(a) -- the determinant
solve(a, b) -- x with a @ x = b
pinv(a) -- the pseudo-inverse
matrix_rank(A) -- the rank
"""

BUILTINS = """
print(*values, sep=' ', end='\\n') -- write values as text
range(start=0, stop, step=1) -- whole numbers
len(x) -- how many elements
enumerate(iterable, start=0) -- (number, element) pairs
zip(*iterables) -- elements side by side
sum(iterable, start=0) -- the sum
min(*values, key=None, default=None) -- the smallest
max(*values, key=None, default=None) -- the largest
abs(x) -- |x|
round(x, ndigits=None) -- rounded to the nearest, half to even
pow(base, exp, mod=None) -- a power
divmod(x, y) -- quotient and remainder
sorted(iterable, key=None, reverse=False) -- a list in order
reversed(sequence) -- backwards
map(function, *iterables) -- a function of every element
filter(function, iterable) -- the elements for which it is true
any(iterable) -- whether one is true
all(iterable) -- whether all are true
iter(x) -- a way through the elements
next(iterator, default=None) -- the next element
issubclass(cls, classes) -- whether a class is, or comes from, another
ord(c) -- the number of a character
chr(i) -- the character of a number
hex(x) -- a whole number in base 16
bin(x) -- a whole number in base 2
isinstance(x, cls) -- whether x is of this class
callable(x) -- whether x can be called
hasattr(x, name) -- whether x has an attribute of this name
type(x) -- the class of x
repr(x) -- x as Python would write it
super() -- the class above, inside a method
int(x=0) -- a whole number
float(x=0.0) -- a number
bool(x=False) -- True or False
str(x='') -- a text
list(iterable=()) -- a list
tuple(iterable=()) -- a tuple
dict(iterable=(), **values) -- a dictionary
set(iterable=()) -- a set
object() -- the class of everything
Exception(*args) -- any error
ArithmeticError(*args) -- numbers that do not work out
LookupError(*args) -- nothing under an index or a key
ZeroDivisionError(*args) -- a division by 0
OverflowError(*args) -- a number too large
IndexError(*args) -- no element at an index
KeyError(*args) -- nothing under a key
AttributeError(*args) -- no such attribute
NameError(*args) -- no such variable
UnboundLocalError(*args) -- a local variable without a value
TypeError(*args) -- a value of the wrong type
ValueError(*args) -- a wrong value
RuntimeError(*args) -- whatever else goes wrong; most of PyTorch's errors
NotImplementedError(*args) -- a method that a class leaves to others
AssertionError(*args) -- an assert that does not hold
StopIteration(*args) -- the end of an iterator
"""

COPY = """
deepcopy(x) -- a copy of x and of everything in it
copy(x) -- a copy of x that shares what is in it
"""

COLLECTIONS = """
OrderedDict(items=()) -- a dictionary; nn.Sequential takes one to name its modules
defaultdict(default_factory=None) -- a dictionary that makes what is missing
deque(iterable=(), maxlen=None) -- a list that also grows and shrinks at its beginning
namedtuple(typename, field_names, defaults=None) -- a class of tuples whose places have names
Counter(iterable=()) -- a dictionary of how often each element is there
"""

TYPING = """
Any -- an annotation
Callable -- an annotation
Dict -- an annotation
Iterable -- an annotation
Iterator -- an annotation
List -- an annotation
Optional -- an annotation
Sequence -- an annotation
Set -- an annotation
Tuple -- an annotation
Union -- an annotation
"""

TABLES: dict[str, str] = {
    "math": MATH,
    "copy": COPY,
    "collections": COLLECTIONS,
    "typing": TYPING,
    "random": RANDOM,
    "numpy": NUMPY + surface_numpy.MORE,
    "numpy.linalg": NUMPY_LINALG,
    "numpy.random": NUMPY_RANDOM + surface_numpy.RANDOM,
}
