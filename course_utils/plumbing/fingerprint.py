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
from torch.utils.data import DataLoader

PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, np.generic, torch.dtype, torch.device)
MOST = 20_000  # objects that are followed: a figure, say, leads to all of matplotlib
GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME"}
WRAPPERS = {  # what holds a function: where it is
    staticmethod: "__func__",
    classmethod: "__func__",
    functools.cached_property: "func",
    types.MethodType: "__func__",
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


def named_globals(code: types.CodeType) -> set[str]:
    """Collect the global names that code loads, also inside the functions that it defines."""
    names = {instruction.argval for instruction in dis.get_instructions(code) if instruction.opname in GLOBALS}
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return names.union(*map(named_globals, inner))


def named_attributes(code: types.CodeType) -> set[str]:
    """Collect all names in code, also inside the functions that it defines."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*map(named_attributes, inner))


class Fingerprint:
    """A digest of values, weights, data and code; `unseen` names the types of what it could not look into."""

    def __init__(self):
        self.digest = hashlib.blake2b(digest_size=6)
        self.unseen: set[str] = set()
        self.met: dict[int, tuple[int, object]] = {}  # id: number and object, kept alive, so that its id stays its own
        self.arrays = 0

    def hexdigest(self) -> str:
        """Return what identifies everything added so far, in 12 characters."""
        return self.digest.hexdigest()

    def write(self, *words) -> None:
        """Add words whose text never changes while they mean the same."""
        self.digest.update(repr(words).encode())

    def add(self, thing) -> None:
        """Add a value, an array, a module, a function, a class, an object, or a collection of them."""
        if isinstance(thing, PLAIN):
            self.write(type(thing).__name__, thing)
        elif isinstance(thing, tuple):
            self.write("tuple", len(thing))
            for part in thing:
                self.add(part)
        elif id(thing) in self.met:
            number, _ = self.met[id(thing)]
            self.write("again", number)
        elif len(self.met) == MOST:
            self.unseen.add(type(thing).__name__)
        else:
            self.met[id(thing)] = len(self.met), thing
            self.add_new(thing)

    def add_new(self, thing) -> None:
        """Add what is met for the first time."""
        if isinstance(thing, Tensor):
            self.add_tensor(thing)
        elif isinstance(thing, np.ndarray):
            self.add_array(thing)
        elif isinstance(thing, (set, frozenset)):  # whose order differs from one kernel to the next
            self.write("set", sorted(map(repr, thing)))
        elif isinstance(thing, list):
            self.add(("list", *thing))
        elif isinstance(thing, dict):
            self.add(("dict", *thing.items()))
        elif isinstance(thing, types.FunctionType):
            self.add_function(thing)
        elif isinstance(thing, type):
            self.add_class(thing)
        elif isinstance(thing, property):
            self.add((thing.fget, thing.fset))
        elif type(thing) in WRAPPERS:
            self.add(getattr(thing, WRAPPERS[type(thing)]))
        elif isinstance(thing, functools.partial):
            self.add((thing.func, thing.args, thing.keywords))
        elif isinstance(thing, (types.BuiltinFunctionType, types.ModuleType)):
            self.write(thing.__name__)
        elif isinstance(thing, types.GeneratorType):  # of a context manager that decorates a function
            self.add_code(thing.gi_code)
        elif isinstance(thing, torch.Generator):  # its state moves on, the seed that it began with does not
            self.write("generator", thing.initial_seed())
        elif isinstance(thing, DataLoader):
            self.add_loader(thing)
        else:
            self.add_object(thing)

    def add_tensor(self, tensor: Tensor) -> None:
        """Add shape, type and every number of a tensor."""
        self.arrays += 1
        self.write(tuple(tensor.shape), str(tensor.dtype))
        self.digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())

    def add_array(self, array: np.ndarray) -> None:
        """Add shape, type and every entry of an array."""
        self.arrays += 1
        self.write(array.shape, str(array.dtype))
        if array.dtype.hasobject:
            self.add(array.tolist())
        else:
            self.digest.update(np.ascontiguousarray(array).tobytes())

    def add_function(self, function: types.FunctionType) -> None:
        """Add a function's code and whatever that code refers to; a library's function by its name."""
        self.write(function.__qualname__)
        if not can_change(function.__module__ or "__main__"):
            return
        self.add_code(function.__code__)
        self.add((function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            empty = cell == types.CellType()  # its variable has no value yet
            self.add(None if empty else cell.cell_contents)
        for name in sorted(named_globals(function.__code__) & function.__globals__.keys()):
            self.write(name)
            self.add_global(function.__globals__[name], named_attributes(function.__code__))

    def add_global(self, thing, attributes: set[str]) -> None:
        """Add what a global name stands for; of a module only the attributes that are named beside it."""
        if isinstance(thing, types.ModuleType) and can_change(thing.__name__):
            for name in sorted(attributes & vars(thing).keys()):
                self.write(name)
                self.add(getattr(thing, name))
        else:
            self.add(thing)

    def add_code(self, code: types.CodeType) -> None:
        """Add instructions, names and constants, but not where they stand in a file."""
        self.write(code.co_code, code.co_names, code.co_freevars)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.add_code(constant)
            else:
                self.add(constant)

    def add_class(self, kind: type) -> None:
        """Add a class with everything that it and its bases define; a library's class by its name."""
        self.write(kind.__qualname__)
        for base in kind.__mro__:
            if not can_change(base.__module__):
                continue
            for name, member in sorted(vars(base).items()):
                special = name.startswith("__") or name == "_abc_impl"
                if not special or isinstance(member, types.FunctionType):
                    self.write(name)
                    self.add(member)

    def add_object(self, thing) -> None:
        """Add an object's class and attributes; a module's weights are left out, since training moves them."""
        self.add(type(thing))
        if isinstance(thing, nn.Module):
            public = {name: value for name, value in vars(thing).items() if name[0] != "_" and name != "training"}
            hooks = [*thing._forward_pre_hooks.values(), *thing._forward_hooks.values()]
            self.add((public, hooks, dict(thing._modules)))
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
        self.add((loader.batch_size, loader.drop_last, loader.sampler, loader.batch_sampler, loader.collate_fn))
