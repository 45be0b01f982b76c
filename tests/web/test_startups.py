import json

import pytest

from matcher.hub import duplicates, startups
from matcher.web import letters
from tests.factories import NOW, create_need, create_organisation, create_person, create_startup, grant

FORM = {
    "name": "Nattljus AB",
    "orgnr": "556036-0793",
    "website": "www.example.com",
    "problem": "Äldre faller på natten.",
    "audience": "Boenden",
    "description": "En sensor larmar tyst.",
    "novelty": "",
    "evidence": "22 avdelningar",
    "readiness": "7",
    "seeks__shown": "1",
    "seeks": ["test", "sell"],
    "capacity": "2",
    "regions__shown": "1",
    "regions": ["12"],
    "languages__shown": "1",
    "languages": ["sv", "en"],
    "themes__shown": "1",
    "themes": ["elderly_care"],
    "language": "sv",
}


@pytest.fixture
def company(store):
    return create_organisation(store, "company", name="Nattljus AB", orgnr="5560360793", website="https://n.example")


@pytest.fixture
def person(store, company):
    return create_person(store, "startup", company)


def test_profiles_are_for_those_who_are_logged_in(store, client):
    row = create_startup(store, published=True)
    for path in ("/startups", f"/startups/{row['id']}"):
        answer = client.get(path)
        assert (answer.status_code, answer.location.split("?")[0]) == (302, "/login")


@pytest.mark.parametrize("role", ["owner", "host", "startup"])
def test_others_browse_what_is_published_and_see_no_states(store, client, login, text, role):
    create_startup(store, name="Synlig", published=True, flagged_at=NOW, flag_reason="Hemligt")
    create_startup(store, name="Utkast")
    page = text(login(client, create_person(store, role)).get("/startups?state=draft&complete=low"))
    assert "Synlig" in page
    for hidden in ("Utkast", "Hemligt", "Flagged", "Filled in"):
        assert hidden not in page


def test_a_broker_filters_by_state_theme_completeness_and_name(store, client, login, broker, text):
    full = dict.fromkeys(("problem", "description", "audience", "novelty", "evidence"), "x" * 120)
    create_startup(store, name="Alfa", published=True, **full)
    create_startup(store, name="Beta", problem="", description="", audience="", evidence="", themes=["food"])
    login(client, broker)
    for query, seen in (
        ("state=draft", {"Beta"}),
        ("state=published", {"Alfa"}),
        ("theme=food", {"Beta"}),
        ("complete=low", {"Beta"}),
        ("complete=high", {"Alfa"}),
        ("q=alf", {"Alfa"}),
        ("sort=completeness", {"Alfa", "Beta"}),
        ("state=' or 1=1", {"Alfa", "Beta"}),
    ):
        page = text(client.get(f"/startups?{query}"))
        assert {name for name in ("Alfa", "Beta") if f">{name}</a>" in page} == seen, query


def test_an_empty_list_says_what_to_do_first(store, client, login, broker, person, text):
    assert "Import a list of companies" in text(login(client, broker).get("/startups"))
    assert "Yours can be the first" in text(login(client, person).get("/startups"))
    assert "No profile fits these choices" in text(client.get("/startups?theme=food"))


def test_the_form_comes_with_the_companys_name_and_number(store, client, login, person):
    page = login(client, person).get("/startups/new").get_data(as_text=True)
    for value in ("Nattljus AB", "5560360793", "https://n.example"):
        assert f'value="{value}"' in page


def test_a_profile_is_written_and_published_in_one_go(store, client, login, person, company, text):
    answer = login(client, person).post("/startups/new", data={**FORM, "then": "publish"})
    assert answer.status_code == 303
    row = startups.decode(store.query("select * from startup")[0])
    assert (row["status"], row["regions"], row["seeks"]) == ("published", ["12"], ["test", "sell"])
    assert row["organisation_id"] == company["id"]
    page = text(client.get(answer.location))
    assert "Brokers and need owners see the profile from now on." in page
    assert "Needs for you" in page


def test_a_draft_needs_only_a_name_and_says_what_comes_next(store, client, login, person, text):
    answer = login(client, person).post("/startups/new", data={"name": "Nattljus"})
    page = text(client.get(answer.location))
    assert "Before it can be published these must be written" in page
    assert "This would help most" in page
    assert "/edit#problem" in page


def test_what_is_missing_for_publishing_is_said_and_the_draft_is_kept(store, client, login, person, text):
    answer = login(client, person).post("/startups/new", data={**FORM, "problem": "", "then": "publish"})
    assert answer.status_code == 422
    page = text(answer)
    assert "The draft is saved, but it cannot be published yet." in page
    assert 'href="#problem"' in page
    assert [row["published_at"] for row in store.query("select * from startup")] == [None]


