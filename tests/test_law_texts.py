"""Doctor's look at the texts of law: each fault names the file, the line and the remedy; old figures are noted."""

from __future__ import annotations

import io
import json
from pathlib import Path

import docx
import pytest

from matcher import law_texts
from matcher.exchange import agreement_papers
from matcher.hub import agreement_templates, checklists, route_settings, state_aid
from matcher.store import Store
from tests.factories import NOW, create_person

FRESH = "2024-03-01"


def told(folder: Path, today: str = FRESH) -> list[tuple[str, str, str]]:
    return law_texts.faults(folder, today)


def own(folder: Path, name: str, source: Path, before: str = "", after: str = "") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    text = source.read_text(encoding="utf8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf8")
    return path


def line_of(path: Path, text: str, nth: int = 1) -> int:
    return [at for at, line in enumerate(path.read_text(encoding="utf8").splitlines(), 1) if line == text][nth - 1]


def test_what_is_shipped_is_whole(tmp_path):
    assert [fault for fault in told(tmp_path) if fault[1] == "wrong"] == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('phase = "procurement"\ncode = "route"', 'phase = "before"\ncode = "route"', "phase must be one of"),
        ('code = "route"', 'code = "budget"', "the code budget stands twice"),
        ("[item.why]\nsv = \"Vägen", "[item.who]\nsv = \"Vägen", "why is missing"),
    ],
)  # fmt: skip
def test_a_checklist_that_cannot_be_used_names_file_line_and_remedy(tmp_path, before, after, said):
    path = own(tmp_path, "checklists.toml", checklists.SHIPPED, before, after)
    (found,) = told(tmp_path)
    assert found[:2] == ("checklists", "wrong")
    assert f"checklists.toml: line {line_of(path, '[[item]]', 2)}: item 2: " in found[2]
    assert said in found[2]
    assert found[2].endswith(f"Mend it in {tmp_path}; until then the shipped list is used.")


def test_a_checklist_that_is_no_toml_says_where(tmp_path):
    (tmp_path / "checklists.toml").write_text("[[item]]\nphase = procurement\n", encoding="utf8")
    ((name, level, text),) = told(tmp_path)
    assert (name, level) == ("checklists", "wrong")
    assert "line 2" in text


def test_a_way_that_cannot_be_used_names_file_line_and_remedy(tmp_path):
    path = own(tmp_path, "routes/figures.toml", route_settings.SHIPPED / "figures.toml", "1_200_000", "-5")
    (found,) = [fault for fault in told(tmp_path) if fault[0] == "routes"]
    assert found[2].startswith(f"figures.toml: line {line_of(path, '[[figure]]', 2)}: figure 2 (direct_luf): amount")
    assert f"Mend it in {tmp_path / 'routes'}" in found[2]


def test_a_figure_whose_last_day_or_date_has_passed_is_noted_with_where_to_look(tmp_path):
    assert [fault for fault in told(tmp_path, "2023-01-01") if fault[0] == "figures"] == []
    texts = {text.split()[1]: text for name, level, text in told(tmp_path, "2027-01-01") if name == "figures"}
    assert "threshold_lou was valid until 2025-12-31. Look it up at https://" in texts["threshold_lou"]
    assert "direct_lou was last checked 2024-01-01." in texts["direct_lou"]
    assert str(tmp_path / "routes" / "figures.toml") in texts["direct_lou"]


