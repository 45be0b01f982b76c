"""What may be typed into a field: types shared by the nouns, for forms, imports and the API alike.

Text is NFC, without NUL, zero-width and bidirectional control characters. Length is checked before any
pattern. Errors come out as codes with parameters; the web holds the words.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError
from stdnum.se import orgnr as stdnum_orgnr

from . import clock, reference
from .errors import Invalid
from .lettering import visible

FORM_LIMIT = 8_000
IMPORT_LIMIT = 100_000
TITLE_LIMIT = 300
NAME_LIMIT = 200
EARLIEST, LATEST_YEARS = date(2000, 1, 1), 30

_HALF = re.compile("[\ud800-\udfff]")
_EMAIL = re.compile(r"[^@\s,;<>\"']{1,64}@[^@\s,;<>\"'.]+(\.[^@\s,;<>\"'.]+)+")


class Content(BaseModel):
    """Base of what a person writes about a noun: unknown fields are refused, text is trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def clean(text: str) -> str:
    """Return text in NFC, line ends as LF, without invisible characters or letters that pose as others."""
    return visible(unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))).strip()


def _text(value: Any, info: ValidationInfo) -> str:
    limit = (info.context or {}).get("limit", FORM_LIMIT)
    return _bounded("" if value is None else str(value), limit)


def _title(value: Any) -> str:
    text = " ".join(_bounded("" if value is None else str(value), TITLE_LIMIT).split())
    if not text:
        raise PydanticCustomError("required", "required")
    return text


def _name(value: Any) -> str:
    text = _title(value)
    if len(text) > NAME_LIMIT:
        raise PydanticCustomError("too_long", "too long", {"limit": NAME_LIMIT, "length": len(text)})
    return text


def _bounded(text: str, limit: int) -> str:
    if len(text) > limit:
        raise PydanticCustomError("too_long", "too long", {"limit": limit, "length": len(text)})
    return clean(text)


def _line(value: Any) -> str:
    return " ".join(_bounded("" if value is None else str(value), TITLE_LIMIT).split())


def _listed(value: Any) -> list[str]:
    """Accept a list or text parted by commas, semicolons or bars; keep order, drop doubles."""
    if isinstance(value, str):
        parts = re.split(r"[,;|\n]", _bounded(value, 2_000))
    else:
        parts = list(value) if isinstance(value, list | tuple | set | frozenset) else [] if value is None else [value]
    return list(dict.fromkeys(part for part in (str(item).strip() for item in parts) if part))


def _members(name: str, allowed: frozenset[str]) -> Any:
    def check(values: list[str]) -> list[str]:
        unknown = [value for value in values if value not in allowed]
        if unknown:
            raise PydanticCustomError("unknown_choice", "unknown", {"list": name, "value": unknown[0][:80]})
        return values

    return check


def listing(name: str, allowed: frozenset[str]) -> Any:
    """Return the type of a list whose items all come from `allowed`."""
    return Annotated[list[str], BeforeValidator(_listed), AfterValidator(_members(name, allowed))]


def choice(name: str, allowed: frozenset[str], default: str | None = None) -> Any:
    """Return the type of one value from `allowed`; an empty one becomes `default`."""

    def check(value: Any) -> str | None:
        text = str(value or "").strip()
        if not text:
            return default
        if text not in allowed:
            raise PydanticCustomError("unknown_choice", "unknown", {"list": name, "value": text[:80]})
        return text

    return Annotated[str | None, BeforeValidator(check)]


# As numbers are written in Swedish, and shown by the hub itself: 100 000, with a space that may not break.
_THOUSANDS = re.compile("[ \u00a0\u202f\u2009]")
_GROUPED = re.compile(rf"-?\d{{1,3}}(?:{_THOUSANDS.pattern}\d{{3}})+(?:[.,]\d+)?", re.ASCII)


def ungrouped(text: str) -> str:
    """Return a number without the spaces between its thousands; every other text as it is."""
    return _THOUSANDS.sub("", text) if _GROUPED.fullmatch(text) else text


def number(low: int, high: int) -> Any:
    """Return the type of a whole number from `low` to `high`; an empty one becomes None."""

    def check(value: Any) -> int | None:
        text = str("" if value is None else value).strip()
        if not text:
            return None
        digits = ungrouped(text)
        if not re.fullmatch(r"-?\d{1,9}", digits, re.ASCII) or not low <= int(digits) <= high:
            raise PydanticCustomError("number_range", "number", {"low": low, "high": high, "value": text[:40]})
        return int(digits)

    return Annotated[int | None, BeforeValidator(check)]


def decimal(low: int, high: int) -> Any:
    """Return the type of a number of at most two decimals from `low` to `high`, with a comma or a point."""

    def check(value: Any) -> float | None:
        text = str("" if value is None else value).strip()
        if not text:
            return None
        digits = text.replace(",", ".")
        if not re.fullmatch(r"\d{1,9}(\.\d{1,2})?", digits, re.ASCII) or not low <= float(digits) <= high:
            raise PydanticCustomError("decimal_range", "decimal", {"low": low, "high": high, "value": text[:40]})
        return float(digits)

    return Annotated[float | None, BeforeValidator(check)]


