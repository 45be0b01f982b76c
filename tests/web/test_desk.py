from __future__ import annotations

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner

from matcher import cli
from matcher.hub import clock, conflicts, dismissals
from matcher.ranking import combinations, explaining, indexing, unexpected
from matcher.ranking import encoder as encoders
from matcher.ranking.encoder import TinyEncoder
from tests import factories
from tests.ranking import hub

NEED = "Äldre faller om natten på boendet"
OFFERS = [
    "Sensor som larmar när äldre faller om natten på boendet",
    "Plog för snöröjning av cykelvägar",
    "Våg som mäter matsvinn i skolkök",
]


@pytest.fixture
def need(store: Any) -> dict[str, Any]:
    return hub.create_need(store, NEED, id="behov", contact="Kim", runner="Vården")


@pytest.fixture
def startups(store: Any, need: Any) -> list[dict[str, Any]]:
    made = [
        hub.create_startup(store, text, id=f"bolag-{n}", name=f"Bolag {n}", readiness=7)
        for n, text in enumerate(OFFERS)
    ]
    hub.embed(store, TinyEncoder())
    return made


@pytest.fixture
def broker(store: Any, client: Any, login: Any) -> Any:
    client.person = factories.create_person(store, "broker")
    return login(client, client.person)


def ranked(answer: Any) -> list[str]:
    """Return the ids of a page's startups in their order."""
    return re.findall(r'<li class="match[^"]*" data-item id="startup-([^"]+)"', answer.get_data(as_text=True))


def test_the_inbox_of_an_empty_hub_says_what_to_do(broker: Any, text: Any) -> None:
    assert "The desk is empty" in text(broker.get("/desk/"))


def test_the_inbox_shows_what_waits_with_its_age_and_where_it_leads(broker: Any, store: Any, text: Any) -> None:
    old = clock.later(clock.now(), days=-9)
    row = factories.create_need(store, submitted=True, title="Gammalt ärende", submitted_at=old)
    page = text(broker.get("/desk/"))
    assert "1 thing waits for you" in page
    assert "oldest: 9 days" in page
    assert "2 days late" in page, "seven days were promised"
    assert f"/needs/{row['id']}/review" in page


def test_the_inbox_says_of_a_need_until_when_it_is_valid_not_by_when_something_is_to_be_done(
    broker: Any, store: Any, text: Any
) -> None:
    soon = clock.day(clock.later(clock.now(), days=3))
    factories.create_need(store, published=True, valid_until=soon)
    page = text(broker.get("/desk/"))
    assert "· valid until " in page
    assert "· by " not in page


def test_what_is_dated_later_than_now_is_not_told_as_days_before_today(broker: Any, store: Any, text: Any) -> None:
    factories.create_need(store, submitted=True, submitted_at=clock.later(clock.now(), days=3))
    assert not re.search(r"-\d+ day", text(broker.get("/desk/")))


def test_the_ranking_shows_rank_parts_reasons_and_the_model(broker: Any, startups: Any, text: Any) -> None:
    answer = broker.get("/desk/needs/behov")
    page = text(answer)
    assert ranked(answer)[0] == "bolag-0"
    assert "3 startups ranked" in page
    assert "Model: tiny, scoring 1" in page
    assert "<mark>faller</mark>" in page
    score, meaning, words = (
        float(found) for found in re.search(
            r"Fit for the need</span> <strong>(-?[\d.]+).*?meaning <span class=\"figure\">(-?[\d.]+).*?words <span"
            r" class=\"figure\">(-?[\d.]+)", page
        ).groups()
    )  # fmt: skip
    assert meaning + words == pytest.approx(score, abs=0.011), "the figures shown add up"


def test_beside_the_name_stands_in_how_many_other_lists_it_is(
    broker: Any, store: Any, need: Any, startups: Any, text: Any
) -> None:
    assert "other list" not in text(broker.get(f"/desk/needs/{need['id']}"))
    for row, lists in zip(startups, (9, 2, 1), strict=False):
        store.insert("exposure", {"startup_id": row["id"], "lists": lists, "scoring": "1", "counted_at": "2026-11-22"})
    page = text(broker.get(f"/desk/needs/{need['id']}?stopped=yes"))
    assert "Seen in 8 other lists" in page  # this one is among the nine
    assert "Seen in 1 other list<" in page
    assert "Seen in no other list" in page