def test_a_form_with_faults_keeps_everything_that_was_typed(store, client, login, person, text):
    faulty = {**FORM, "orgnr": "5560360794", "readiness": "12", "website": "inte en adress", "problem": "x" * 40_000}
    answer = login(client, person).post("/startups/new", data=faulty)
    assert answer.status_code == 422
    page = text(answer)
    assert "is not an organisation number: a digit is wrong" in page
    assert "The text has 40000 characters" in page
    for kept in ('value="5560360794"', 'value="inte en adress"', "x" * 40_000, 'value="elderly_care" checked'):
        assert kept in page
    assert store.query("select id from startup") == []


def test_only_startups_write_profiles(store, client, login, broker):
    assert login(client, broker).get("/startups/new").status_code == 404
    assert client.post("/startups/new", data=FORM).status_code == 404


def test_who_acts_for_several_companies_chooses_and_no_other_is_taken(store, client, login, person, company):
    second = create_organisation(store, "company", name="Andra AB")
    person = grant(store, person, "startup", second)
    page = login(client, person).get(f"/startups/new?organisation_id={second['id']}").get_data(as_text=True)
    assert f'<option value="{second["id"]}" selected' in page
    client.post("/startups/new", data={"name": "A", "organisation_id": second["id"]})
    client.post("/startups/new", data={"name": "B", "organisation_id": create_organisation(store, "company")["id"]})
    owners = {row["name"]: row["organisation_id"] for row in store.query("select * from startup")}
    assert owners["A"] == second["id"]
    assert owners["B"] in (company["id"], second["id"])


def test_a_change_is_saved_and_the_last_box_can_be_unticked(store, client, login, person, company):
    row = create_startup(store, company, published=True)
    login(client, person)
    assert client.get(f"/startups/{row['id']}/edit").status_code == 200
    data = {"revision": "1", "evidence": "23 avdelningar", "seeks__shown": "1"}
    assert client.post(f"/startups/{row['id']}/edit", data=data).status_code == 303
    saved = startups.decode(store.query("select * from startup")[0])
    assert (saved["evidence"], saved["seeks"], saved["themes"]) == ("23 avdelningar", [], row["themes"])


def test_the_second_tab_sees_both_texts_and_can_save_its_own(store, client, login, person, company, text):
    row = create_startup(store, company)
    startups.save(store, person, row["id"], {"problem": "Sparat först", "regions": ["25"]}, 1, NOW)
    data = {"revision": "1", "problem": "Skrivet sedan", "regions__shown": "1", "regions": ["12"]}
    answer = login(client, person).post(f"/startups/{row['id']}/edit", data=data)
    assert answer.status_code == 409
    page = text(answer)
    for part in ("Sparat först", "Skrivet sedan", "Saved now: The problem", "Saved now: Can work in"):
        assert part in page
    assert "Saved now: The offer" not in page
    assert client.post(f"/startups/{row['id']}/edit", data={**data, "revision": "2"}).status_code == 303
    assert store.query("select problem from startup")[0]["problem"] == "Skrivet sedan"


def test_others_find_no_draft_and_change_nothing(store, client, login, company):
    draft, shown = create_startup(store, company), create_startup(store, company, published=True)
    login(client, create_person(store, "startup"))
    assert client.get(f"/startups/{draft['id']}").status_code == 404
    for path in ("edit", "publish", "unpublish", "hide", "flag", "unhide", "unflag"):
        assert client.post(f"/startups/{draft['id']}/{path}", data={"name": "K", "reason": "K"}).status_code == 404
        assert client.post(f"/startups/{shown['id']}/{path}", data={"name": "K", "reason": "K"}).status_code == 403
    assert {row["revision"] for row in store.query("select revision from startup")} == {1}


def test_publishing_and_taking_back_work_once_each(store, client, login, person, company, text):
    row = create_startup(store, company)
    login(client, person)
    for path, status in (("publish", 303), ("publish", 409), ("unpublish", 303), ("unpublish", 409)):
        answer = client.post(f"/startups/{row['id']}/{path}")
        assert answer.status_code == status
    assert "not published, so there is nothing to take back" in text(answer)


def test_a_broker_does_not_publish_for_a_company(store, client, login, broker):
    row = create_startup(store)
    assert login(client, broker).post(f"/startups/{row['id']}/publish").status_code == 403


