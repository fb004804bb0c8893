"""A step's parameters, described once: pydantic fields that also yield the form, the command line and the docs."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from types import UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from greenbench.core.errors import ParameterError


class FieldKind(StrEnum):
    """How a parameter is edited."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TEXT = "text"
    LINES = "lines"
    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True)
class FieldSpec:
    """One parameter as data. The form, `--set`, the node's summary, the docs and the report all read this.

    A `percent` number is a fraction (0.5) that is shown and typed as per cent (50 %). `visible_when` maps the name
    of another field to the values under which this one matters. `advanced` fields wait under "More".
    """

    name: str
    title: str
    help: str
    kind: FieldKind
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    step: float | None = None
    unit: str = ""
    percent: bool = False
    choices: tuple[tuple[Any, str], ...] = ()
    suggestions: tuple[str, ...] = ()
    visible_when: Mapping[str, tuple[Any, ...]] | None = None
    advanced: bool = False

    def format(self, value: Any) -> str:
        """The value as a person reads it, with its unit: "50 %", "12 epochs", "L1 norm"."""
        if self.kind is FieldKind.CHOICE:
            return str(dict(self.choices).get(value, value))
        if self.kind is FieldKind.BOOLEAN:
            return "yes" if value else "no"
        if self.percent and value is not None:
            return f"{value * 100:g} %"
        text = f"{value:g}" if isinstance(value, float) else str(value)
        if self.unit == "epochs" and value == 1:
            return "1 epoch"
        return f"{text} {self.unit}".strip()

    def limits(self) -> str:
        """The allowed range in words, or "" where there is none."""
        scale, unit = (100, " %") if self.percent else (1, f" {self.unit}" if self.unit else "")
        low = None if self.minimum is None else f"{self.minimum * scale:g}{unit}"
        high = None if self.maximum is None else f"{self.maximum * scale:g}{unit}"
        if low and high:
            if self.exclusive_minimum:
                return f"more than {low} and {'less than' if self.exclusive_maximum else 'at most'} {high}"
            return f"from {low} to {'less than ' if self.exclusive_maximum else ''}{high}"
        if low:
            return f"more than {low}" if self.exclusive_minimum else f"at least {low}"
        if high:
            return f"less than {high}" if self.exclusive_maximum else f"at most {high}"
        return ""

    def visible(self, values: Mapping[str, Any]) -> bool:
        """Whether the field matters, given the values of the others."""
        return all(values.get(name) in allowed for name, allowed in (self.visible_when or {}).items())

    def parse(self, text: str) -> Any:
        """A value from typed text ("90%", "0.9", "yes"); the model then checks it.

        Raises:
            ParameterError: the text is not of this field's kind.
        """
        raw = text.strip()
        try:
            match self.kind:
                case FieldKind.BOOLEAN:
                    words = {"yes": True, "true": True, "1": True, "on": True}
                    words |= {"no": False, "false": False, "0": False, "off": False}
                    return words[raw.lower()]
                case FieldKind.INTEGER:
                    return int(raw.replace("_", ""))
                case FieldKind.NUMBER:
                    return float(raw.rstrip("% ")) / 100 if raw.endswith("%") else float(raw)
                case FieldKind.CHOICE:
                    for value, title in self.choices:
                        if raw.lower() in (str(value).lower(), title.lower()):
                            return value
                    raise ValueError(raw)
                case _:
                    return raw
        except (KeyError, ValueError):
            raise ParameterError(f'"{text}" is not a value for {self.title.lower()}.', self.expectation()) from None

    def expectation(self) -> str:
        """What a right value looks like, as a sentence."""
        if self.kind is FieldKind.CHOICE:
            return "Choose one of: " + ", ".join(str(value) for value, _ in self.choices) + "."
        words = {
            FieldKind.INTEGER: "a whole number",
            FieldKind.NUMBER: "a number",
            FieldKind.BOOLEAN: "yes or no",
            FieldKind.FOLDER: "a folder",
            FieldKind.FILE: "a file",
            FieldKind.TEXT: "text",
            FieldKind.LINES: "text, one thing a line",
        }
        limits = self.limits()
        return f"Give {words[self.kind]}{' ' + limits if limits else ''}."


