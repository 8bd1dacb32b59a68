"""Every error that ``include/`` can raise, read from its source without running it.

An error is a call of a class of ``include.opendata.errors`` (or one derived from it) with a ``slug``. Where slug or sentences
are parameters of the function that raises, the calls of that function are followed, also across modules. A slug that cannot
be read this way is a fault of the code that raises it: :class:`UnknownSlug` says where.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from include.opendata import errors

ROOT = Path(__file__).resolve().parents[1]
INCLUDE = ROOT / "include"
HOLE = "…"
"""Stands for what a sentence says of the case at hand: a name, a number."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Given = Mapping[str, ast.expr]
"""What the parameters of a function are at one call of it."""


class UnknownSlug(Exception):
    """A slug is not written where the source can be read for it."""


@dataclass(frozen=True, order=True)
class RaisedError:
    """One way to raise an error: ``kind`` is its class, ``what`` and ``remedy`` are its sentences, with holes."""

    slug: str
    kind: str
    exit_code: int
    what: str
    remedy: str
    module: str


@dataclass(frozen=True)
class _Module:
    name: str
    tree: ast.Module
    constants: Given
    imports: frozenset[str]
    """The modules it takes names from."""

    @classmethod
    def read(cls, path: Path) -> _Module:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        _write_out_choices(tree)
        constants = _assigned(tree.body)
        imports = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        return cls(name, tree, constants, frozenset(imports))

    def knows(self, other: _Module) -> bool:
        """Whether it can call what ``other`` defines: as the same module, by name, or through the room's front door."""
        return other is self or bool({other.name, other.name.rpartition(".")[0]} & self.imports)


def raised_errors() -> list[RaisedError]:
    """Every error of ``include/``, sorted and each once. Raises :class:`UnknownSlug`."""
    modules = [_Module.read(path) for path in sorted(INCLUDE.rglob("*.py"))]
    reader = _Reader(modules)
    return sorted({error for module in modules for error in reader.errors_of(module)})


def slugs() -> set[str]:
    """The slug of every error of ``include/``."""
    return {error.slug for error in raised_errors()}


@dataclass(frozen=True)
class _Call:
    """A call, the function it stands in and its module."""

    module: _Module
    function: Function | None
    call: ast.Call

    def bindings(self, called: Function | None) -> dict[str, ast.expr]:
        """What the parameters of ``called`` are here, in the words of the function this call stands in."""
        if called is None:
            return {}
        bound = _defaults(called) | dict(zip(_parameters(called, self.call), self._positional(), strict=False))
        bound |= {keyword.arg: keyword.value for keyword in self.call.keywords if keyword.arg}
        if self.function is None:
            return bound
        branch = _beside(self.function, self.call)
        return {name: _substituted(value, branch) for name, value in bound.items()}

    def _positional(self) -> list[ast.expr]:
        names = {**self.module.constants, **(_assigned(ast.walk(self.function)) if self.function else {})}
        values: list[ast.expr] = []
        for argument in self.call.args:
            values += _elements(argument.value, names) if isinstance(argument, ast.Starred) else [argument]
        return values


class _Reader:
    def __init__(self, modules: list[_Module]):
        self.kinds = _exit_codes(modules)
        self.calls: dict[str, list[_Call]] = {}
        for module in modules:
            for function, call in _calls(module.tree):
                self.calls.setdefault(_callee(call), []).append(_Call(module, function, call))

    def errors_of(self, module: _Module) -> Iterator[RaisedError]:
        for kind, exit_code in self.kinds.items():
            for raised in self.calls.get(kind, []):
                call = raised.call
                arguments = {k.arg: k.value for k in call.keywords if k.arg}
                if (
                    raised.module is not module
                    or "slug" not in arguments
                    or isinstance(arguments["slug"], ast.Attribute)
                ):
                    continue  # `slug=error.slug` hands on an error that is raised elsewhere
                sentences = (call.args[0], arguments["remedy"])
                for slug, what, remedy in self._readings(module, raised.function, arguments["slug"], sentences):
                    yield RaisedError(slug, kind, exit_code, what, remedy, module.name)

    def _readings(
        self,
        module: _Module,
        function: Function | None,
        slug: ast.expr,
        sentences: tuple[ast.expr, ast.expr],
    ) -> Iterator[tuple[str, str, str]]:
        """(slug, what, remedy) for every slug this place can raise, following the callers where they decide."""
        for known in _scopes(module, function, slug):
            names = list(dict.fromkeys(_texts(slug, known)))
            callers = self._callers(module, function) if _is_handed(function, slug, *sentences) else []
            if HOLE not in names and not callers:
                what, remedy = (_for_each(names, list(_texts(sentence, known))) for sentence in sentences)
                yield from zip(names, what, remedy, strict=True)
            elif not callers:
                raise UnknownSlug(f"{module.name}:{slug.lineno}: {ast.unparse(slug)}")
            for caller in callers:
                bound = {**known, **caller.bindings(function)}
                handed = [_substituted(part, bound) for part in (slug, *sentences)]
                yield from self._readings(caller.module, caller.function, handed[0], (handed[1], handed[2]))

    def _callers(self, module: _Module, function: Function | None) -> list[_Call]:
        if function is None:
            return []
        calls = [call for call in self.calls.get(function.name, []) if call.function is not function]
        if function.name.startswith("_"):
            return [call for call in calls if call.module is module]
        return [call for call in calls if call.module.knows(module)]