def test_what_the_machine_reads_and_what_would_help_are_for_the_company_and_brokers(
    store, client, login, person, broker, company, text
):
    row = create_startup(store, company, published=True, problem="Fall")
    for viewer in (person, broker):
        page = text(login(client, viewer).get(f"/startups/{row['id']}"))
        assert "What the machine reads" in page
        assert "Say which problem it solves" in page
    page = text(login(client, create_person(store, "owner")).get(f"/startups/{row['id']}"))
    assert row["problem"] in page
    assert "What the machine reads" not in page
    assert "How complete it is" not in page


def test_hiding_tells_the_company_and_shows_it_the_reason(store, client, login, person, broker, company, text, app):
    row = create_startup(store, company, published=True)
    answer = login(client, broker).post(f"/startups/{row['id']}/hide", data={"reason": "Numret är fel."})
    assert "Hidden. The company has been told why." in text(client.get(answer.location))
    assert "Numret är fel." in text(login(client, person).get(f"/startups/{row['id']}"))
    assert "Numret är fel." in letter(store, app, "startup_hidden")[1]
    assert login(client, create_person(store, "owner")).get(f"/startups/{row['id']}").status_code == 404
    assert login(client, broker).post(f"/startups/{row['id']}/hide", data={"reason": "Igen"}).status_code == 409
    assert client.post(f"/startups/{row['id']}/unhide").status_code == 303
    assert letter(store, app, "startup_shown")


def test_a_flag_asks_the_company_and_is_taken_away(store, client, login, person, broker, company, text, app):
    row = create_startup(store, company, published=True)
    login(client, broker).post(f"/startups/{row['id']}/flag", data={"reason": "Vem är referensen?"})
    assert "Vem är referensen?" in text(client.get(f"/startups/{row['id']}"))
    _, body = letter(store, app, "startup_flagged")
    assert "Vem är referensen?" in body
    assert f"http://localhost/startups/{row['id']}/edit" in body
    assert broker.email in body
    assert client.post(f"/startups/{row['id']}/unflag").status_code == 303
    assert client.post(f"/startups/{row['id']}/unflag").status_code == 409
    assert letter(store, app, "startup_unflagged")


def test_a_reason_is_asked_for_beside_its_own_form(store, client, login, broker, text):
    row = create_startup(store, published=True)
    login(client, broker)
    answer = client.post(f"/startups/{row['id']}/hide", data={"reason": "  "})
    assert answer.status_code == 422
    assert 'href="#hide"' in text(answer)
    answer = client.post(f"/startups/{row['id']}/flag", data={"reason": "y" * 9_000})
    assert answer.status_code == 422
    assert "y" * 9_000 in text(answer)


def letter(store, app, template):
    """Return subject and text of the first mail of a template."""
    rows = store.query("select * from outbox where template = :template order by id", {"template": template})
    assert rows, f"no mail {template}"
    with app.app_context():
        return letters.write({**rows[0], "params": json.loads(rows[0]["params"])})


@pytest.fixture
def pair(store, company, person):
    other = create_organisation(store, "company", name="Nattljus", orgnr="5560360793")
    rows = {
        "keep": create_startup(store, company, name="Nattljus AB", published=True, created_at="2026-01-01T"),
        "drop": create_startup(store, other, name="Nattljus", published=True, evidence="Annat belägg"),
        "dropper": create_person(store, "startup", other),
    }
    duplicates.find(store, NOW)
    return {**rows, "id": store.query("select id from merge_offer")[0]["id"]}


def test_a_broker_looks_for_duplicates_and_finds_none_twice(store, client, login, broker, text):
    login(client, broker)
    assert "No pair waits for you" in text(client.get("/startups/duplicates"))
    assert "Nothing has been decided yet" in text(client.get("/startups/duplicates?decided=yes"))
    create_startup(store, name="Nattljus Omsorg AB")
    create_startup(store, name="Nattljus omsorg")
    for said in ("1 new pair was found.", "No new pairs were found."):
        answer = client.post("/startups/duplicates")
        assert said in text(client.get(answer.location))


def test_two_profiles_stand_side_by_side_with_what_differs(store, client, login, broker, pair, text):
    page = text(login(client, broker).get("/startups/duplicates"))
    assert "Same organisation number: 556036-0793" in page
    page = text(client.get(f"/startups/duplicates/{pair['id']}"))
    assert "2 fields differ" in page
    assert "Annat belägg" in page
    assert pair["dropper"].name in page


