"""An expression with its parts found by position: operands, arguments, matchers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tools.mutate.lexer import LABEL_LISTS, Kind, Zone, split_tokens

SET_OPERATORS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^", "atan2"})
_VALUE_ENDS = frozenset({")", "}", "]"})
_BINARY_WORDS = SET_OPERATORS | {"bool", "atan2", "offset", "@"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One replacement: `text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operands:
    """What a binary operator joins, as index ranges of tokens; ends are exclusive."""

    operator: int
    left: range
    right: range  # behind the operator's `on`, `ignoring` and `group_*`
    starts_chain: bool  # nothing of the same rank stands further left


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelList:
    """A `by (…)` or the like: token indexes of the word, of ( and of ), and of its labels."""

    word: int
    opening: int
    closing: int
    labels: tuple[int, ...]


class Expression:
    """PromQL text and its tokens. Raises ValueError as `split_tokens` does."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = split_tokens(text)

    def plain(self, *, words: frozenset[str]) -> Iterator[int]:
        """Return where these words or signs stand outside braces, ranges and label lists."""
        for index, token in enumerate(self.tokens):
            wanted = token.kind in (Kind.NAME, Kind.SIGN) and token.word in words
            if wanted and token.zone is Zone.PLAIN:
                yield index

    def binary(self, *, signs: frozenset[str]) -> Iterator[int]:
        """Return where these signs have a value before them: not the minus of `-1`."""
        return (index for index in self.plain(words=signs) if self._ends_value(index - 1))

    def calls(self, *, names: frozenset[str]) -> Iterator[int]:
        """Return where these functions or aggregations are called."""
        for index in self.plain(words=names):
            following = self.word(index + 1)
            if following == "(" or following in ("by", "without"):
                yield index

    def word(self, index: int) -> str:
        """Return the token's word, or nothing beyond either end."""
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""

    @cached_property
    def set_operands(self) -> tuple[Operands, ...]:
        """Return the operands of each `and`, `or` and `unless`.

        `and` and `unless` bind tighter than `or`, and all group from the left.
        """
        return tuple(self._set_operands(index) for index in self.plain(words=SET_OPERATORS))

    def label_lists(self) -> Iterator[LabelList]:
        """Return each list of labels: of an aggregation or of a matching."""
        for index in self.plain(words=LABEL_LISTS):
            if self.word(index + 1) == "(":
                closing = self.closing(index + 1)
                names = range(index + 2, closing)
                labels = tuple(at for at in names if self.tokens[at].kind is Kind.NAME)
                yield LabelList(word=index, opening=index + 1, closing=closing, labels=labels)

    def matchers(self) -> Iterator[int]:
        """Return the index of each matcher's label; its operator and its value follow."""
        for index, token in enumerate(self.tokens[:-2]):
            is_label = token.zone is Zone.MATCHERS and token.kind in (Kind.NAME, Kind.STRING)
            if is_label and self.tokens[index + 2].kind is Kind.STRING:
                yield index

    def arguments(self, opening: int) -> tuple[range, ...]:
        """Return the token ranges between a call's ( and ), parted by its own commas."""
        closing = self.closing(opening)
        depth = self.tokens[opening].depth + 1
        commas = [at for at in range(opening + 1, closing) if self._is_comma(at, depth)]
        starts = [opening + 1, *(at + 1 for at in commas)]
        return tuple(
            range(start, end) for start, end in zip(starts, [*commas, closing], strict=True)
        )

    def closing(self, opening: int) -> int:
        """Return the index of the parenthesis that closes this one. Raises ValueError for none."""
        depth = self.tokens[opening].depth
        for at in range(opening + 1, len(self.tokens)):
            if self.tokens[at].text == ")" and self.tokens[at].depth == depth:
                return at
        raise ValueError(f"a parenthesis is not closed: {self.text!r}")

    def piece(self, tokens: range) -> str:
        """Return the text of a range of tokens."""
        return self.text[self.tokens[tokens[0]].start : self.tokens[tokens[-1]].end]

    def replace(self, tokens: range, new: str) -> Edit:
        """Return the edit that puts `new` in the place of a range of tokens."""
        return Edit(start=self.tokens[tokens[0]].start, end=self.tokens[tokens[-1]].end, new=new)

    def cut(self, start: int, end: int) -> Edit:
        """Return the edit that removes tokens `start` to `end`, with the space behind them."""
        after = self.tokens[end].start if end < len(self.tokens) else len(self.text)
        return Edit(start=self.tokens[start].start, end=after, new="")

    def edited(self, edit: Edit) -> str:
        """Return the text after an edit."""
        return self.text[: edit.start] + edit.new + self.text[edit.end :]

    def _set_operands(self, operator: int) -> Operands:
        is_or = self.word(operator) == "or"
        left = self._edge(operator, step=-1, stops_at=frozenset({"or"}))
        right = self._edge(operator, step=1, stops_at=frozenset({"or"}) if is_or else SET_OPERATORS)
        first = self._behind_matching(operator)
        return Operands(
            operator=operator,
            left=range(left + 1, operator),
            right=range(first, right),
            starts_chain=self._starts_chain(left, operator),
        )

    def _starts_chain(self, left: int, operator: int) -> bool:
        """Tell whether this is the first operator of its rank behind `left`."""
        if self.word(operator) == "or":
            return self.word(left) != "or"
        depth = self.tokens[operator].depth
        between = range(left + 1, operator)
        return not any(self._is_set_operator(at, depth, SET_OPERATORS) for at in between)

    def _edge(self, index: int, *, step: int, stops_at: frozenset[str]) -> int:
        """Return the next index outside this operand: an operator, a bracket, a comma, an end."""
        depth = self.tokens[index].depth
        at = index + step
        while 0 <= at < len(self.tokens):
            if self.tokens[at].depth < depth or self._is_comma(at, depth):
                return at
            if self._is_set_operator(at, depth, stops_at):
                return at
            at += step
        return at

    def _behind_matching(self, operator: int) -> int:
        """Return the index of the right operand, behind `on (…) group_left (…)`."""
        at = operator + 1
        while self.word(at) in LABEL_LISTS:
            at = self.closing(at + 1) + 1 if self.word(at + 1) == "(" else at + 1
        return at

    def _is_set_operator(self, at: int, depth: int, words: frozenset[str]) -> bool:
        token = self.tokens[at]
        is_word = token.kind is Kind.NAME and token.word in words
        return is_word and token.depth == depth and token.zone is Zone.PLAIN

    def _is_comma(self, at: int, depth: int) -> bool:
        token = self.tokens[at]
        return token.text == "," and token.depth == depth and token.zone is Zone.PLAIN

    def _ends_value(self, index: int) -> bool:
        if index < 0:
            return False
        token = self.tokens[index]
        if token.kind is Kind.SIGN:
            return token.text in _VALUE_ENDS
        return token.word not in _BINARY_WORDS