def test_beside_a_profile_stands_what_the_machine_doubts_until_a_broker_has_answered(
    broker: Any, store: Any, need: Any, startups: Any, text: Any
) -> None:
    for code in ("named", "themes", "alike"):
        row = {
            "startup_id": startups[0]["id"],
            "code": code,
            "passages": '["14"]',
            "others": "[]",
            "found_at": clock.now(),
        }
        store.upsert("doubt", {**row, "answered_at": None, "answered_by": None}, ["startup_id", "code"])
    url, chosen = f"/desk/needs/{need['id']}", "&".join(f"startup={row['id']}" for row in startups[:2])
    for page in (text(broker.get(url)), text(broker.get(f"{url}/compare?{chosen}"))):
        assert page.count("The machine doubts 2 things") == 1
        assert f'href="/startups/{startups[0]["id"]}#doubts-title"' in page
    assert 'id="doubts-title"' in text(broker.get(f"/startups/{startups[0]['id']}"))
    store.execute("update doubt set answered_at = :now", {"now": clock.now()})
    assert "The machine doubts" not in text(broker.get(url))


def test_without_startups_the_ranking_says_what_to_do_first(broker: Any, need: Any, text: Any) -> None:
    assert "No startups yet" in text(broker.get("/desk/needs/behov"))


def test_what_a_condition_stops_is_hidden_until_asked_for(broker: Any, store: Any, startups: Any, text: Any) -> None:
    hub.change(store, "need", {"id": "behov"}, min_readiness=9)
    assert "No startup passes these filters" in text(broker.get("/desk/needs/behov"))
    answer = broker.get("/desk/needs/behov?stopped=yes")
    assert len(ranked(answer)) == 3
    assert "level 7; the need asks for 9" in text(answer)
    assert ">Propose<" not in answer.get_data(as_text=True)


def test_a_conflict_of_interest_says_what_it_is(broker: Any, store: Any, startups: Any, text: Any) -> None:
    conflicts.declare(store, broker.person, "behov", "bolag-0", "Samma ägare.", clock.now())
    assert "bolag-0" not in ranked(broker.get("/desk/needs/behov"))
    assert "Samma ägare." in text(broker.get("/desk/needs/behov?stopped=yes"))


def test_filters_leave_the_ranks_and_say_how_many_are_left_out(
    broker: Any, store: Any, startups: Any, text: Any
) -> None:
    hub.change(store, "startup", {"id": "bolag-0"}, regions=json.dumps(["12"]))
    order = ranked(broker.get("/desk/needs/behov"))
    answer = broker.get("/desk/needs/behov?county=01")
    assert ranked(answer) == [name for name in order if name != "bolag-0"]
    assert re.search(r"1 on this part of the list is not shown", text(answer))
    assert ranked(broker.get("/desk/needs/behov?readiness=9")) == []
    assert ranked(broker.get("/desk/needs/behov?seeks=test")) == order


@pytest.mark.parametrize(
    "strange", ["need_id=x", "_external=1", "page=-1", "page=²", "readiness=²", "county=%00", "q=1"]
)
def test_strange_addresses_do_no_harm(broker: Any, startups: Any, strange: str) -> None:
    assert broker.get(f"/desk/needs/behov?{strange}").status_code == 200


def test_the_list_goes_on_eight_at_a_time_with_its_filters(broker: Any, store: Any, need: Any) -> None:
    for number in range(10):
        hub.create_startup(store, f"Nummer {number} hjälper äldre", readiness=5)
    hub.embed(store, TinyEncoder())
    first = broker.get("/desk/needs/behov?readiness=3")
    assert len(ranked(first)) == 8
    page = first.get_data(as_text=True)
    assert '<option value="3" selected' in page
    assert re.search(r'<button[^>]+form="list" name="page" value="2"[^>]*>The next eight', page)
    second = broker.get("/desk/needs/behov?readiness=3&page=2")
    assert len(ranked(second)) == 2
    assert not set(ranked(first)) & set(ranked(second))


