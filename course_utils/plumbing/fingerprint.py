"""The fingerprint of a training run: whatever its result depends on, as far as that can be seen beforehand.

`joblib.hash` would see values, but functions by their names only, and a learner edits a function far more often than a
value. So code is followed here from each function to the functions, classes and values that it names.
"""

import dis
import functools
import hashlib
import pathlib
import sys
import types

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, DistributedSampler

from course_utils.plumbing.mapped import file_of

MOST = 20_000  # objects that are followed: a figure, say, leads to all of matplotlib
PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, np.generic, torch.dtype, torch.device)
OF_EVERY_MODULE = vars(nn.Module()).keys()
PARTS = {  # of what is made of parts: a function that returns them as something simpler
    tuple: lambda x: (len(x), *x),
    list: tuple,
    dict: lambda x: tuple(x.items()),
    **dict.fromkeys((set, frozenset), lambda x: tuple(sorted(map(repr, x)))),  # their order differs between kernels
    property: lambda x: (x.fget, x.fset),
    **dict.fromkeys((staticmethod, classmethod), lambda x: x.__func__),
    types.CodeType: lambda x: (x.co_code, x.co_names, x.co_varnames, x.co_freevars, x.co_consts),  # but not its place
    types.MethodType: lambda x: (x.__func__, x.__self__),
    types.BuiltinFunctionType: lambda x: (x.__name__, x.__self__),
    types.ModuleType: lambda x: x.__name__,
    types.GeneratorType: lambda x: x.gi_code,  # of a context manager that decorates a function
    functools.cached_property: lambda x: x.func,
    functools.partial: lambda x: (x.func, x.args, x.keywords),
    DistributedSampler: lambda x: (x.seed, x.shuffle, x.drop_last),  # fit tells it the epoch
    torch.Generator: lambda x: x.initial_seed(),  # its state moves on, the seed that it began with does not
}


def can_change(module: str) -> bool:
    """Tell whether a module's code may differ between two runs: the notebook's and the course's, but no library's."""
    package = module.split(".")[0]
    if package in ("__main__", __name__.split(".")[0]):
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    if package in sys.stdlib_module_names or file is None:
        return False
    return not {"site-packages", "dist-packages"} & set(pathlib.Path(file).parts)


