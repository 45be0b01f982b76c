import pytest

from matcher.hub import needs
from matcher.web.need_form import STEPS
from tests import factories
from tests.factories import NOW


@pytest.fixture
def draft(store, owner):
    return factories.create_need(store, owner.organisations("owner")[0])


@pytest.fixture
def writer(client, login, owner):
    """The browser of the draft's owner."""
    return login(client, owner)


def send(client, need, step, go="next", revision=None, **typed):
    data = {"step": step, "revision": revision or need["revision"], "go": go, **typed}
    return client.post(f"/needs/{need['id']}/edit", data=data)


def stored(store, need):
    return store.query("select * from need where id = :id", {"id": need["id"]})[0]


def test_a_need_goes_from_a_name_to_the_broker_one_question_at_a_time(store, writer, owner):
    answer = writer.post("/needs/new", data={"title": "Färre fall", "language": "sv"})
    assert answer.status_code == 303
    texts = {
        "people": {"people": "148 boende på tre särskilda boenden."},
        "today": {"description": "412 fall registrerades i fjol, de flesta mellan klockan 22 och 06."},
        "effect": {"effect": "Att den som är på väg upp får stöd i tid.", "measure": "Fall per 1 000 dygn, i dag 5,1."},
        "tried": {"tried": "Larmmattor."},
        "keep": {"keep": "Ingen kamera."},
        "beneficiaries": {"beneficiaries": ["patient", "staff"], "beneficiaries__shown": "1"},
        "themes": {"themes": ["elderly_care"], "themes__shown": "1", "goals": ["3"], "goals__shown": "1"},
        "place": {"county_code": "12", "municipality_code": "1280", "local": "yes", "local__shown": "1"},
        "responsible": {"contact": "Kim", "runner": "Vård"},
        "resources": {"budget": "under_100k", "wanted_by": "2035-01-01", "valid_until": ""},
        "practical": {"testbed_id": "", "languages": ["sv", "en"], "languages__shown": "1", "min_readiness": "5"},
    }
    need = {"id": answer.location.split("/")[2], "revision": 1}
    for step, typed in texts.items():
        assert step in answer.location
        assert writer.get(answer.location).status_code == 200
        answer = send(writer, need, step, **typed)
        assert answer.status_code == 303
        need = needs.load(store, owner, need["id"])
    assert answer.location.endswith("step=check")
    assert writer.get(answer.location).status_code == 200
    assert need["local"] == "yes"
    assert need["languages"] == ["sv", "en"]
    assert writer.post(f"/needs/{need['id']}/submit").status_code == 303
    assert needs.load(store, owner, need["id"])["status"] == "submitted"


@pytest.mark.parametrize("step", [step.code for step in STEPS])
def test_every_step_says_which_of_how_many_it_is(writer, draft, step, text):
    page = text(writer.get(f"/needs/{draft['id']}/edit?step={step}"))
    number = [one.code for one in STEPS].index(step) + 1
    assert f'<progress value="{number}" max="{len(STEPS) + 1}"' in page
    assert 'name="revision" value="1"' in page


def test_the_form_goes_on_where_something_is_missing(store, writer, owner):
    need = factories.create_need(store, owner.organisations("owner")[0], effect="", measure="")
    assert b'name="effect"' in writer.get(f"/needs/{need['id']}/edit").data


def test_a_name_is_needed_before_there_is_a_draft(store, writer, text):
    answer = writer.post("/needs/new", data={"title": " ", "language": "en"})
    assert answer.status_code == 422
    assert 'href="#title"' in text(answer)
    assert store.query("select id from need") == []


def test_who_acts_for_several_organisations_chooses_one_of_their_own(store, client, login, owner):
    both = factories.grant(store, owner, "owner")
    login(client, both)
    stranger = factories.create_organisation(store)
    for chosen in ("", stranger["id"], "nowhere"):
        answer = client.post("/needs/new", data={"title": "Kvar i rutan", "organisation_id": chosen})
        assert answer.status_code == 422
        assert b"Kvar i rutan" in answer.data
    second = both.organisations("owner")[1]
    assert client.post("/needs/new", data={"title": "T", "organisation_id": second}).status_code == 303
    assert store.query("select organisation_id from need") == [{"organisation_id": second}]


def test_whoever_acts_for_nobody_is_not_offered_the_form(store, client, login):
    login(client, factories.create_person(store, "host"))
    assert client.get("/needs/new").status_code == 404


def test_a_visitor_logs_in_first(client):
    assert "/login?next=" in client.get("/needs/new").location


def test_saving_and_closing_leaves_the_form(store, writer, draft):
    answer = send(writer, draft, "keep", go="close", keep="Ingen kamera alls.")
    assert answer.location == f"/needs/{draft['id']}"
    assert stored(store, draft)["keep"] == "Ingen kamera alls."


def test_a_change_from_the_last_page_leads_back_to_it(writer, draft):
    answer = send(writer, draft, "keep", then="check", keep="Ingen kamera alls.")
    assert answer.location.endswith("step=check")


def test_unticking_the_last_box_is_a_change(store, writer, draft):
    send(writer, draft, "beneficiaries", beneficiaries__shown="1")
    assert stored(store, draft)["beneficiaries"] == "[]"


