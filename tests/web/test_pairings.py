from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from matcher.hub import capacity, cases, clock, conflicts, pairings
from matcher.hub.people import Viewer
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store
from tests.factories import create_person, create_testbed, grant
from tests.hub.cases import SEEN, Case, mails

FIRST, LAST = (clock.later(clock.now(), days=days)[:10] for days in (30, 60))
Login = Callable[[Any, Viewer], Any]


@pytest.fixture
def pairing_id(case: Case) -> str:
    return case.propose(now=clock.now(), message="Träffas i december?")


def propose_url(case: Case) -> str:
    return f"/needs/{case.need['id']}/startups/{case.startup['id']}/propose"


def test_a_broker_proposes_with_what_the_ranking_shows(
    client: Any, login: Login, store: Store, case: Case, text: Any
) -> None:
    while indexing.catch_up(store, TinyEncoder()):
        pass
    login(client, case.broker)
    assert client.get(propose_url(case)).status_code == 200
    answer = client.post(propose_url(case), data={"message": "Träffas i december?", "answer_days": "10"})
    assert answer.status_code == 303
    page = text(client.get(answer.location))
    assert "Träffas i december?" in page
    seen = cases.fetch(store, answer.location.rsplit("/", 1)[1])["seen"]
    assert seen["rank"] == 1
    assert seen["model"]
    assert set(seen["texts"]) == {"need", "startup"}
    assert [row["id"] for row in store.query("select id from ranking_run")] == [seen["run"]]


def test_a_refused_decision_stores_no_ranking(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str
) -> None:
    while indexing.catch_up(store, TinyEncoder()):
        pass
    login(client, case.broker)
    assert client.post(propose_url(case), data={"message": "En gång till"}).status_code == 409
    assert store.query("select id from ranking_run") == []


def test_a_second_proposal_shows_the_first(client: Any, login: Login, case: Case, pairing_id: str, text: Any) -> None:
    login(client, case.broker)
    answer = client.post(propose_url(case), data={"message": "En gång till", "answer_days": "10"})
    assert answer.status_code == 409
    assert f"/pairings/{pairing_id}" in text(answer)
    assert "En gång till" in text(answer)
    assert case.broker.name in text(answer)


def test_days_that_are_no_number_come_back_as_typed(client: Any, login: Login, case: Case, text: Any) -> None:
    login(client, case.broker)
    answer = client.post(propose_url(case), data={"message": "Hej", "answer_days": "snart"})
    assert answer.status_code == 422
    assert 'value="snart"' in text(answer)


@pytest.mark.parametrize(("who", "side"), [("owner", "owner"), ("founder", "startup")])
def test_each_side_says_yes_on_the_case(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, text: Any, who: str, side: str
) -> None:
    login(client, getattr(case, who))
    page = text(client.get(f"/pairings/{pairing_id}"))
    assert "Say yes for" in page
    assert "<dt>Answer by</dt>" in page
    assert case.broker.email in page
    answer = client.post(f"/pairings/{pairing_id}/accept", data={"side": side}, follow_redirects=True)
    assert "Your yes is recorded" in text(answer)
    assert "Say yes for" not in text(answer)
    assert cases.fetch(store, pairing_id)[f"{side}_accepted_at"]


def test_pressing_twice_says_what_was_decided(
    client: Any, login: Login, case: Case, pairing_id: str, text: Any
) -> None:
    login(client, case.owner)
    client.post(f"/pairings/{pairing_id}/accept", data={"side": "owner"})
    answer = client.post(f"/pairings/{pairing_id}/accept", data={"side": "owner"})
    assert answer.status_code == 409
    assert f"{case.owner.name} did so" in text(answer)


def test_a_no_needs_a_reason_and_keeps_what_was_typed(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, text: Any
) -> None:
    login(client, case.founder)
    data = {"side": "startup", "reason": "", "note": "Vi är fulla till mars."}
    answer = client.post(f"/pairings/{pairing_id}/decline", data=data)
    assert answer.status_code == 422
    assert "Vi är fulla till mars." in text(answer)
    assert 'href="#reason-startup"' in text(answer)
    answer = client.post(f"/pairings/{pairing_id}/decline", data={**data, "reason": "no_capacity"})
    assert answer.status_code == 303
    login(client, case.owner)
    page = text(client.get(f"/pairings/{pairing_id}"))
    assert "There is no capacity for it now" in page
    assert "Vi är fulla till mars." in page