def _exit_codes(modules: list[_Module]) -> dict[str, int]:
    """The exit code of every class of errors, those that a module derives for itself too."""
    kinds = inspect.getmembers(errors, inspect.isclass)
    known = {name: kind.exit_code for name, kind in kinds if issubclass(kind, errors.OpendataError)}
    classes = [node for module in modules for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    for derived in classes:
        for base in derived.bases:
            if isinstance(base, ast.Name) and base.id in known:
                known.setdefault(derived.name, known[base.id])
    return known


def _calls(tree: ast.Module) -> Iterator[tuple[Function | None, ast.Call]]:
    """Every call, with the innermost function it stands in."""

    def visit(node: ast.AST, function: Function | None) -> Iterator[tuple[Function | None, ast.Call]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node
        if isinstance(node, ast.Call):
            yield function, node
        for child in ast.iter_child_nodes(node):
            yield from visit(child, function)

    return visit(tree, None)


def _callee(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


class _Substitution(ast.NodeTransformer):
    def __init__(self, known: Given):
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.known.get(node.id, node)


def _substituted(expression: ast.expr, known: Given) -> ast.expr:
    """The expression with names replaced by what they stand for; once, so that names may stand for themselves."""
    copy = ast.parse(ast.unparse(expression), mode="eval").body
    result: ast.expr = ast.fix_missing_locations(_Substitution(known).visit(copy))
    return ast.copy_location(result, expression)


def _parameters(function: Function, call: ast.Call) -> list[str]:
    """The names of what a call gives by position."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) and isinstance(call.func, ast.Attribute) else names


def _defaults(function: Function) -> dict[str, ast.expr]:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    defaults = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return defaults | {argument.arg: default for argument, default in keyword_only if default is not None}


def _is_handed(function: Function | None, *expressions: ast.expr) -> bool:
    """Whether a slug or a whole sentence is a parameter, so that callers decide on it."""
    if function is None:
        return False
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    names = {argument.arg for argument in arguments}
    assigned = _assigned(ast.walk(function))
    return any(
        isinstance(node, ast.Name) and node.id in names - set(assigned)
        for expression in expressions
        for node in ([expression.body, expression.orelse] if isinstance(expression, ast.IfExp) else [expression])
    )


def _elements(value: ast.expr, constants: Given) -> list[ast.expr]:
    """The members of a tuple that is written out, or named, or one of two such; of anything else itself."""
    match value:
        case ast.Tuple(elts=members):
            return members
        case ast.Name(id=name) if name in constants:
            return _elements(constants[name], constants)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            pairs = zip(_elements(body, constants), _elements(orelse, constants), strict=False)
            return [ast.IfExp(test, first, second) for first, second in pairs]
        case _:
            return [value]


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """What names are assigned; several values of one name as alternatives, in the order of the source."""
    values: dict[str, ast.expr] = {}
    for node in nodes:
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            for name, value in _pairs(target, node.value):
                earlier = values.get(name)
                values[name] = value if earlier is None else ast.IfExp(ast.Constant(True), earlier, value)
    return values


def _write_out_choices(tree: ast.Module) -> None:
    """Put in place of ``slug, remedy = self._advice()`` what that function can return, as alternatives."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    choices = {function.name: choice for function in functions if (choice := _returned(function)) is not None}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Call):
            node.value = choices.get(_callee(node.value), node.value)


def _returned(function: ast.FunctionDef) -> ast.expr | None:
    """The tuples a function can return, as alternatives; None where it returns anything else."""
    values = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    if not values or not all(isinstance(value, ast.Tuple) for value in values):
        return None
    choice, *others = (value for value in values if value is not None)
    for other in others:
        choice = ast.IfExp(ast.Constant(True), choice, other)
    return choice


def _blocks(function: Function) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield block


def _scopes(module: _Module, function: Function | None, slug: ast.expr) -> list[dict[str, ast.expr]]:
    """What names mean where an error is raised: one meaning for each block of the function that decides on the slug."""
    if function is None:
        return [dict(module.constants)]
    general = {**module.constants, **_assigned(ast.walk(function))}
    deciding = [_assigned(block) for block in _blocks(function)]
    scopes = [{**general, **block} for block in deciding if isinstance(slug, ast.Name) and slug.id in block]
    return scopes or [general]


def _beside(function: Function, call: ast.Call) -> dict[str, ast.expr]:
    """What is assigned in the branch that a call stands in."""
    branches = [block for block in _blocks(function) if block is not function.body]
    around = [block for block in branches if any(call in ast.walk(statement) for statement in block)]
    return _assigned(around[-1]) if around else {}


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    members = _elements(value, {})
    if isinstance(target, ast.Tuple) and len(members) == len(target.elts):
        pairs = zip(target.elts, members, strict=True)
        return [(name.id, part) for name, part in pairs if isinstance(name, ast.Name)]
    return []


def _for_each(names: list[str], texts: list[str]) -> list[str]:
    """The text that belongs to each slug: as many texts as slugs belong together in order, else all to each."""
    return texts if len(texts) == len(names) else [" / ".join(dict.fromkeys(texts))] * len(names)


def _texts(expression: ast.expr, known: Given) -> Iterator[str]:
    """The texts an expression can be; what depends on the case at hand is a hole."""
    match expression:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body, known)
            yield from _texts(orelse, known)
        case ast.Name(id=name) if name in known and not _refers_to(known[name], name):
            yield from _texts(known[name], known)
        case ast.JoinedStr(values=parts):
            yield from _joined(parts, known)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _joined([left, right], known)
        case ast.FormattedValue(value=value):
            yield from _texts(value, known)
        case _:
            yield HOLE


def _joined(parts: list[ast.expr], known: Given) -> Iterator[str]:
    texts = [""]
    for part in parts:
        choices = list(dict.fromkeys(_texts(part, known)))
        texts = [text + choice for text in texts for choice in choices][:4]
    yield from texts


def _refers_to(expression: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(expression))