def _day(value: Any) -> str | None:
    text = str("" if value is None else value).strip()
    if not text:
        return None
    try:  # a spreadsheet may say a day as its midnight; an hour would be lost, and so would `2027-03-01 or later`
        found = date.fromisoformat(re.sub(r"[T ]00:00:00\Z", "", text))
    except ValueError:
        raise PydanticCustomError("not_a_date", "date", {"value": text[:40]}) from None
    if not EARLIEST <= found <= date.fromisoformat(clock.day(clock.now())) + timedelta(days=366 * LATEST_YEARS):
        raise PydanticCustomError("date_range", "date", {"value": text[:40], "earliest": EARLIEST.isoformat()})
    return found.isoformat()


def _website(value: Any) -> str:
    typed = text = _line(value)
    if not text:
        return ""
    if "://" not in text:
        text = "https://" + text
    if not re.fullmatch(r"https?://[^\s/?#@\"'<>]+\.[^\s/?#@\"'<>]+([/?#][^\s\"'<>]*)?", text):
        raise PydanticCustomError("not_a_website", "website", {"value": typed[:80]})
    return text


def _email(value: Any) -> str:
    text = _line(value).lower()
    if text and not _EMAIL.fullmatch(text):
        raise PydanticCustomError("not_an_email", "email", {"value": text[:80]})
    return text


def _orgnr(value: Any) -> str | None:
    text = _line(value)
    if not text:
        return None
    digits = re.sub(r"[\s-]", "", text)
    digits = digits[2:] if len(digits) == 12 and digits[:2] in ("16", "19", "20") else digits
    if not stdnum_orgnr.is_valid(digits):
        raise PydanticCustomError("not_an_orgnr", "orgnr", {"value": text[:40]})
    return stdnum_orgnr.compact(digits)


Text = Annotated[str, BeforeValidator(_text)]
Title = Annotated[str, BeforeValidator(_title)]
Name = Annotated[str, BeforeValidator(_name)]  # a title where the table takes no longer one
Line = Annotated[str, BeforeValidator(_line)]
Day = Annotated[str | None, BeforeValidator(_day)]
Website = Annotated[str, BeforeValidator(_website)]
Email = Annotated[str, BeforeValidator(_email)]
Orgnr = Annotated[str | None, BeforeValidator(_orgnr)]
Themes = listing("themes", reference.codes("themes"))
Goals = listing("goals", reference.codes("goals"))
Counties = listing("counties", reference.codes("counties"))
Languages = listing("languages", frozenset(reference.LANGUAGES))
County = choice("counties", reference.codes("counties"))
Municipality = choice("municipalities", reference.codes("municipalities"))
Language = choice("languages", frozenset(reference.LANGUAGES), "sv")

Model = TypeVar("Model", bound=Content)


def validate(model: type[Model], data: dict[str, Any], limit: int = FORM_LIMIT) -> Model:
    """Return the checked content; raise Invalid with a code per field. `limit` is characters per text.

    Half a character, which neither a database nor an error's words can hold, comes out as U+FFFD.
    """
    try:
        return model.model_validate(_whole(data), context={"limit": limit})
    except ValidationError as error:
        raise Invalid(
            {
                str(problem["loc"][0] if problem["loc"] else ""): (problem["type"], problem.get("ctx") or {})
                for problem in error.errors(include_url=False, include_input=False)
            }
        ) from None


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value


class _OneText(Content):
    text: Text = ""


def note(name: str, text: str) -> str:
    """Return a text that is a form's only one, cleaned; raise Invalid under its field's name when it is too long."""
    try:
        return validate(_OneText, {"text": text}).text
    except Invalid as error:
        raise Invalid({name: error.errors["text"]}) from None


def written(name: str, text: str) -> str:
    """Return the same where it may not be empty; raise Invalid for that too."""
    found = note(name, text)
    if not found:
        raise Invalid({name: ("required", {})})
    return found


def filled(
    model: type[Model], data: dict[str, Any], required: dict[str, str], more: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the checked content as a dict; raise one Invalid for what is wrong, what is empty, and `more`.

    `required` maps a field to the code of its error when it is empty; `more` holds errors that the caller found.
    """
    errors: dict[str, tuple[str, dict[str, Any]]] = dict(more or {})
    content: dict[str, Any] = {}
    try:
        content = validate(model, data).model_dump()
    except Invalid as error:
        errors |= error.errors
    known = content or data
    empty = [name for name in required if known.get(name) is None or not str(known[name]).strip()]
    errors = {**{name: (required[name], {}) for name in empty}, **errors}
    if errors:
        raise Invalid(errors)
    return content
