from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, render_template

from matcher.hub import cases, clock, conflicts, interests, pairings, shares
from matcher.hub.people import Viewer
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store
from matcher.web import letters
from tests.factories import create_person, create_startup, create_testbed, grant
from tests.hub.cases import SEEN, Case, mails

FIRST, LAST = (clock.later(clock.now(), days=days)[:10] for days in (30, 60))
Login = Callable[[Any, Viewer], Any]


@pytest.fixture
def case(store: Store) -> Case:
    return Case(store)


@pytest.fixture
def pairing_id(case: Case) -> str:
    return case.propose(now=clock.now(), message="Träffas i december?")


@pytest.fixture
def testbed(store: Store) -> dict[str, Any]:
    return create_testbed(store, published=True, places=1)


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
    assert testbed["name"] not in text(client.get(url))
    page = text(client.get(url, query_string={"starts_on": FIRST, "ends_on": LAST}))
    assert f'value="{testbed["id"]}"' in page
    assert full["name"] in page
    assert f'value="{full["id"]}"' not in page
    bad = client.get(url, query_string={"starts_on": LAST, "ends_on": FIRST})
    assert bad.status_code == 422
    assert "The last day lies before the first" in text(bad)


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


def test_an_interest_is_sent_answered_and_shown(client: Any, login: Login, store: Store, case: Case, text: Any) -> None:
    login(client, case.founder)
    url = f"/needs/{case.need['id']}/interest"
    assert case.need["effect"] in text(client.get(url))
    data = {"startup_id": case.startup["id"], "message": ""}
    assert client.post(url, data=data).status_code == 422
    answer = client.post(url, data={**data, "message": "Vi monterar tolv sensorer."})
    assert answer.status_code == 303
    where = answer.location
    assert "Awaits an answer" in text(client.get(where))
    again = client.post(url, data={**data, "message": "Igen!"})
    assert again.status_code == 409
    assert "Igen!" in text(again)
    assert "You have already shown interest" in text(again)
    assert where in text(client.get(url))
    login(client, case.broker)
    bad = client.post(f"{where}/decline", data={"reason": "", "note": "Kom tillbaka."})
    assert bad.status_code == 422
    assert "Kom tillbaka." in text(bad)
    assert client.post(f"{where}/decline", data={"reason": "unclear", "note": "Hur mäts det?"}).status_code == 303
    login(client, case.founder)
    page = text(client.get(where))
    assert "Hur mäts det?" in page
    assert case.broker.email in page
    for person in (case.founder, case.broker):
        login(client, person)
        assert "Answered with no" in text(client.get("/interests"))
    login(client, case.owner)
    assert "No interests yet" in text(client.get("/interests"))


def test_a_broker_proposes_from_an_interest(client: Any, login: Login, store: Store, case: Case, text: Any) -> None:
    interest_id = interests.create(
        store, case.founder, case.need["id"], case.startup["id"], "Vi provar gärna.", clock.now()
    )
    login(client, case.broker)
    page = text(client.get(f"/interests/{interest_id}"))
    assert propose_url(case) in page
    client.post(propose_url(case), data={"message": "", "answer_days": "14"})
    assert "Led to a proposal" in text(client.get(f"/interests/{interest_id}"))


def test_an_interest_is_withdrawn_with_a_reason(client: Any, login: Login, store: Store, case: Case) -> None:
    interest_id = interests.create(store, case.founder, case.need["id"], case.startup["id"], "Vi provar.", clock.now())
    login(client, case.founder)
    assert client.post(f"/interests/{interest_id}/withdraw", data={"reason": "terms"}).status_code == 303
    login(client, case.broker)
    assert client.post(f"/interests/{interest_id}/decline", data={"reason": "no_fit"}).status_code == 409


def test_who_has_no_live_profile_is_told_what_to_do(
    client: Any, login: Login, store: Store, case: Case, text: Any
) -> None:
    newcomer = create_person(store, "startup")
    login(client, newcomer)
    url = f"/needs/{case.need['id']}/interest"
    assert "First write your profile" in text(client.get(url))
    create_startup(store, newcomer.organisations("startup")[0])
    assert "Publish your profile first" in text(client.get(url))
    login(client, case.owner)
    assert client.get(url).status_code in (403, 404)