def names_in(code: types.CodeType) -> tuple[set[str], set[str]]:
    """Collect the global names that code loads, and all its names, also inside the functions that it defines."""
    loaded = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    every = set(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            loaded, every = (mine | inners for mine, inners in zip((loaded, every), names_in(inner)))
    return loaded, every


def named_parts(thing, names: set[str]):
    """Return a thing itself, but of a module that can change only what is named, through all its modules."""
    if not isinstance(thing, types.ModuleType) or not can_change(thing.__name__):
        return thing
    return {name: named_parts(getattr(thing, name), names - {name}) for name in sorted(names & vars(thing).keys())}


class Fingerprint:
    """A digest of one thing and whatever it leads to; `unseen` names the types of what it could not look into."""

    def __init__(self, thing):
        self.digest = hashlib.blake2b(digest_size=6)
        self.hexdigest = self.digest.hexdigest  # what identifies all that was added so far, in 12 characters
        self.unseen: set[str] = set()
        self.met: dict[int, tuple[int, object]] = {}  # id: number and object, kept alive, so that its id stays its own
        self.arrays = 0
        self.add(thing)

    def add(self, thing) -> None:
        """Add a value, an array, a module, a function, a class, an object, or a collection of them."""
        self.digest.update(f"{type(thing).__name__};".encode())
        if isinstance(thing, PLAIN):
            self.digest.update(f"{thing!r};".encode())
        elif type(thing) is tuple:
            for part in PARTS[tuple](thing):
                self.add(part)
        elif id(thing) in self.met:
            number, _ = self.met[id(thing)]
            self.add(number)
        elif len(self.met) == MOST:
            self.unseen.add(type(thing).__name__)
        else:
            self.met[id(thing)] = len(self.met), thing
            self.add_new(thing)

    def add_new(self, thing) -> None:
        """Add what is met for the first time."""
        kind = next((kind for kind in type(thing).__mro__ if kind in PARTS), None)
        if kind:
            own = (type(thing), getattr(thing, "__dict__", None)) if type(thing) is not kind else None
            self.add((own, PARTS[kind](thing)))
        elif isinstance(thing, Tensor) and file_of(thing):
            self.add_file(thing)
        elif isinstance(thing, Tensor):
            values = thing.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
            self.add_array(values, (tuple(thing.shape), str(thing.dtype)))
        elif isinstance(thing, np.ndarray):
            self.add_array(thing, (thing.shape, str(thing.dtype)))
        elif isinstance(thing, types.FunctionType):
            self.add_function(thing)
        elif isinstance(thing, type):
            self.add_class(thing)
        elif isinstance(thing, DataLoader):
            self.add_loader(thing)
        else:
            self.add_object(thing)

    def add_array(self, array: np.ndarray, kind: tuple) -> None:
        """Add every entry of an array, and what kind of array it is."""
        self.arrays += 1
        self.add(kind)
        if array.dtype.hasobject:
            self.add(array.tolist())
        else:
            self.digest.update(np.ascontiguousarray(array))

    def add_file(self, tensor: Tensor) -> None:
        """Add which rows of which file a tensor is, and when the file was written; its numbers are not read."""
        self.arrays += 1
        file = file_of(tensor)
        seen = file.stat()
        place = (tensor.storage_offset(), tensor.stride(), tuple(tensor.shape), str(tensor.dtype))
        self.add((file.name, seen.st_size, seen.st_mtime_ns, place))

    def add_function(self, function: types.FunctionType) -> None:
        """Add a function's code and whatever that code refers to; a library's function by its name."""
        self.add(function.__qualname__)
        if not can_change(function.__module__ or "__main__"):
            return
        self.add((function.__code__, function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            empty = cell == types.CellType()  # its variable has no value yet
            self.add(None if empty else cell.cell_contents)
        loaded, every = names_in(function.__code__)
        for name in sorted(loaded & function.__globals__.keys()):
            self.add((name, named_parts(function.__globals__[name], every)))
        for name in sorted(every & sys.modules.keys()):  # imported inside the function
            self.add((name, named_parts(sys.modules[name], every)))

    def add_class(self, kind: type) -> None:
        """Add a class with everything that it and its bases define; a library's class by its name."""
        self.add(kind.__qualname__)
        for base in kind.__mro__:
            if can_change(base.__module__):
                for name, member in sorted(vars(base).items()):
                    special = name.startswith("__") or name == "_abc_impl"
                    if not special or isinstance(member, types.FunctionType):
                        self.add((name, member))

    def add_object(self, thing) -> None:
        """Add an object's class and attributes; a module's weights are left out, since training moves them."""
        self.add(type(thing))
        if isinstance(thing, nn.Module):
            attributes = {name: value for name, value in vars(thing).items() if name not in OF_EVERY_MODULE}
            hooks = [thing._forward_pre_hooks, thing._forward_hooks, thing._backward_pre_hooks, thing._backward_hooks]
            weights = list(thing.parameters(recurse=False))
            hooks += [weight._backward_hooks or {} for weight in weights]
            frozen = [not weight.requires_grad for weight in weights]
            self.add((attributes, [list(each.values()) for each in hooks], frozen, dict(thing._modules)))
        elif hasattr(thing, "__dict__"):
            self.add(vars(thing))
        else:
            self.unseen.add(type(thing).__name__)

    def add_loader(self, loader: DataLoader) -> None:
        """Add a loader's data and how it draws from them; data that are not in memory cannot be seen."""
        arrays = self.arrays
        self.add(loader.dataset)
        if self.arrays == arrays:
            self.unseen.add(f"the items of {type(loader.dataset).__name__}")
        self.add((loader.sampler, loader.batch_sampler, loader.collate_fn, loader.worker_init_fn))