def test_what_is_chosen_on_one_part_of_the_list_is_kept_on_the_others(
    broker: Any, store: Any, need: Any, text: Any
) -> None:
    for number in range(10):
        hub.create_startup(store, f"Nummer {number} hjälper äldre", readiness=5)
    hub.embed(store, TinyEncoder())
    first = ranked(broker.get("/desk/needs/behov"))
    page = broker.get(f"/desk/needs/behov?page=2&startup={first[0]}&startup={first[1]}").get_data(as_text=True)
    assert "Chosen on other parts of the list" in page
    for chosen in first[:2]:
        assert re.search(rf'name="startup" value="{chosen}" form="list" checked', page)
    again = broker.get(f"/desk/needs/behov?startup={first[0]}").get_data(as_text=True)
    assert re.search(rf'name="startup" value="{first[0]}" form="list" checked', again)
    assert "Chosen on other parts" not in again


@pytest.mark.parametrize("chosen", [("bolag-0", "bolag-1"), ("bolag-0",)])
def test_from_the_comparison_one_comes_back_to_the_list_as_it_was(
    broker: Any, startups: Any, text: Any, chosen: tuple[str, ...]
) -> None:
    state = "readiness=3&stopped=yes&page=2&" + "&".join(f"startup={one}" for one in chosen)
    answer = broker.get(f"/desk/needs/behov/compare?{state}")
    back = answer.location or re.search(r'href="([^"]+)">Back to the list', text(answer)).group(1)
    assert back == f"/desk/needs/behov?{state}"


def test_after_dismissing_the_list_stands_as_it_was(broker: Any, startups: Any, text: Any) -> None:
    page = text(broker.get("/desk/needs/behov?readiness=3&startup=bolag-1"))
    here = "/desk/needs/behov?readiness=3&page=1&startup=bolag-1"
    assert f'name="next" value="{here}"' in page
    url = "/needs/behov/startups/bolag-0/dismiss"
    again = broker.post(url, data={"reason": "", "next": here})
    assert f'name="next" value="{here}"' in text(again)
    assert broker.post(url, data={"reason": "gate", "next": here}).location == here
    assert broker.post(url, data={"reason": "gate", "next": "https://elsewhere.example"}).status_code == 409


def test_a_dismissal_for_another_reason_asks_for_a_word_to_the_brokers_and_shows_it(
    broker: Any, startups: Any, text: Any
) -> None:
    url = "/needs/behov/startups/bolag-0/dismiss"
    page = text(broker.post(url, data={"reason": "other", "note": ""}))
    assert "Only the brokers read it" in page
    assert "the other side will read it" not in page
    broker.post(url, data={"reason": "other", "note": "Säljer bara till bostadsbolag."})
    assert "Säljer bara till bostadsbolag." in text(broker.get("/desk/needs/behov?dismissed=yes"))
    assert "Säljer bara till bostadsbolag." not in text(broker.get("/desk/needs/behov"))


def test_the_list_says_what_the_score_is_and_no_bar_is_empty(broker: Any, startups: Any, text: Any) -> None:
    answer = broker.get("/desk/needs/behov")
    assert "0 is what any two texts get by chance" in text(answer)
    for side in re.findall(r'<div class="score">.*?</ul>', answer.get_data(as_text=True), re.DOTALL):
        widths = [float(width) for width in re.findall(r'bar-part-\d" x="[^"]+" width="([^"]+)"', side)]
        assert any(widths) or "Less alike than by chance" in side
        assert not ("score-bar" in side and "Less alike" in side)


def test_needs_past_their_date_stand_by_themselves_with_what_to_do(broker: Any, store: Any, text: Any) -> None:
    row = factories.create_need(store, published=True, title="Gammalt behov", valid_until="2020-01-31")
    page = text(broker.get("/desk/"))
    assert "eeds past their date: extend or close" in page
    assert "was valid until" in page
    assert ">Late<" not in page
    assert f"/needs/{row['id']}/edit?step=resources" in page
    assert f"/needs/{row['id']}/close" in page


