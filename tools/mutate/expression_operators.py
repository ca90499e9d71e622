"""Operators that change a rule's PromQL, each at every place where it applies."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from tools.mutate.change import NOTHING, Change, Rule, one_line
from tools.mutate.expression import ARITHMETIC, COMPARISONS, Edit, Expression
from tools.mutate.lexer import Kind, Token, Zone
from tools.mutate.scaling import scale_duration

FindEdits = Callable[[Expression], Iterator[Edit]]
Mutate = Callable[[Rule], Iterator[Change]]


def in_expression(find_edits: FindEdits) -> Mutate:
    """Return an operator on rules from one on expressions."""

    def mutate(rule: Rule) -> Iterator[Change]:
        expression = Expression(str(rule["expr"]))
        for edit in find_edits(expression):
            before, after = _changed_lines(expression, edit)
            yield Change(before=before, after=after, rule={**rule, "expr": expression.edited(edit)})

    return mutate


def _changed_lines(expression: Expression, edit: Edit) -> tuple[str, str]:
    """Return the lines that the edit touches, before and after, each as one."""
    text = expression.text
    first, last = _lines_around(text, edit.start, edit.end)
    if not text[first:last].strip(" ()").count(" "):  # a lone `and` says nothing: show both sides
        first, last = _lines_around(text, max(first - 1, 0), min(last + 1, len(text)))
    after = text[first : edit.start] + edit.new + text[edit.end : last]
    return one_line(text[first:last]), one_line(after) or NOTHING


def _lines_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the line of `start` begins and the one of `end` ends."""
    last = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if last < 0 else last


def scale_numbers(factor: str) -> FindEdits:
    """Multiply each number but zero."""

    def find(expression: Expression) -> Iterator[Edit]:
        for index, value in _numbers(expression):
            if value:
                yield _put(expression.tokens[index], _format(value * Decimal(factor)))

    return find


def scale_thresholds(factor: str) -> FindEdits:
    """Multiply each number but zero that alone is one side of a comparison."""

    def find(expression: Expression) -> Iterator[Edit]:
        for index, value in _numbers(expression):
            if value and _is_threshold(expression, index):
                yield _put(expression.tokens[index], _format(value * Decimal(factor)))

    return find


def replace_zeros(expression: Expression) -> Iterator[Edit]:
    """Put 1 for each 0, which no factor changes."""
    for index, value in _numbers(expression):
        if not value:
            yield _put(expression.tokens[index], "1")


def scale_windows(factor: float) -> FindEdits:
    """Multiply each duration between brackets: of a range, and a subquery's step."""

    def find(expression: Expression) -> Iterator[Edit]:
        for token in expression.tokens:
            if token.kind is Kind.DURATION and token.zone is Zone.RANGE:
                yield _put(token, scale_duration(token.text, factor))

    return find


def double_offsets(expression: Expression) -> Iterator[Edit]:
    """Double the duration behind each `offset`."""
    for index in expression.plain(words=frozenset({"offset"})):
        at = index + 2 if expression.word(index + 1) == "-" else index + 1
        token = expression.tokens[at]
        yield _put(token, scale_duration(token.text, 2))


def replace_words(table: Mapping[str, tuple[str, ...]]) -> FindEdits:
    """Put each other word of the table for a set operator."""

    def find(expression: Expression) -> Iterator[Edit]:
        for index in expression.plain(words=frozenset(table)):
            yield from _replacements(expression.tokens[index], table)

    return find


def replace_calls(table: Mapping[str, tuple[str, ...]]) -> FindEdits:
    """Put each other function or aggregation of the table for one that is called."""

    def find(expression: Expression) -> Iterator[Edit]:
        for index in expression.calls(names=frozenset(table)):
            yield from _replacements(expression.tokens[index], table)

    return find


def replace_signs(table: Mapping[str, tuple[str, ...]]) -> FindEdits:
    """Put each other sign of the table for a comparison or an arithmetic operator."""

    def find(expression: Expression) -> Iterator[Edit]:
        for index in expression.binary(signs=frozenset(table)):
            yield from _replacements(expression.tokens[index], table)

    return find


def remove_clauses(expression: Expression) -> Iterator[Edit]:
    """Remove each side of each `and`, `or` and `unless`, and the operator with it."""
    for operands in expression.set_operands:
        if operands.starts_chain:
            yield expression.cut(operands.left.start, operands.right.start)
        yield expression.replace(range(operands.operator, operands.right.stop), "")


