"""Every form of the hub takes any text: it is kept as the form wants it, or each field that is wrong is named."""

from __future__ import annotations

import importlib
import pkgutil
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher import hub
from matcher.hub import fields
from matcher.hub.errors import Invalid

for _module in pkgutil.iter_modules(hub.__path__):
    importlib.import_module(f"matcher.hub.{_module.name}")


def _forms(form: type[fields.Content]) -> list[type[fields.Content]]:
    return [form, *(deeper for child in form.__subclasses__() for deeper in _forms(child))]


FORMS = sorted((form for form in _forms(fields.Content) if form.model_fields), key=lambda form: form.__module__)
ODD = st.sampled_from(
    ["", " ", "\x00", "\ud800", "9" * 400, "-1", "1e9", "NaN", "٣", "²", "½", "2026-02-30", "9999-12-31", "0000-01-01",
     "a@b", "å@ä.example\n", "http://[", "https://x\\@y", "javascript:1", "other", "yes", "no", "1,5", "1\u00a0000",
     "\u202e", "=1+1", "<b>", "%(name)s", "x" * 70_000, "e\u0301" * 300]
)  # fmt: skip
TEXT = st.one_of(ODD, st.text(max_size=40), st.from_regex(r"-?[0-9 .,:/T-]{1,14}", fullmatch=True))
VALUE = st.one_of(
    TEXT, st.lists(TEXT, max_size=4), st.none(), st.integers(), st.floats(), st.dictionaries(TEXT, TEXT, max_size=2)
)


def _name(form: type[fields.Content]) -> str:
    return f"{form.__module__.rpartition('.')[2]}.{form.__name__}"


@pytest.mark.parametrize("form", FORMS, ids=_name)
# A loaded machine is slow, not wrong.
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_text_is_kept_as_the_form_wants_it_or_named(form, data):
    names = sorted(form.model_fields)
    sent = data.draw(st.dictionaries(st.sampled_from(names), VALUE, max_size=len(names)))
    try:
        kept = fields.validate(form, sent).model_dump()
    except Invalid as error:
        wrong = error.errors
    else:
        wrong = {}
    assert set(wrong) <= set(names)
    assert all(isinstance(code, str) and isinstance(params, dict) for code, params in wrong.values())
    if wrong:
        return
    again = fields.validate(form, {name: kept[name] for name in sent}).model_dump()
    assert again == kept, "what was kept is not taken again as it is"
    for name, value in kept.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                assert "\x00" not in text, name
                assert not any(unicodedata.category(mark) == "Cs" for mark in text), name


@pytest.mark.parametrize("form", FORMS, ids=_name)
def test_a_field_that_is_sent_empty_is_what_it_is_when_it_is_not_sent(form):
    for name, field in form.model_fields.items():
        if field.is_required():
            continue
        try:
            kept = getattr(fields.validate(form, {name: ""}), name)
        except Invalid:
            continue  # it must be filled in, or another field must
        assert kept == field.get_default(call_default_factory=True), name
