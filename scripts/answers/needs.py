"""Find what a piece of a notebook needs: of all statements before it, those that make or change what it reads."""

import ast
import builtins
import symtable
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from IPython.core.inputtransformer2 import TransformerManager

IMPORTS = (ast.Import, ast.ImportFrom)
REPLACES = (*IMPORTS, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)  # what is in there runs later


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell, and what it does to the names of the notebook."""

    node: ast.stmt

    @cached_property
    def code(self) -> str:
        return ast.unparse(self.node)

    @cached_property
    def table(self) -> symtable.SymbolTable:
        return symtable.symtable(self.code, "a cell", "exec")

    @cached_property
    def binds(self) -> set[str]:
        return {name.get_name() for name in self.table.get_symbols() if name.is_assigned() or name.is_imported()}

    @cached_property
    def reads(self) -> set[str]:
        """The names that it reads, also those that a function in it reads when it is called."""
        read = {name.get_name() for name in self.table.get_symbols() if name.is_referenced()}
        inner = self.table.get_children()
        for table in inner:
            read |= {name.get_name() for name in table.get_symbols() if name.is_global()}
            inner.extend(table.get_children())
        return read

    @cached_property
    def changes(self) -> set[str]:
        """The names whose objects it may change: handed to a function, stored into, or called for an effect alone."""
        return {name for node in now(self.node) for name in changed_by(node)}

    def replaces(self, name: str) -> bool:
        """Tell whether what a name stood for before makes no difference after this statement."""
        return isinstance(self.node, REPLACES) and name in self.binds and name not in self.reads


def now(node: ast.AST) -> Iterable[ast.AST]:
    """Yield what is in a statement and runs with it, not what its functions do when they are called."""
    if not isinstance(node, DEFINES):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from now(child)


def changed_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Call(func=ast.Name(id=function)) if hasattr(builtins, function):
            return []  # print, len, zip
        case ast.Call(args=args, keywords=keywords):
            handed = [*args, *(keyword.value for keyword in keywords)]
            return [value.id for value in handed if isinstance(value, ast.Name)]
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return [name]
        case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return [name]
    return []


def statements(source: str) -> list[Statement]:
    """Return the statements of a cell, its magics as Python; raises a SyntaxError if it is none."""
    try:
        return [Statement(node) for node in ast.parse(TransformerManager().transform_cell(source)).body]
    except ValueError as error:  # a null byte
        raise SyntaxError(str(error)) from error


def needed(before: list[Statement], names: set[str]) -> list[Statement]:
    """Return those of the statements that make what the names stand for, in their order.

    For each name they are the last one that replaces it and all that may change it since, then what these read. What
    is imported counts as never changed.
    """
    imported = {name for statement in before if isinstance(statement.node, IMPORTS) for name in statement.binds}
    chosen, known, unknown = set(), set(), set(names)
    while unknown:
        name = unknown.pop()
        known.add(name)
        for i in reversed(range(len(before))):
            if name in before[i].binds | (before[i].changes - imported):
                chosen.add(i)
                unknown |= before[i].reads - known
                if before[i].replaces(name):
                    break
    return [before[i] for i in sorted(chosen)]