@pytest.mark.parametrize(
    ("step", "typed"),
    [
        ("today", {"description": "å" * 40_000}),
        ("resources", {"wanted_by": "1899-12-31"}),
        ("resources", {"valid_until": "nästa vår"}),
        ("title", {"title": "", "language": "sv"}),
    ],
)
def test_what_cannot_be_used_stays_in_the_form_with_the_reason(store, writer, draft, step, typed, text):
    answer = send(writer, draft, step, **typed)
    name, value = next(iter(typed.items()))
    assert answer.status_code == 422
    page = text(answer)
    assert f'href="#{name}"' in page
    assert value in page
    assert 'aria-invalid="true"' in page
    assert stored(store, draft)["revision"] == 1


def test_a_language_that_nobody_configured_is_refused(store, writer, draft, text):
    answer = send(writer, draft, "title", title="Kvar", language="tlh")
    assert answer.status_code == 422
    assert "Kvar" in text(answer)


def test_two_tabs_see_both_texts_and_nothing_is_lost(store, writer, draft, text):
    send(writer, draft, "keep", keep="Från första fliken.")
    answer = send(writer, draft, "keep", keep="Från andra fliken.")
    assert answer.status_code == 409
    page = text(answer)
    assert "Från första fliken." in page
    assert "Från andra fliken.</textarea>" in page
    assert 'name="revision" value="2"' in page
    assert stored(store, draft)["keep"] == "Från första fliken."
    assert send(writer, draft, "keep", revision=2, keep="Från andra fliken.").status_code == 303
    assert stored(store, draft)["keep"] == "Från andra fliken."


def test_pressing_save_twice_is_no_conflict(writer, draft):
    for _ in range(2):
        assert send(writer, draft, "keep", keep="Samma text.").status_code == 303


def test_a_hint_comes_back_once_and_stops_nobody(store, writer, draft, text):
    typed = {"effect": "Vi vill upphandla en app som larmar på natten.", "measure": draft["measure"]}
    answer = send(writer, draft, "effect", **typed)
    assert "step=effect" in answer.location
    page = text(writer.get(answer.location))
    assert "“upphandla”" in page
    answer = send(writer, draft, "effect", revision=2, seen="effect:solution", **typed)
    assert "step=tried" in answer.location


def test_the_last_page_lists_what_is_missing(store, writer, owner, text):
    need = factories.create_need(store, owner.organisations("owner")[0], people="", measure="")
    answer = writer.post(f"/needs/{need['id']}/submit")
    assert answer.status_code == 422
    assert "step=people&amp;then=check" in answer.get_data(as_text=True)
    assert stored(store, need)["submitted_at"] is None


def test_the_back_button_after_sending_gets_a_clear_message(writer, draft, text):
    assert writer.post(f"/needs/{draft['id']}/submit").status_code == 303
    again = writer.post(f"/needs/{draft['id']}/submit")
    assert again.status_code == 409
    assert "already been sent" in text(again)
    assert "/submit" not in text(writer.get(f"/needs/{draft['id']}/edit?step=check"))
    assert "has been sent for review" in text(writer.get(f"/needs/{draft['id']}/edit?step=keep"))
    stale = send(writer, draft, "keep", keep="Skrivet efteråt.")
    assert stale.status_code == 409
    assert "Skrivet efteråt." in text(stale)


def test_a_session_that_ran_out_keeps_what_was_typed(store, client, draft, text):
    answer = send(client, draft, "keep", keep="En lång text som inte får försvinna.")
    assert answer.status_code == 401
    assert "En lång text som inte får försvinna." in text(answer)
    assert 'value="keep"' in text(answer)


def test_a_change_of_a_published_need_is_a_version_and_rankable(store, writer, owner):
    need = factories.create_need(store, owner.organisations("owner")[0], published=True)
    assert send(writer, need, "keep", keep="Ingen kamera alls.").status_code == 303
    assert stored(store, need)["version"] == 2
    assert store.query("select subject_id from embedding where kind = 'need'") == [{"subject_id": need["id"]}]


def test_a_broker_may_help_with_the_text(store, client, login, draft):
    login(client, factories.create_person(store, "broker"))
    assert send(client, draft, "keep", keep="Med hubbens hjälp.").status_code == 303
    assert stored(store, draft)["keep"] == "Med hubbens hjälp."


def test_an_unknown_step_saves_nothing_it_should_not(store, writer, draft):
    answer = send(writer, draft, "admin", published_at=NOW, organisation_id="x")
    assert answer.status_code == 303
    assert stored(store, draft)["published_at"] is None
    assert stored(store, draft)["organisation_id"] == draft["organisation_id"]


def test_a_write_without_the_token_is_refused_and_keeps_the_text(store, writer, draft, text):
    answer = writer.post(
        f"/needs/{draft['id']}/edit", data={"step": "keep", "revision": 1, "keep": "Kvar."}, csrf=False
    )
    assert answer.status_code == 400
    assert "Kvar." in text(answer)
    assert stored(store, draft)["keep"] == draft["keep"]