def test_a_dismissed_startup_is_put_aside_with_its_reason(broker: Any, store: Any, startups: Any, text: Any) -> None:
    dismissals.dismiss(store, broker.person, "behov", "bolag-0", "no_fit", "", clock.now())
    assert "bolag-0" not in ranked(broker.get("/desk/needs/behov"))
    answer = broker.get("/desk/needs/behov?dismissed=yes")
    assert ranked(answer)[0] == "bolag-0"
    assert "Undo the dismissal" in text(answer)


def test_a_draft_is_ranked_but_nothing_can_be_proposed(broker: Any, store: Any, startups: Any) -> None:
    hub.create_need(store, NEED, id="utkast", published=False, submitted_at=clock.now())
    page = broker.get("/desk/needs/utkast").get_data(as_text=True)
    assert "Bolag 0" in page
    assert ">Propose<" not in page


def test_keys_stand_where_the_shortcuts_look_for_them(broker: Any, startups: Any) -> None:
    page = broker.get("/desk/needs/behov").get_data(as_text=True)
    row = page[page.index('id="startup-bolag-0"') :]
    row = row[: row.index("</li>\n  <li") if "</li>\n  <li" in row else None]
    assert [key for key in "ocad" if f'data-key="{key}"' in row] == list("ocad")


def test_the_page_says_when_the_model_is_away(broker: Any, app: Any, store: Any, startups: Any, text: Any) -> None:
    app.extensions["encoder"] = hub.AwayEncoder()
    assert "does not answer" not in text(broker.get("/desk/needs/behov")), "all vectors are there"
    hub.create_need(store, "Snöröjning av gator", id="nytt")
    answer = broker.get("/desk/needs/nytt")
    assert "The model that reads meaning does not answer" in text(answer)
    assert ranked(answer)[0] == "bolag-1"


def test_the_page_says_how_many_profiles_are_still_being_read(
    broker: Any, store: Any, startups: Any, text: Any
) -> None:
    indexing.keep_words(store, "startup", hub.create_startup(store, "Ett nytt bolag"))
    assert "1 profile is still being read" in text(broker.get("/desk/needs/behov"))


def test_in_the_first_minutes_the_page_says_that_texts_are_read_not_that_there_are_none(
    broker: Any, app: Any, store: Any, need: Any, text: Any
) -> None:
    hub.create_startup(store, "Ett utkast", published=False)
    assert "No startups yet" in text(broker.get("/desk/needs/behov"))
    row = hub.create_startup(store, "Ett nytt bolag")
    page = text(broker.get("/desk/needs/behov"))
    assert "The texts are still being read" in page
    assert "No startups yet" not in page
    indexing.keep_words(store, "startup", row)
    store.execute("update embedding set vector = :none", {"none": b""})
    app.extensions["encoder"] = hub.AwayEncoder()
    page = text(broker.get("/desk/needs/behov"))
    assert "The texts are still being read. Until then this list is ordered by shared words only" in page
    assert "does not answer" not in page


def test_two_to_four_stand_side_by_side(broker: Any, startups: Any, text: Any) -> None:
    page = text(broker.get("/desk/needs/behov/compare?startup=bolag-1&startup=bolag-0"))
    assert page.index("Bolag 0</a>") < page.index("Bolag 1</a>"), "the best first"
    assert "Number 1 of 3" in page
    assert "Propose Bolag 0" in page


@pytest.mark.parametrize("chosen", ["", "startup=bolag-0", "&".join(f"startup=x{n}" for n in range(5))])
def test_another_number_is_sent_back_with_a_word(broker: Any, startups: Any, text: Any, chosen: str) -> None:
    answer = broker.get(f"/desk/needs/behov/compare?{chosen}")
    assert answer.status_code == 302
    assert "Choose two to four startups to compare." in text(broker.get(answer.location))


def test_startups_that_are_not_published_cannot_be_compared(broker: Any, startups: Any, text: Any) -> None:
    answer = broker.get("/desk/needs/behov/compare?startup=bolag-0&startup=nobody")
    assert answer.status_code == 302
    assert "Fewer than two" in text(broker.get(answer.location))