def test_the_owner_comments_on_a_shared_candidate(
    client: Any, login: Login, store: Store, case: Case, text: Any
) -> None:
    login(client, case.broker)
    base = f"/needs/{case.need['id']}"
    answer = client.post(f"{base}/startups/{case.startup['id']}/share", data={"note": "Se deras mätning."})
    assert answer.status_code == 303
    again = client.post(f"{base}/startups/{case.startup['id']}/share", data={"note": "Igen"})
    assert again.status_code == 409
    login(client, case.owner)
    page = text(client.get(f"{base}/candidates"))
    assert "Se deras mätning." in page
    share_id = store.query("select id from share")[0]["id"]
    assert client.post(f"/shares/{share_id}/comment", data={"comment": ""}).status_code == 422
    answer = client.post(
        f"/shares/{share_id}/comment", data={"comment": "Ser bra ut.", "known_before": "no"}, follow_redirects=True
    )
    assert "Ser bra ut." in text(answer)
    assert mails(store, "share_commented")
    login(client, case.founder)
    assert client.get(f"{base}/candidates").status_code == 403
    login(client, case.broker)
    assert client.post(f"/shares/{share_id}/withdraw").status_code == 303
    login(client, case.owner)
    late = client.post(f"/shares/{share_id}/comment", data={"comment": "För sent"})
    assert late.status_code == 409
    assert "För sent" in text(late)


def test_a_candidate_is_dismissed_and_comes_back(
    client: Any, login: Login, store: Store, case: Case, text: Any
) -> None:
    login(client, case.broker)
    url = f"/needs/{case.need['id']}/startups/{case.startup['id']}/dismiss"
    bad = client.post(url, data={"reason": "", "note": "Säljer bara i Norge."})
    assert bad.status_code == 422
    assert "Säljer bara i Norge." in text(bad)
    assert client.post(url, data={"reason": "gate"}).status_code == 303
    assert client.post(url, data={"reason": "gate"}).status_code == 409
    dismissal_id = store.query("select id from dismissal")[0]["id"]
    for _ in range(2):
        assert client.post(f"/dismissals/{dismissal_id}/undo").status_code == 303


def test_a_conflict_of_interest_is_declared_read_and_lifted(
    client: Any, login: Login, store: Store, case: Case, text: Any
) -> None:
    url = f"/needs/{case.need['id']}/startups/{case.startup['id']}/conflict"
    login(client, case.founder)
    assert client.post(url, data={"note": " "}).status_code == 422
    assert client.post(url, data={"note": "Min syster är enhetschef där."}).status_code == 303
    assert client.post(url, data={"note": "Igen"}).status_code == 409
    conflict_id = store.query("select id from conflict")[0]["id"]
    assert client.post(f"/conflicts/{conflict_id}/lift").status_code == 403
    login(client, create_person(store, "startup"))
    assert client.get(url).status_code == 404
    login(client, case.broker)
    assert "Min syster är enhetschef där." in text(client.get(url))
    stopped = client.post(propose_url(case), data={"message": "Hej", "answer_days": "5"})
    assert stopped.status_code == 409
    assert "A conflict of interest stands between the two" in text(stopped)
    assert client.post(f"/conflicts/{conflict_id}/lift").status_code == 303
    assert client.post(propose_url(case), data={"answer_days": "5"}).status_code == 303


def test_every_mail_of_a_case_can_be_written(app: Flask, store: Store, case: Case, testbed: dict[str, Any]) -> None:
    now = clock.now()
    first = Case(store, case.broker)
    interest_id = interests.create(store, first.founder, first.need["id"], first.startup["id"], "Vi provar.", now)
    interests.withdraw(store, first.founder, interest_id, "other", "Vi har bytt inriktning.", now)
    interest_id = interests.create(store, first.founder, first.need["id"], first.startup["id"], "Jo, ändå.", now)
    interests.decline(store, first.broker, interest_id, "unclear", "", now)
    pair = (first.need["id"], first.startup["id"])
    conflict_id = conflicts.declare(store, first.owner, *pair, "Min bror", now)
    conflicts.lift(store, first.broker, conflict_id, now)
    share_id = shares.share(store, first.broker, *pair, "Titta", SEEN, now)
    shares.comment(store, first.owner, share_id, "Bra", "yes", now)
    declined = first.propose(now=now, message="Hej")
    pairings.extend(store, first.broker, declined, 20, now)
    pairings.decline(store, first.owner, declined, "owner", "budget", "Nästa år.", now)
    pairing_id = case.accept(case.propose(now=now), now)
    case.confirm(pairing_id, testbed, FIRST, LAST)
    pairings.end(store, case.owner, pairing_id, "no_effect", "Ingen skillnad.", now)
    queued = [{**row, "params": json.loads(row["params"])} for row in store.query("select * from outbox")]
    written = {row["template"] for row in queued}
    kinds = {"pairing", "interest", "share", "conflict"}
    folder = app.jinja_env.list_templates(extensions=["txt"])
    names = {name.removeprefix("mail/").removesuffix(".txt") for name in folder if name.startswith("mail/")}
    assert written == {name for name in names if name.split("_")[0] in kinds}
    with app.app_context():
        for row in queued:
            for locale in ("sv", "en"):
                subject, body = letters.write({**row, "locale": locale})
                assert subject
                assert "http://localhost/" in body
                assert "None" not in body
                assert "_(" not in body


def test_part_templates_do_not_stand_alone(app: Flask) -> None:
    with app.test_request_context("/"):
        assert render_template("pairings/_parts.html").strip() == ""