def parameter(
    default: Any,
    title: str,
    help: str = "",
    *,
    unit: str = "",
    percent: bool = False,
    step: float | None = None,
    choices: Mapping[Any, str] | None = None,
    suggestions: tuple[str, ...] = (),
    visible_when: Mapping[str, tuple[Any, ...]] | None = None,
    advanced: bool = False,
    kind: FieldKind | None = None,
    **limits: Any,
) -> Any:
    """A pydantic field that carries what a form needs. `limits` are pydantic's own: ge, gt, le, lt, multiple_of.

    `choices` maps the values of a Literal or enum to the words shown for them.
    """
    extra = {
        "unit": unit,
        "percent": percent,
        "step": step,
        "choices": choices,
        "suggestions": suggestions,
        "visible_when": visible_when,
        "advanced": advanced,
        "kind": kind,
    }
    return Field(default, title=title, description=help, json_schema_extra={"field": extra}, **limits)  # type: ignore[dict-item]


class Params(BaseModel):
    """Base of every step's parameters: frozen, and without room for a misspelt name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def checked(cls, values: Mapping[str, Any], owner: str = "") -> Self:
        """The parameters made from plain values.

        Raises:
            ParameterError: names the owner (a node's title), the parameter, the value and the limit.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _explain(cls, error, owner) from None

    def plain(self) -> dict[str, Any]:
        """The values as JSON types, every parameter included."""
        return self.model_dump(mode="json")


def _explain(params: type[Params], error: ValidationError, owner: str) -> ParameterError:
    problem = error.errors()[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    prefix = f'"{owner}": ' if owner else ""
    specs = {spec.name: spec for spec in field_specs(params)}
    if problem["type"] == "extra_forbidden":
        known = ", ".join(specs) or "none"
        return ParameterError(f'{prefix}there is no parameter "{name}".', f"Known parameters: {known}.")
    if name not in specs:
        text = str(problem["msg"]).removeprefix("Value error, ")
        return ParameterError(f"{prefix}{text}")
    spec = specs[name]
    value = problem.get("input")
    shown = spec.format(value) if isinstance(value, int | float) and not isinstance(value, bool) else repr(value)
    return ParameterError(f"{prefix}{spec.title.lower()} cannot be {shown}.", spec.expectation())


@cache
def field_specs(params: type[Params]) -> tuple[FieldSpec, ...]:
    """The parameters of a step in the order in which they are declared, its own before those that it shares with others."""
    declared = dict.fromkeys(name for owner in params.__mro__ for name in inspect.get_annotations(owner))
    return tuple(_field_spec(name, params.model_fields[name]) for name in declared if name in params.model_fields)


def _field_spec(name: str, info: FieldInfo) -> FieldSpec:
    schema_extra = info.json_schema_extra
    extra: dict[str, Any] = schema_extra.get("field", {}) if isinstance(schema_extra, dict) else {}  # type: ignore[assignment]
    kind, values = _kind(info.annotation)
    words: Mapping[Any, str] = extra.get("choices") or {}
    limits: dict[str, Any] = {}
    for constraint in info.metadata:
        match constraint:
            case annotated_types.Ge(ge=value):
                limits["minimum"] = value
            case annotated_types.Gt(gt=value):
                limits |= {"minimum": value, "exclusive_minimum": True}
            case annotated_types.Le(le=value):
                limits["maximum"] = value
            case annotated_types.Lt(lt=value):
                limits |= {"maximum": value, "exclusive_maximum": True}
    default = info.default.value if isinstance(info.default, Enum) else info.default
    return FieldSpec(
        name=name,
        title=info.title or name.replace("_", " ").capitalize(),
        help=info.description or "",
        kind=extra.get("kind") or kind,
        default=default,
        step=extra.get("step"),
        unit=extra.get("unit", ""),
        percent=extra.get("percent", False),
        choices=tuple((value, words.get(value, str(value).replace("_", " ").capitalize())) for value in values),
        suggestions=tuple(extra.get("suggestions", ())),
        visible_when=extra.get("visible_when"),
        advanced=extra.get("advanced", False),
        **limits,
    )


def _kind(annotation: Any) -> tuple[FieldKind, tuple[Any, ...]]:
    """How a Python type is edited, and its values where they can be listed."""
    if get_origin(annotation) is Literal:
        return FieldKind.CHOICE, get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return _kind(next(arm for arm in get_args(annotation) if arm is not type(None)))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return FieldKind.CHOICE, tuple(member.value for member in annotation)
    kinds = {bool: FieldKind.BOOLEAN, int: FieldKind.INTEGER, float: FieldKind.NUMBER, str: FieldKind.TEXT}
    return kinds[annotation], ()