def test_a_figure_that_one_has_looked_up_is_no_longer_noted(tmp_path):
    own(tmp_path, "routes/figures.toml", route_settings.SHIPPED / "figures.toml",
        "applies_from = 2022-02-01\nas_of = 2024-01-01", "applies_from = 2022-02-01\nas_of = 2026-06-01")  # fmt: skip
    texts = [text for name, _level, text in told(tmp_path, "2027-01-01") if name == "figures"]
    assert not any(" direct_lou " in text for text in texts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"limit_eur": "300 000"}, "line 2: limit_eur must be a whole number above nought"),
        ({"kronor_per_euro": -1}, "line 9: kronor_per_euro must be a number above nought"),
        ({"warn_at": 80}, "line 11: warn_at must be a share above 0 and at most 1"),
        ({"as_of": "1 January"}, "line 8: as_of must be a day written as 2026-01-31"),
        ({"source": " "}, "line 6: source must be a text"),
        ({"years": None}, "line 3: years must be a whole number above nought"),
    ],
)
def test_a_limit_that_cannot_be_used_names_file_line_and_remedy(tmp_path, monkeypatch, change, said):
    given = {**json.loads(state_aid.SHIPPED.read_text(encoding="utf8")), **change}
    path = tmp_path / "state_aid.json"
    path.write_text(json.dumps(given, indent=1, ensure_ascii=False), encoding="utf8")
    monkeypatch.setattr(state_aid, "SHIPPED", path)
    (found,) = [fault for fault in told(tmp_path) if fault[0] == "state aid"]
    assert found[1] == "wrong"
    words = said.split(": ", 1)[1]
    line = next(at for at, text in enumerate(path.read_text().splitlines(), 1) if f'"{words.split()[0]}"' in text)
    assert f"state_aid.json: line {line}: {words}. Mend it in {tmp_path}." == found[2]


def test_a_limit_that_lacks_a_value_or_is_no_json_is_wrong(tmp_path, monkeypatch):
    path = tmp_path / "state_aid.json"
    monkeypatch.setattr(state_aid, "SHIPPED", path)
    for text, said in [("{}", "limit_eur is missing"), ("{\n 'a'", "line 2"), ("[]", "limit_eur is missing")]:
        path.write_text(text, encoding="utf8")
        (found,) = [fault for fault in told(tmp_path) if fault[0] == "state aid"]
        assert found[1] == "wrong"
        assert said in found[2]


def test_a_limit_that_nobody_has_looked_up_for_two_years_is_noted(tmp_path):
    assert [level for name, level, _ in told(tmp_path, "2026-06-01") if name == "state aid"] == ["note"]
    assert [level for name, level, _ in told(tmp_path, "2025-12-31") if name == "state aid"] == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,Lag,Act,Text,Text,https://example.org,", "line 2: dated is missing"),
        ("x,Lag,Act,Text,Text,http://example.org,2020-01-01", "line 2: url must begin with https://"),
        ("x,Lag,Act,Text,Text,https://example.org,1 maj", "line 2: dated must be a day written as 2026-01-31"),
    ],
)
def test_a_rule_that_cannot_be_used_names_file_line_and_remedy(tmp_path, monkeypatch, row, said):
    path = tmp_path / "pilot_rules.csv"
    path.write_text(f"{','.join(law_texts.CHECKED)}\n{row}\n", encoding="utf8")
    monkeypatch.setattr(law_texts, "PILOT_RULES", path)
    (found,) = [fault for fault in told(tmp_path) if fault[0] == "pilot rules"]
    assert found[2] == f"pilot_rules.csv: {said}. Mend it in {tmp_path}."


def paper(text: str) -> bytes:
    document, made = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(made)
    return made.getvalue()


def test_a_shipped_template_that_is_missing_or_broken_is_wrong(tmp_path, monkeypatch):
    broken = tmp_path / "own.docx"
    broken.write_bytes(paper("{{ owner_nam }}"))
    monkeypatch.setattr(agreement_papers, "SHIPPED", {"sv": broken, "en": tmp_path / "gone.docx"})
    texts = [text for name, _level, text in told(tmp_path) if name == "agreements"]
    assert texts[0].startswith("own.docx uses fields that there are not: 'owner_nam' is undefined.")
    assert texts[1].startswith("gone.docx cannot be read:")


def test_an_uploaded_template_that_can_no_longer_be_used_is_named(store: Store):
    administrator = create_person(store, "administrator")
    whole = paper(" ".join("{{ " + name + " }}" for name in agreement_papers.NEEDED))
    given = {"language": "sv"}
    agreement_templates.add(store, administrator, {**given, "name": "Hel"}, whole, NOW)
    assert law_texts.template_faults(store) == []
    agreement_templates.add(store, administrator, {**given, "name": "Trasig"}, paper("{{ owner_name "), NOW)
    ((name, level, text),) = law_texts.template_faults(store)
    assert (name, level) == ("agreements", "wrong")
    assert text.startswith("the template “Trasig” ")
    assert "upload it again" in text