def test_what_the_startup_seeks_stands_beside_the_score(broker: Any, startups: Any, store: Any, text: Any) -> None:
    hub.change(store, "startup", startups[0], seeks='["test", "sell"]', capacity=2)
    hub.change(store, "need", store.query("select * from need where id = 'behov'")[0], budget="none")
    page = text(broker.get("/desk/needs/behov"))
    assert "What the startup seeks" in page
    assert "Not met: </span>Budget" in page
    assert "Partly met: </span>Testbed" in page


def test_the_list_can_stand_in_the_order_of_what_both_get(broker: Any, startups: Any, store: Any) -> None:
    hub.change(store, "startup", startups[0], seeks='["sell"]', capacity=0, regions='["25"]')
    hub.create_startup(store, OFFERS[0] + " i kommunen", id="bolag-9", seeks=["test"], capacity=2)
    hub.embed(store, TinyEncoder())
    hub.change(store, "need", store.query("select * from need where id = 'behov'")[0], budget="none", county_code="01")
    assert ranked(broker.get("/desk/needs/behov?stopped=yes"))[0] == "bolag-0"
    assert ranked(broker.get("/desk/needs/behov?stopped=yes&order=both"))[0] == "bolag-9"


def test_the_eighth_place_is_for_the_unexpected(
    broker: Any, need: Any, store: Any, text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unexpected, "FLOOR", 100)  # these thirteen are so alike that the list hardly falls
    for number in range(12):
        offer = f"Sensor som larmar när äldre faller om natten på boendet. Modell {number}."
        hub.create_startup(store, offer, id=f"bolag-{number:02}", themes=["care"])
    other = "Larm när äldre faller om natten på boendet. Vi finns i fordon: cyklar, bussar, lastbilar och traktorer."
    hub.create_startup(store, other, id="annan", themes=["mobility"])
    hub.embed(store, TinyEncoder())
    pages = ("/desk/needs/behov?stopped=yes", "/desk/needs/behov?stopped=yes&page=2")
    usual = [name for page in pages for name in ranked(broker.get(page))]
    assert usual.index("annan") > 7
    first = broker.get("/desk/needs/behov")
    shown = ranked(first) + ranked(broker.get("/desk/needs/behov?page=2"))
    usual.remove("annan")
    assert shown == [*usual[:7], "annan", *usual[7:]]
    assert "Comes from another field" in text(first)


