"""Between a parameter's value and the text a person types: per cent, units, the comma of other countries. No Qt."""

from typing import Any

from greenbench.core.params import FieldKind, FieldSpec


def typed_value(field: FieldSpec, text: str) -> Any:
    """The value of typed text; what is shown in per cent is typed in per cent, and the unit may stay.

    Raises:
        ParameterError: the text is not of the field's kind.
    """
    raw = text.strip()
    if not raw and field.default is None:
        return None
    if field.kind not in (FieldKind.INTEGER, FieldKind.NUMBER):
        return field.parse(raw)
    raw = raw.removesuffix("%").strip() if field.percent else raw.removesuffix(field.unit).strip()
    raw = raw.replace("\u202f", "").replace("−", "-").replace(",", ".")
    return field.parse(f"{raw}%" if field.percent else raw)


def shown_value(field: FieldSpec, value: Any) -> str:
    """The value as it stands in its field, without the unit, with all its digits."""
    if value is None:
        return ""
    if field.percent:
        return f"{round(value * 100, 8):g}"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
