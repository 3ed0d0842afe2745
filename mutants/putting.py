"""Putting changed code where it is used: into the functions of a module, whoever holds them."""

import ast
import types
from collections.abc import Iterator

from mutants.changes import first_line


def put(module: types.ModuleType, tree: ast.Module) -> None:
    """The functions of a module run the code of `tree` from now on, with its default values."""
    codes = {
        (code.co_qualname, code.co_firstlineno): code for code in _codes(compile(tree, str(module.__file__), "exec"))
    }
    arguments = {first_line(node): node.args for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for function in _functions(module):
        place = (function.__code__.co_qualname, function.__code__.co_firstlineno)
        if place in codes and function.__module__ == module.__name__:
            function.__code__ = codes[place]
            if place[1] in arguments:
                _put_defaults(function, arguments[place[1]])


def forget(module: types.ModuleType) -> None:
    """Empty the caches around its functions, so that whoever calls one enters it."""
    for thing in vars(module).values():
        if hasattr(thing, "cache_clear"):
            thing.cache_clear()


def _put_defaults(function: types.FunctionType, arguments: ast.arguments) -> None:
    if function.__defaults__:
        function.__defaults__ = tuple(map(_default, arguments.defaults, function.__defaults__))
    if function.__kwdefaults__:
        given = dict(zip((each.arg for each in arguments.kwonlyargs), arguments.kw_defaults, strict=True))
        function.__kwdefaults__ = {name: _default(given[name], old) for name, old in function.__kwdefaults__.items()}


def _default(node: ast.expr | None, old: object) -> object:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool | int) else old


def _bare(thing: object) -> Iterator[types.FunctionType]:
    """The plain functions behind a member of a module or a class."""
    if isinstance(thing, property):
        for part in (thing.fget, thing.fset):
            yield from _bare(part)
    elif isinstance(thing, staticmethod | classmethod):
        yield from _bare(thing.__func__)
    elif isinstance(thing, types.FunctionType):
        yield thing
        if hasattr(thing, "__wrapped__"):
            yield from _bare(thing.__wrapped__)
    elif hasattr(thing, "__wrapped__"):  # a cache around a function
        if hasattr(thing, "cache_clear"):
            thing.cache_clear()
        yield from _bare(thing.__wrapped__)


def _functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    for thing in list(vars(module).values()):
        if isinstance(thing, type) and thing.__module__ == module.__name__:
            for member in list(vars(thing).values()):
                yield from _bare(member)
        else:
            yield from _bare(thing)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _codes(each)