def test_what_was_typed_is_shown_when_somebody_else_was_first(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, text: Any
) -> None:
    pairings.decline(store, case.founder, pairing_id, "startup", "no_capacity", "", clock.now())
    login(client, case.owner)
    data = {"side": "owner", "reason": "budget", "note": "Pengarna är slut."}
    answer = client.post(f"/pairings/{pairing_id}/decline", data=data)
    assert answer.status_code == 409
    assert f"{case.founder.name} declined this case" in text(answer)
    assert "Pengarna är slut." in text(answer)


def test_the_broker_gives_more_time(client: Any, login: Login, case: Case, pairing_id: str, text: Any) -> None:
    login(client, case.broker)
    url = f"/pairings/{pairing_id}/extend"
    assert client.post(url, data={"answer_days": "många"}).status_code == 422
    assert "More time is given" in text(client.post(url, data={"answer_days": "21"}, follow_redirects=True))


def test_days_come_first_then_what_is_free(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, testbed: dict[str, Any], text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    full = create_testbed(store, published=True, places=0, name="Fullbokad bädd")
    login(client, case.broker)
    url = f"/pairings/{pairing_id}/confirm"
    before = text(client.get(url))
    assert f'value="{testbed["id"]}"' not in before, "nothing to book before there are days"
    page = text(client.get(url, query_string={"starts_on": FIRST, "ends_on": LAST}))
    assert f'value="{testbed["id"]}"' in page
    assert full["name"] in page
    assert f'value="{full["id"]}"' not in page
    bad = client.get(url, query_string={"starts_on": LAST, "ends_on": FIRST})
    assert bad.status_code == 422
    assert "The last day lies before the first" in text(bad)


def test_free_days_are_suggested_for_each_testbed_and_a_click_fills_them_in(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, testbed: dict[str, Any], text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    kept = create_testbed(store, published=True, places=1, name="Upptagen bädd")
    create_testbed(store, published=True, places=0, name="Utan platser")
    closure = {"id": "c1", "testbed_id": kept["id"], "reason": "Jul", "created_at": clock.now()}
    shut_until = clock.later(clock.now(), days=90)[:10]
    store.insert("testbed_closure", {**closure, "starts_on": clock.now()[:10], "ends_on": shut_until})
    login(client, case.broker)
    url = f"/pairings/{pairing_id}/confirm"
    page = text(client.get(url))
    assert "Utan platser" not in page
    days = {row["name"]: found_days(page, url, row["id"]) for row in (testbed, kept)}
    monday, sunday = days[testbed["name"]]
    assert (monday.weekday(), (sunday - monday).days) == (0, 8 * 7 - 1)
    assert 14 <= (monday - date.fromisoformat(clock.now()[:10])).days <= 20
    assert days["Upptagen bädd"][0].isoformat() == capacity.shifted(shut_until, 1)
    asked = {"starts_on": monday.isoformat(), "ends_on": sunday.isoformat(), "testbed_id": testbed["id"]}
    chosen = text(client.get(url, query_string=asked))
    assert f'value="{testbed["id"]}" checked' in chosen
    assert found_days(chosen, url, kept["id"]) == days["Upptagen bädd"], "also where another's days were chosen"
    assert store.query("select id from access") == []


def found_days(page: str, url: str, testbed_id: str) -> tuple[date, ...]:
    """Return the days of the link that chooses them for a testbed."""
    link = rf"{url}\?starts_on=([\d-]+)&(?:amp;)?ends_on=([\d-]+)&(?:amp;)?testbed_id={testbed_id}"
    return tuple(date.fromisoformat(day) for day in re.search(link, page).groups())  # type: ignore[union-attr]


def test_confirming_books_the_place_and_shows_it_to_all(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, testbed: dict[str, Any], text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    host = create_person(store, "host", testbed["organisation_id"])
    login(client, case.broker)
    data = {"starts_on": FIRST, "ends_on": LAST, "testbed_id": testbed["id"]}
    assert client.post(f"/pairings/{pairing_id}/confirm", data={**data, "testbed_id": ""}).status_code == 422
    assert client.post(f"/pairings/{pairing_id}/confirm", data=data).status_code == 303
    for person in (case.broker, case.owner, case.founder, host):
        login(client, person)
        page = text(client.get(f"/pairings/{pairing_id}"))
        assert testbed["name"] in page
        assert testbed["contact_email"] in page
        assert "<dt>Answer by</dt>" not in page, "nobody is to answer any more"


def test_a_case_whose_days_have_passed_is_not_called_finished_while_something_is_left_to_do(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, testbed: dict[str, Any], text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    case.confirm(pairing_id, testbed, FIRST, LAST)
    before = {name: clock.later(clock.now(), days=days)[:10] for name, days in (("first", -30), ("last", -2))}
    store.execute("update access set starts_on = :first, ends_on = :last", before)
    login(client, case.broker)
    page = text(client.get("/pairings"))
    assert "The test is over" in page
    assert "Finished" not in page


def test_the_back_button_after_confirming_tells_who_confirmed_and_when(
    client: Any, login: Login, case: Case, pairing_id: str, testbed: dict[str, Any], text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    login(client, case.broker)
    data = {"starts_on": FIRST, "ends_on": LAST, "testbed_id": testbed["id"]}
    client.post(f"/pairings/{pairing_id}/confirm", data=data)
    answer = client.post(f"/pairings/{pairing_id}/confirm", data=data)
    assert answer.status_code == 409
    assert f"{case.broker.name} confirmed this case" in text(answer)
    assert client.get(f"/pairings/{pairing_id}/confirm").status_code == 302


def test_a_place_that_went_to_another_shows_what_is_free_now(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, testbed: dict[str, Any], text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    other = Case(store, case.broker)
    other.confirm(other.accept(other.propose(now=clock.now()), clock.now()), testbed, FIRST, LAST)
    login(client, case.broker)
    data = {"starts_on": FIRST, "ends_on": LAST, "testbed_id": testbed["id"]}
    answer = client.post(f"/pairings/{pairing_id}/confirm", data=data)
    assert answer.status_code == 409
    assert "has no free place on every day" in text(answer)
    assert f'value="{FIRST}"' in text(answer)


def test_the_startup_ends_early_with_a_reason(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, testbed: dict[str, Any], text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    case.confirm(pairing_id, testbed, FIRST, LAST)
    login(client, case.founder)
    url = f"/pairings/{pairing_id}/end"
    assert client.post(url, data={"reason": "other", "note": ""}).status_code == 422
    answer = client.post(url, data={"reason": "startup_unable", "note": "Vår tekniker slutar."}, follow_redirects=True)
    assert "Vår tekniker slutar." in text(answer)
    assert mails(store, "pairing_ended")


def test_a_stranger_finds_no_case(client: Any, login: Login, store: Store, pairing_id: str) -> None:
    assert client.get(f"/pairings/{pairing_id}").status_code == 302
    for role in ("owner", "startup", "host"):
        login(client, create_person(store, role))
        assert client.get(f"/pairings/{pairing_id}").status_code == 404
        assert client.post(f"/pairings/{pairing_id}/decline", data={"side": "owner"}).status_code == 404


@pytest.mark.parametrize("who", ["owner", "founder"])
def test_a_side_may_read_but_not_confirm_or_extend(
    client: Any, login: Login, case: Case, pairing_id: str, who: str
) -> None:
    case.accept(pairing_id, clock.now())
    login(client, getattr(case, who))
    assert client.get(f"/pairings/{pairing_id}/confirm").status_code == 403
    assert client.post(f"/pairings/{pairing_id}/confirm").status_code == 403
    assert client.post(f"/pairings/{pairing_id}/extend").status_code == 403


def test_only_the_broker_sees_the_ranking_and_both_sides_the_evidence(
    client: Any, login: Login, case: Case, pairing_id: str, text: Any
) -> None:
    for person, sees in ((case.broker, True), (case.owner, False), (case.founder, False)):
        login(client, person)
        page = text(client.get(f"/pairings/{pairing_id}"))
        assert ("0.71" in page) is sees
        assert SEEN["evidence"][0]["startup"] in page


def test_a_person_on_two_sides_has_a_form_for_each(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, text: Any
) -> None:
    both = grant(store, case.broker, "owner", case.need["organisation_id"])
    login(client, both)
    page = text(client.get(f"/pairings/{pairing_id}"))
    assert 'id="reason-owner"' in page
    assert 'id="reason-broker"' in page


def test_the_list_shows_my_cases_by_stage_and_says_what_to_do_when_empty(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, text: Any
) -> None:
    Case(store).propose(now=clock.now())
    login(client, case.owner)
    page = text(client.get("/pairings"))
    assert page.count("data-item") == 1
    assert "Next:" in page
    assert "No case is here" in text(client.get("/pairings?stage=confirmed"))
    login(client, case.broker)
    assert text(client.get("/pairings?mine=yes")).count("data-item") == 1
    assert text(client.get("/pairings?stage=nonsense&page=x")).count("data-item") == 2
    for role in ("owner", "startup", "broker", "host"):
        login(client, create_person(store, role))
        assert client.get("/pairings").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_cases(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(client, case.broker)
    asked: list[str] = []
    query = type(store).query
    monkeypatch.setattr(type(store), "query", lambda self, *args: asked.append(args[0]) or query(self, *args))

    def count(url: str) -> int:
        asked.clear()
        assert client.get(url).status_code == 200
        return len(asked)

    few = count("/pairings")
    for _ in range(5):
        Case(store, case.broker).propose(now=clock.now())
    assert count("/pairings") == few <= 10
    assert count(f"/pairings/{pairing_id}") <= 12


def test_testbeds_stand_by_what_they_have_in_common_with_the_case(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    far = {"county_code": "25", "municipality_code": None}
    made = [
        ("Abborren", {**far, "themes": []}),
        ("Björken", {**far, "themes": ["elderly_care"]}),
        ("Cedern", {"themes": []}),
        ("Draken", {"themes": ["elderly_care"]}),
        ("Eken", {"places": 0}),
    ]
    for name, columns in made:
        create_testbed(store, published=True, name=name, **columns)
    offered = create_testbed(store, published=True, name="Örtagården", places=0, **far)
    store.execute("update need set testbed_id = :bed", {"bed": offered["id"]})
    login(client, case.broker)
    page = text(client.get(f"/pairings/{pairing_id}/confirm", query_string={"starts_on": FIRST, "ends_on": LAST}))
    order = sorted(("Örtagården", "Draken", "Cedern", "Björken", "Abborren", "Eken"), key=page.index)
    assert order == ["Örtagården", "Draken", "Cedern", "Björken", "Abborren", "Eken"]
    assert "Offered in the need." in page
    assert "In the need’s county. In common:" in page
    assert f'href="/testbeds/{offered["id"]}"' in page
    assert page.index('id="testbed_id"') > page.index("Örtagården"), "the summary's link leads to the first choice"


def test_a_place_that_cannot_be_booked_keeps_what_was_typed_and_books_nothing(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, testbed: dict[str, Any], text: Any
) -> None:
    case.accept(pairing_id, clock.now())
    login(client, case.broker)
    url = f"/pairings/{pairing_id}/confirm"
    none = client.post(url, data={"starts_on": FIRST, "ends_on": LAST})
    assert none.status_code == 422
    page = text(none)
    assert page.count(f'value="{FIRST}"') == page.count(f'value="{LAST}"') == 2, "the days, and what is sent with them"
    assert "Nothing is booked yet" in page
    late = client.post(url, data={"starts_on": LAST, "ends_on": FIRST, "testbed_id": testbed["id"]})
    assert late.status_code == 422
    kept = text(late)
    assert f'name="testbed_id" value="{testbed["id"]}"' in kept, "the choice goes along when the days are mended"
    days = {"starts_on": FIRST, "ends_on": LAST, "testbed_id": testbed["id"]}
    assert f'value="{testbed["id"]}" checked' in text(client.get(url, query_string=days))
    assert store.query("select id from access") == []
    assert [client.post(url, data=days).status_code for _ in range(2)] == [303, 409]
    assert len(store.query("select id from access")) == 1


def test_a_case_says_what_conflict_of_interest_stands_and_where_it_is_lifted(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, text: Any
) -> None:
    conflicts.declare(store, case.owner, case.need["id"], case.startup["id"], "Min bror äger bolaget.", clock.now())
    for who, words in (("broker", "Read or lift the conflict"), ("owner", "Read about the conflict")):
        login(client, getattr(case, who))
        page = text(client.get(f"/pairings/{pairing_id}"))
        assert "Min bror äger bolaget." in page
        assert words in page


def test_the_pages_of_the_list_are_addresses_of_the_list_whatever_the_address_asks_for(
    client: Any, login: Login, store: Store, case: Case, pairing_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Case(store).propose(now=clock.now())
    monkeypatch.setattr(cases, "PAGE", 1)
    login(client, case.broker)
    answer = client.get("/pairings?stage=proposed&endpoint=x&_external=1&_scheme=javascript&_method=FOO&values=1")
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert "javascript:" not in page
    assert 'href="/pairings?stage=proposed&amp;page=2"' in page
