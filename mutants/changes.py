"""The changes that can be made to a module, one operator at a time."""

import ast
import copy
from collections import Counter
from dataclasses import dataclass

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


@dataclass(frozen=True)
class Mutant:
    """The place-th change that can be made to a module. `nth`: of the same change on the same text of a line."""

    place: int
    line: int
    text: str
    change: str
    nth: int
    function: int  # the line where the outermost function around it begins


class _Changer(ast.NodeTransformer):
    """Counts the changes that can be made inside functions; makes the one at `wanted`."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted, self.inside, self.function = wanted, 0, 0
        self.found: list[tuple[int, str, int]] = []

    def _take(self, node: ast.AST, change: str) -> bool:
        self.found.append((node.lineno, change, self.function))
        return len(self.found) - 1 == self.wanted

    def _swap(self, node: ast.AST, operator: ast.AST) -> ast.AST:
        other = _SWAPS.get(type(operator))
        if other is None or not self.inside:
            return operator
        taken = self._take(node, f"{type(operator).__name__} -> {other.__name__}")
        return other() if taken else operator

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if not self.inside:
            self.function = first_line(node)
        self.inside += 1
        if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            node.body = [node.body[0], *[self.visit(each) for each in node.body[1:]]]
        else:
            node.body = [self.visit(each) for each in node.body]
        node.args.defaults = [self.visit(each) for each in node.args.defaults]
        node.args.kw_defaults = [each and self.visit(each) for each in node.args.kw_defaults]
        self.inside -= 1
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return node  # what an error says is not what it means

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        node.ops = [self._swap(node, each) for each in node.ops]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        node.op = self._swap(node, node.op)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        node.op = self._swap(node, node.op)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        node.op = self._swap(node, node.op)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if self.inside and isinstance(node.op, ast.Not) and self._take(node, "not x -> x"):
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not self.inside or not isinstance(node.value, bool | int):
            return node
        changed = (not node.value) if isinstance(node.value, bool) else node.value + 1
        if self._take(node, f"{node.value!r} -> {changed!r}"):
            return ast.copy_location(ast.Constant(changed), node)
        return node

    def _condition(self, node: ast.If | ast.While | ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        simple = not isinstance(node.test, ast.Compare | ast.UnaryOp)
        if self.inside and simple and self._take(node, "condition negated"):
            node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        return node

    visit_If = visit_While = visit_IfExp = _condition

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        nothing = node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
        if self.inside and not nothing and self._take(node, "returns None"):
            node.value = ast.copy_location(ast.Constant(None), node)
        return node


def first_line(node: ast.FunctionDef) -> int:
    """Where the code of a function begins for Python: at its first decorator."""
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def mutants(source: str) -> list[Mutant]:
    """Every change that can be made to this source."""
    counting = _Changer()
    counting.visit(ast.parse(source))
    lines, seen = source.splitlines(), Counter[tuple[str, str]]()
    found = []
    for place, (line, change, function) in enumerate(counting.found):
        text = lines[line - 1].strip()
        seen[text, change] += 1
        found.append(Mutant(place, line, text, change, seen[text, change], function))
    return found


def changed(tree: ast.Module, mutant: Mutant) -> ast.Module:
    """A copy of the tree with this change made."""
    made: ast.Module = _Changer(mutant.place).visit(copy.deepcopy(tree))
    return ast.fix_missing_locations(made)
