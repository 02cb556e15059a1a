"""The part of CEL that health checks and dependencies are written in (docs/flux.md, Dependencies and health).

Literals, member access, indexes, `has`, `in`, comparisons, `!`, `&&`, `||`, `size`, and the macros `exists`, `all`,
`filter`. An expression outside of it is invalid, as a broken one is.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Names = Mapping[str, Any]
Expression = Callable[[Names], Any]

_TOKEN: Final = re.compile(
    r"\s*(?:(\d+(?:\.\d+)?)|('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|([A-Za-z_]\w*)|(&&|\|\||==|!=|<=|>=|[<>!.,()\[\]]))"
)
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "in": lambda a, b: a in b,
}


class Invalid(Exception):
    """The expression cannot be read; the text says where."""


class Unknown(Exception):
    """The expression cannot be answered: it asks for something that is not there."""


def compiled(text: str) -> Expression:
    """A function of the names that the expression uses. Raises Invalid; the function raises Unknown."""
    parser = _Parser(_tokens(text))
    whole = parser.either()
    if parser.ahead:
        raise Invalid(f"Syntax error: extraneous input '{parser.ahead}' in: {text}")
    return whole


def holds(expression: Expression, names: Names) -> bool:
    """Whether it is true; what cannot be answered is not."""
    try:
        return expression(names) is True
    except Unknown:
        return False


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise Invalid(f"Syntax error: token recognition error at: '{text[place:].strip()[:20]}'")
        found.append(match.group().strip())
        place = match.end()
    return found


class _Parser:
    """Recursive descent; each method returns a function of the names."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens

    @property
    def ahead(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def either(self) -> Expression:
        parts = [self._both()]
        while self._skip("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else _joined(parts, decides=True)

    def _both(self) -> Expression:
        parts = [self._compared()]
        while self._skip("&&"):
            parts.append(self._compared())
        return parts[0] if len(parts) == 1 else _joined(parts, decides=False)

    def _compared(self) -> Expression:
        left = self._negated()
        if self.ahead not in _COMPARED:
            return left
        compare = _COMPARED[self._next()]
        right = self._negated()

        def answer(names: Names) -> bool:
            try:
                return compare(left(names), right(names))
            except TypeError as error:
                raise Unknown("no such overload") from error

        return answer

    def _negated(self) -> Expression:
        if self._skip("!"):
            inner = self._negated()
            return lambda names: inner(names) is not True
        return self._reached()

    def _reached(self) -> Expression:
        """A value and what is reached from it by `.`, `[…]` and macros."""
        value = self._value()
        while self.ahead in (".", "["):
            if self._skip("["):
                value = _member(value, self.either())
                self._need("]")
            else:
                self._need(".")
                name = self._name()
                value = self._macro(value, name) if self.ahead == "(" else _member(value, _constant(name))
        return value

    def _value(self) -> Expression:
        token = self._next()
        if token == "(":  # noqa: S105
            inner = self.either()
            self._need(")")
            return inner
        if token[0] in "'\"":
            return _constant(re.sub(r"\\(.)", r"\1", token[1:-1]))
        if token[0].isdigit():
            return _constant(float(token) if "." in token else int(token))
        if token in _WORDS:
            return _constant(_WORDS[token])
        if self.ahead == "(":
            return self._function(token)
        return _named(_identifier(token))

    def _function(self, name: str) -> Expression:
        self._need("(")
        inner = self.either()
        self._need(")")
        if name == "has":
            return lambda names: _has(inner, names)
        if name == "size":
            return lambda names: len(inner(names))
        raise Invalid(f"undeclared reference to '{name}'")

    def _macro(self, value: Expression, name: str) -> Expression:
        self._need("(")
        if name == "size":
            self._need(")")
            return lambda names: len(value(names))
        variable = self._name()
        self._need(",")
        inner = self.either()
        self._need(")")

        def chosen(names: Names) -> list[Any]:
            return [each for each in value(names) if inner({**names, variable: each}) is True]

        match name:
            case "filter":
                return chosen
            case "exists":
                return lambda names: bool(chosen(names))
            case "all":
                return lambda names: len(chosen(names)) == len(value(names))
            case _:
                raise Invalid(f"undeclared reference to '{name}'")

    def _next(self) -> str:
        if not self._tokens:
            raise Invalid("Syntax error: unexpected end of input")
        return self._tokens.pop(0)

    def _name(self) -> str:
        return _identifier(self._next())

    def _skip(self, token: str) -> bool:
        if self.ahead != token:
            return False
        self._tokens.pop(0)
        return True

    def _need(self, token: str) -> None:
        if not self._skip(token):
            raise Invalid(f"Syntax error: missing '{token}' at '{self.ahead or '<EOF>'}'")


def _joined(parts: list[Expression], *, decides: bool) -> Expression:
    """`||` if True decides, `&&` if False does: one such part is enough, even beside one that has no answer."""

    def answer(names: Names) -> bool:
        open_question: Unknown | None = None
        for part in parts:
            try:
                if (part(names) is True) is decides:
                    return decides
            except Unknown as error:
                open_question = error
        if open_question is not None:
            raise open_question
        return not decides

    return answer


def _identifier(token: str) -> str:
    if not token.isidentifier():
        raise Invalid(f"Syntax error: unexpected '{token}'")
    return token


def _constant(value: Any) -> Expression:
    return lambda _: value


def _named(name: str) -> Expression:
    def answer(names: Names) -> Any:
        if name not in names:
            raise Unknown(f"no such attribute: {name}")
        return names[name]

    return answer


def _member(value: Expression, name: Expression) -> Expression:
    def answer(names: Names) -> Any:
        whole, part = value(names), name(names)
        try:
            return whole[part]
        except (KeyError, IndexError, TypeError) as error:
            raise Unknown(f"no such key: {part}") from error

    return answer


def _has(inner: Expression, names: Names) -> bool:
    try:
        inner(names)
    except Unknown:
        return False
    return True
