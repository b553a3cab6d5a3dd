"""What Python and PyTorch say when an answer raises, and what it means in an exercise."""

import re

ERRORS = {  # a pattern in the error, and the sentence
    "does not require grad": "no gradient arrives: `detach()`, `.item()` or `no_grad` cut off what must learn.",
    "implicitly created only for scalar": "`backward()` needs one number: take the mean of the loss first.",
    "backward through the graph a second time": (
        "`backward()` ran through the same graph a second time: call it once, and not at all in a function that is to "
        "return the loss."
    ),
    "builtin_function_or_method": "a method was named but not called: add the parentheses, as in `.detach()`.",
    "Boolean value of Tensor": "an `if` cannot decide for many places at once: use `torch.where`.",
    "could not infer output dtype": "this is a mean of True and False: call `.float()` first.",
    r"(index|indices) .*(float|\blong|Long)|(int64|long tensor) for index|slice indices|an integer|ints?, not float": (
        "a float stands where a whole number is needed, as an index, a size or a count: divide with `//`, round with "
        "`int(...)`, or call `.long()` on a tensor."
    ),
    "return_types|tuple indices must be": "this function returns values and indices together: take `.values`.",
    "tuple index out of range": (
        "this tuple is shorter: `.sort()`, `.topk(k)` and `.max(dim)` give two tensors, so take `.values` first; "
        "`.shape` has a number for each axis."
    ),
    "'NoneType'|not NoneType": "something is None here: does a function of yours end in `return`?",
    "can't multiply sequence|can only concatenate (list|tuple)|only integer tensors of a single element": (
        "a list or a tuple cannot be computed with, nor can a tensor choose from it: make a list a tensor with "
        "`torch.tensor(...)` first; of `.sort()`, `.topk(k)` or `.max(dim)` take `.values`."
    ),
    "'tuple'|not tuple": (
        "something is a tuple: `torch.autograd.grad` returns one even for a single input, so take its first entry with "
        "`[0]`."
    ),
    "elements of input should be between 0 and 1": (
        "`binary_cross_entropy` and `BCELoss` take probabilities and got logits: `binary_cross_entropy_with_logits` "
        "takes the logits."
    ),
    "[Tt]arget size": "the two inputs of this loss differ in shape: print the `.shape` of both.",
    "within the support": (
        "a distribution refuses these values: `Bernoulli` takes only 0 and 1, and grey levels lie between. "
        "`binary_cross_entropy_with_logits` is the same formula, and takes grey levels too."
    ),
    "to satisfy the constraint": (
        "a distribution refuses one of its parameters: probabilities lie between 0 and 1, a standard deviation is "
        "positive; a logit or the logarithm of a variance has to be converted first."
    ),
    "modified by an inplace operation": (
        "a tensor that the gradient needs was overwritten: write `x = x + y` for `x += y`, and leave out functions "
        "whose names end in `_`."
    ),
    "must match the (existing )?size": (
        "two shapes do not fit: print the `.shape` of both; `x[:, None]` makes (N,) into (N, 1)."
    ),
    "shapes cannot be multiplied": "two shapes do not fit: print the `.shape` of both before you multiply.",
    r"numpy\(\) on Tensor that requires grad": "NumPy knows no gradients: stay with the functions of torch.",
    "cannot be converted to Scalar|only one element tensors": (
        "one number is needed here and a tensor of several came: the functions of `math` take one number, those of "
        "`torch` take tensors."
    ),
    r"positional arguments? but|missing \d+ required positional": (
        "a function is called with too few or too many arguments; your own one keeps those of the stub, in their order."
    ),
    "Dimension out of range|too many indices": "this has fewer axes than the code names: print its `.shape`.",
    "IndexError: .* out of (bounds|range)|k out of range|k not in range": (
        "an index goes beyond the end: take sizes from the arguments, as in `len(x)`, and count from 0."
    ),
    "input is not positive-definite": (
        "`cholesky` needs a matrix whose eigenvalues are all positive: a covariance may have some that are 0, and a "
        "product of covariances is not even symmetric."
    ),
    "KeyError: '(.+)'": "there is no key `{}` in this dictionary: look at the task, which names its keys.",
    "NameError: name '(.+)' is not defined": "`{}` is not defined: import it, or look for a typing error.",
}


def explained(error: str) -> str:
    """A sentence on an error, given as its type and first line."""
    for pattern, sentence in ERRORS.items():
        if found := re.search(pattern, error):
            return sentence.format(*found.groups()) if "{}" in sentence else sentence
    return f"it raised {error}"