def drop_fallbacks(expression: Expression) -> Iterator[Edit]:
    """Remove each `or 0 * …` and `or vector(0)`."""
    for operands in expression.set_operands:
        if _is_fallback(expression, operands.operator, operands.right):
            yield expression.replace(range(operands.operator, operands.right.stop), "")


def unlabel_fallbacks(expression: Expression) -> Iterator[Edit]:
    """Put `or vector(0)` for each `or 0 * …`."""
    for operands in expression.set_operands:
        right = operands.right
        is_vector = expression.word(right.start) == "vector"
        if _is_fallback(expression, operands.operator, right) and not is_vector:
            yield expression.replace(right, "vector(0)")


def drop_matchers(expression: Expression) -> Iterator[Edit]:
    """Drop each matcher of each selector."""
    for index in expression.matchers():
        if expression.word(index + 3) == ",":
            yield expression.cut(index, index + 4)
        elif expression.word(index - 1) == ",":
            yield expression.replace(range(index - 1, index + 3), "")
        else:
            yield expression.replace(range(index, index + 3), "")


def turn_matchers(expression: Expression) -> Iterator[Edit]:
    """Turn each matcher's operator into its contrary."""
    contrary = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
    for index in expression.matchers():
        operator = expression.tokens[index + 1]
        yield _put(operator, contrary[operator.text])


def change_matcher_values(expression: Expression) -> Iterator[Edit]:
    """Let each matcher ask for another value."""
    for index in expression.matchers():
        value = expression.tokens[index + 2]
        yield _put(value, f"{value.text[:-1]}_changed{value.text[-1]}")


def drop_label_lists(expression: Expression) -> Iterator[Edit]:
    """Drop each whole `by (…)`, `without (…)`, `on (…)`, `ignoring (…)` and `group_* (…)`."""
    for found in expression.label_lists():
        yield expression.cut(found.word, found.closing + 1)


def drop_listed_labels(expression: Expression) -> Iterator[Edit]:
    """Drop each label of each list that has others."""
    for found in expression.label_lists():
        for label in found.labels if len(found.labels) > 1 else ():
            kept = [expression.tokens[at].text for at in found.labels if at != label]
            inside = range(found.opening + 1, found.closing)
            yield expression.replace(inside, ", ".join(kept))


def remove_clamps(expression: Expression) -> Iterator[Edit]:
    """Put what is clamped for each clamp, clamp_min and clamp_max."""
    for index in expression.calls(names=frozenset({"clamp", "clamp_min", "clamp_max"})):
        closing = expression.closing(index + 1)
        clamped = expression.piece(expression.arguments(index + 1)[0])
        yield expression.replace(range(index, closing + 1), f"({clamped})")


def _numbers(expression: Expression) -> Iterator[tuple[int, Decimal]]:
    for index, token in enumerate(expression.tokens):
        if token.kind is Kind.NUMBER and token.zone is Zone.PLAIN:
            is_hexadecimal = token.word.startswith("0x")
            yield index, Decimal(int(token.text, 16) if is_hexadecimal else token.text)


def _is_threshold(expression: Expression, index: int) -> bool:
    """Tell whether the number is a whole side of a comparison: not the factor in `x * 2 > y`."""
    before = expression.word(index - 1)
    if before == "bool":
        before = expression.word(index - 2)
    after = expression.word(index + 1)
    if before in COMPARISONS:
        return after not in ARITHMETIC
    return after in COMPARISONS and before not in ARITHMETIC


def _is_fallback(expression: Expression, operator: int, right: range) -> bool:
    """Tell whether the right side of an `or` is zero times something, or vector(0)."""
    inner = right
    while expression.word(inner.start) == "(" and expression.closing(inner.start) == inner.stop - 1:
        inner = range(inner.start + 1, inner.stop - 1)
    if expression.word(operator) != "or" or len(inner) < 3:
        return False
    words = [expression.word(at) for at in inner]
    zero_first = words[0] == "0" and words[1] == "*"
    zero_last = words[-1] == "0" and words[-2] == "*"
    return zero_first or zero_last or words == ["vector", "(", "0", ")"]


def _replacements(token: Token, table: Mapping[str, tuple[str, ...]]) -> Iterator[Edit]:
    return (_put(token, other) for other in table[token.word])


def _put(token: Token, new: str) -> Edit:
    return Edit(start=token.start, end=token.end, new=new)


def _format(value: Decimal) -> str:
    """Return the shortest plain form: 0.0288, 1800."""
    return format(value.normalize(), "f")
