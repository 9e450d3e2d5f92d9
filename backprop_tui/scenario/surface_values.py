"""The rows of the surface for values of Python's and NumPy's own; see surface_members.py."""

from __future__ import annotations

LIST = """
append(x) -- one more element at the end
extend(iterable) -- several more
insert(i, x) -- one more, before position i
pop(i=-1) -- take one away and return it
remove(x) -- take the first x away
clear() -- take all away
index(x) -- where x is
count(x) -- how often x is there
sort(key=None, reverse=False) -- bring into order
reverse() -- turn around
copy() -- a copy
"""

TUPLE = """
index(x) -- where x is
count(x) -- how often x is there
"""

DICT = """
keys() -- the keys
values() -- the values
items() -- (key, value) pairs
get(key, default=None) -- the value, or a default
pop(key, default) -- take one away and return it
setdefault(key, default=None) -- the value, set to a default if missing
update(other) -- take over another dictionary's values
copy() -- a copy
clear() -- take all away
"""

SET = """
add(x) -- one more element
discard(x) -- one less
remove(x) -- one less, which must be there
union(other) -- in either
intersection(other) -- in both
difference(other) -- in this one only
issubset(other) -- whether all are in the other
copy() -- a copy
"""

STR = """
format(*args, **kwargs) -- the text with values put in, by plain names and numbers only
join(iterable) -- texts joined by this one
split(sep=None, maxsplit=-1) -- cut at white space or at sep
splitlines() -- cut at line ends
strip(chars=None) -- without white space around
lstrip(chars=None) -- without white space before
rstrip(chars=None) -- without white space after
upper() -- in capitals
lower() -- in small letters
title() -- with a capital in every word
capitalize() -- with a capital at the start
replace(old, new) -- with something else in place of old
startswith(prefix) -- whether it begins so
endswith(suffix) -- whether it ends so
find(sub) -- where sub is, or −1
index(sub) -- where sub is
count(sub) -- how often sub is there
ljust(width, fillchar=' ') -- padded on the right
rjust(width, fillchar=' ') -- padded on the left
center(width, fillchar=' ') -- padded on both sides
zfill(width) -- padded with zeros
isalnum() -- whether all are letters or digits
isupper() -- whether all letters are capitals
islower() -- whether all letters are small
isspace() -- whether all are white space
swapcase() -- capitals small, and the other way round
rfind(sub) -- where sub is last, or −1
rsplit(sep=None, maxsplit=-1) -- cut from the right
partition(sep) -- what is before sep, sep, and what is after
removeprefix(prefix) -- without a beginning
removesuffix(suffix) -- without an end
isdigit() -- whether all are digits
isalpha() -- whether all are letters
"""

NDARRAY = """
shape -- the size of each dimension
dtype -- the type of its elements
ndim -- how many dimensions
size -- how many elements
T -- the transposed matrix
sum(axis=None, keepdims=False) -- the sum
mean(axis=None, keepdims=False) -- the mean
std(axis=None, keepdims=False) -- the standard deviation
var(axis=None, keepdims=False) -- the variance
max(axis=None, keepdims=False) -- the largest
min(axis=None, keepdims=False) -- the smallest
prod(axis=None) -- the product
any(axis=None) -- whether one is true
all(axis=None) -- whether all are true
argmax(axis=None) -- where the largest is
argmin(axis=None) -- where the smallest is
cumsum(axis=None) -- running sums
argsort(axis=-1) -- where each would come from in order
squeeze(axis=None) -- without dimensions of size 1
ravel() -- in one dimension
transpose(*axes) -- dimensions in another order
reshape(*shape) -- the same elements in another shape
flatten() -- in one dimension
astype(dtype) -- with another dtype
copy() -- a copy
round(decimals=0) -- rounded to the nearest, half to even
tolist() -- the values as Python lists
item() -- the one value as a Python number
dot(b) -- the product of vectors or matrices
"""

DEQUE = """
append(x) -- one more element at the end
appendleft(x) -- one more element at the beginning
extend(iterable) -- several more at the end
extendleft(iterable) -- several more at the beginning, one after the other
pop() -- take the last away and return it
popleft() -- take the first away and return it
remove(x) -- take the first x away
clear() -- take all away
rotate(n=1) -- what is at the end comes to the beginning
reverse() -- turn around
index(x) -- where x is
count(x) -- how often x is there
copy() -- a copy
maxlen -- how long it can be; then what comes in on one side pushes out on the other
"""