def test_startups_that_answer_more_together_are_shown(
    broker: Any, startups: Any, store: Any, text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Personalen hinner inte skriva sina rapporter efter de långa passen."
    hub.change(store, "need", store.query("select * from need where id = 'behov'")[0], description=said)
    hub.embed(store, TinyEncoder())
    # Which answer most is tested where it is decided; the tiny encoder knows no meaning.
    found = combinations.Together((0, 2), [[0], [0]], 1, 3)
    monkeypatch.setattr(combinations, "best", lambda nearness, answered: found)
    page = text(broker.get("/desk/needs/behov"))
    together = page[page.index("Together they answer more") :]
    assert "the startup that answers most answers 1; these answer 2 together" in together
    assert said in together
    assert "Bolag 0" in together
    assert "Together they answer more" not in text(broker.get("/desk/needs/behov?page=2"))


def test_the_command_gives_the_order_of_the_page(
    broker: Any, app: Any, startups: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda *_: TinyEncoder())
    config = app.config["MATCHER"]
    env = {"MATCHER_INSTANCE": str(config.instance), "DATABASE_URL": config.database_url}
    answer = CliRunner().invoke(cli.main, ["rank", "behov", "--json", "--top", "8"], env=env)
    found = json.loads(answer.stdout)
    page = broker.get("/desk/needs/behov?stopped=yes&dismissed=yes")
    assert [match["id"] for match in found["matches"]] == ranked(page)
    assert found["matches"][0]["reasons"]["meetings"]
    assert sum(found["matches"][0]["parts"].values()) == pytest.approx(found["matches"][0]["score"], abs=1e-5)


def test_the_whole_page_asks_the_store_at_most_fifteen_times(broker: Any, app: Any, startups: Any) -> None:
    broker.get("/desk/needs/behov")
    counting = hub.CountingStore(app.extensions["store"])
    for ranker in app.extensions["rankers"].values():
        ranker.store = ranker._holding._store = ranker._asking._store = counting
    app.extensions["store"] = counting
    broker.get("/desk/needs/behov")
    app.extensions["store"] = counting._store
    assert counting.asked <= 15


def test_a_closed_need_is_not_said_to_have_expired(broker: Any, store: Any, startups: Any, text: Any) -> None:
    hub.change(store, "need", {"id": "behov"}, closed_at=clock.now(), valid_until="2024-11-14")
    page = text(broker.get("/desk/needs/behov"))
    assert "The need is closed" in page
    assert "Change the day" not in page, "a closed need cannot be given another day"


def test_beyond_the_end_of_the_list_no_filter_is_blamed(broker: Any, startups: Any, text: Any) -> None:
    page = text(broker.get("/desk/needs/behov?page=7"))
    assert "The list ends before this page" in page
    assert "No startup passes these filters" not in page
    assert 'href="/desk/needs/behov?page=1"' in page


def test_show_all_shows_the_dismissed_too_so_that_it_leads_somewhere(
    broker: Any, store: Any, startups: Any, text: Any
) -> None:
    for row in startups:
        dismissals.dismiss(store, broker.person, "behov", row["id"], "known", "", clock.now(), {})
    page = text(broker.get("/desk/needs/behov"))
    link = re.search(r'href="([^"]+)">Show all<', page)
    assert link
    assert len(ranked(broker.get(link[1].replace("&amp;", "&")))) == 3


def test_a_list_without_reasons_says_that_they_are_still_being_read(
    broker: Any, store: Any, startups: Any, text: Any
) -> None:
    said = "still being read. The reasons show up"
    assert said not in text(broker.get("/desk/needs/behov"))
    store.execute("delete from sentence where kind = 'startup'")
    store.execute("update embedding set spoken_at = null where kind = 'startup'")
    assert f"The sentences of 3 texts on this part of the list are {said}" in text(broker.get("/desk/needs/behov"))
    store.execute("update embedding set spoken_at = embedded_at")
    assert said not in text(broker.get("/desk/needs/behov")), "read, and there is nothing in them to show"


def test_the_comparison_claims_no_answer_where_nothing_in_the_profile_is_near(
    broker: Any, store: Any, text: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(explaining, "UNCOVERED", 0)  # as for what is silent beside the few that a list shows
    asked = [
        "Vi söker en tyst larmsensor som varnar när äldre personer faller omkull om natten.",
        "Skolan behöver minska matsvinnet i köket med hjälp av nya vågar och mätningar.",
    ]
    hub.create_need(store, "Två frågor", id="behov", description=" ".join(asked))
    for number, sentence in enumerate(asked):
        hub.create_startup(store, sentence, id=f"bolag-{number}", name=f"Bolag {number}")
    hub.embed(store, TinyEncoder())
    page = text(broker.get("/desk/needs/behov/compare?startup=bolag-0&startup=bolag-1"))
    rows = dict(re.findall(r'<tr><th scope="row" lang="[^"]*">([^<]+)</th>(.*?)</tr>', page))
    for sentence in asked:
        assert "Says little about it" in rows[sentence], sentence
        assert "met less closely" not in rows[sentence], sentence


@pytest.mark.parametrize(("value", "shown"), [(-0.004, "0.00"), (0.004, "0.00"), (-0.006, "−0.01")])
def test_no_figure_is_minus_nought(app: Any, value: float, shown: str) -> None:
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        found = app.jinja_env.from_string('{{ value | decimalformat("0.00") }}').render(value=value)
    assert found == shown


def test_many_of_one_kind_are_folded_so_that_the_others_are_near(broker: Any, store: Any, text: Any) -> None:
    for number in range(11):
        factories.create_need(store, submitted=True, title=f"Behov {number}")
    page = text(broker.get("/desk/"))
    assert all(f"Behov {number}" in page for number in range(11))
    assert "Show 3 more" in page