def test_a_number_that_a_company_gave_itself_in_place_of_another_is_no_proof(store, client, login, broker, pair, text):
    administrator, home = create_person(store, "administrator"), pair["drop"]["organisation_id"]
    revision = pair["drop"]["revision"]
    for number in ("5560125790", "5560360793"):
        startups.save(store, pair["dropper"], pair["drop"]["id"], {"orgnr": number}, revision, NOW)
        revision += 1
    address = f"/startups/duplicates/{pair['id']}"
    page = text(login(client, broker).get(address))
    assert "by the company itself. Before: 556012-5790" in page
    assert "Nattljus gave itself this organisation number on" in page
    login(client, administrator)
    form = f"/admin/organisations/{home}/edit"
    assert "By saving you confirm that it is theirs" in text(client.get(form))
    client.post(form, data={"name": "Nattljus", "kind": "company", "orgnr": "556036-0793"})
    assert "By saving you confirm" not in text(client.get(form))
    page = text(login(client, broker).get(address))
    assert "by an administrator" in page
    assert "gave itself this organisation number" not in page


def test_merging_moves_tells_both_and_can_be_taken_back(store, client, login, broker, person, pair, text, app):
    login(client, broker)
    data = {"keep_id": pair["keep"]["id"], "invite": "yes"}
    answer = client.post(f"/startups/duplicates/{pair['id']}/merge", data=data)
    assert "Merged: Nattljus AB is kept" in text(client.get(answer.location))
    assert "Nattljus AB" in letter(store, app, "startup_merged")[1]
    assert store.query("select count(*) as n from outbox where template = 'startup_merged'")[0]["n"] == 2
    assert "Go to Nattljus AB" in text(client.get(f"/startups/{pair['drop']['id']}"))
    assert client.get(f"/startups/{pair['drop']['id']}/edit").status_code == 409
    assert client.post(f"/startups/duplicates/{pair['id']}/merge", data=data).status_code == 409
    assert "Merged" in text(client.get("/startups/duplicates?decided=yes"))
    answer = client.post(f"/startups/duplicates/{pair['id']}/undo")
    assert "Your decision" in text(client.get(answer.location))
    assert letter(store, app, "startup_unmerged")
    assert "an earlier decision was taken back" in text(client.get("/startups/duplicates"))


def test_the_merged_companys_people_find_the_kept_profile(store, client, login, broker, pair, text):
    login(client, broker).post(f"/startups/duplicates/{pair['id']}/merge", data={"keep_id": pair["keep"]["id"]})
    page = text(login(client, pair["dropper"]).get(f"/startups/{pair['drop']['id']}"))
    assert "Merged into another profile" in page
    assert f"/startups/{pair['keep']['id']}" in page


def test_two_companies_are_kept_apart(store, client, login, broker, pair, text):
    answer = login(client, broker).post(f"/startups/duplicates/{pair['id']}/different")
    assert "No pair waits for you" in text(client.get(answer.location))
    assert client.post(f"/startups/duplicates/{pair['id']}/different").status_code == 409
    assert "Kept apart" in text(client.get(f"/startups/duplicates/{pair['id']}"))


def test_what_stops_a_merge_is_said_before_and_after(store, client, login, broker, pair, text):
    need = create_need(store, published=True, title="Färre fall")
    for side in ("keep", "drop"):
        store.insert(
            "pairing",
            {"id": side, "need_id": need["id"], "startup_id": pair[side]["id"], "need_version": 1, "seen": "{}",
             "proposed_at": NOW, "answer_by": NOW},
        )  # fmt: skip
    login(client, broker)
    assert "Both have an open pairing for “Färre fall”" in text(client.get(f"/startups/duplicates/{pair['id']}"))
    answer = client.post(f"/startups/duplicates/{pair['id']}/merge", data={"keep_id": pair["keep"]["id"]})
    assert answer.status_code == 409
    assert "Both profiles have an open pairing for “Färre fall”" in text(answer)


def test_merging_is_for_brokers(store, client, login, person, pair):
    login(client, person)
    assert client.get("/startups/duplicates").status_code == 404
    assert client.get(f"/startups/duplicates/{pair['id']}").status_code == 404
    for path in ("merge", "different", "undo"):
        assert client.post(f"/startups/duplicates/{pair['id']}/{path}").status_code == 404
    assert store.query("select decided_at from merge_offer") == [{"decided_at": None}]


def test_the_list_asks_the_store_as_often_for_forty_as_for_two(store, client, login, broker, monkeypatch):
    login(client, broker)

    def asked():
        count = 0
        query = type(store).query

        def counted(self, *args, **kwargs):
            nonlocal count
            count += 1
            return query(self, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(type(store), "query", counted)
            client.get("/startups?sort=completeness")
        return count

    for _ in range(2):
        create_startup(store, published=True)
    few = asked()
    for _ in range(38):
        create_startup(store, published=True)
    assert asked() == few
