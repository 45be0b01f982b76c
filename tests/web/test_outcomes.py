"""The pages of what came of a case: by secret link, on the case, and corrected."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import clock, mail, outcome_links, outcomes, pairings
from matcher.hub.clock import later
from matcher.hub.ids import new_token, token_hash
from matcher.web import letters
from tests import factories
from tests.hub.cases import SEEN

NOW = clock.now()


class Followed:
    """A case that was completed seven months ago, with the people of its sides and their links."""

    def __init__(self, store: Any, months: int = 7) -> None:
        self.store = store
        self.broker = factories.create_person(store, "broker")
        self.owner = factories.create_person(store, "owner")
        self.founder = factories.create_person(store, "startup")
        self.host = factories.create_person(store, "host")
        need = factories.create_need(
            store, self.owner.organisations("owner")[0], published=True, valid_until="2040-01-01"
        )
        startup = factories.create_startup(store, self.founder.organisations("startup")[0], published=True)
        testbed = factories.create_testbed(store, self.host.organisations("host")[0], published=True)
        self.id = pairings.propose(store, self.broker, need["id"], startup["id"], "", SEEN, NOW)
        for who, side in ((self.owner, "owner"), (self.founder, "startup")):
            pairings.accept(store, who, self.id, side, NOW)
        days = clock.day(NOW), clock.day(later(NOW, days=30))
        pairings.confirm(store, self.broker, self.id, testbed["id"], *days, NOW)
        self.move(months)

    def move(self, months: int) -> None:
        """Let the case have been completed so many months ago."""
        ended = f"{outcomes.months_after(clock.day(NOW), -months)}T08:00:00.000000Z"
        self.store.execute(
            """update pairing set ended_at = :at, ended_side = 'broker', reason = 'completed', note = ''
               where id = :id""",
            {"at": ended, "id": self.id},
        )

    def link(self, side: str = "owner", month: int = 6) -> str:
        token = new_token()
        row = {"token_hash": token_hash(token), "pairing_id": self.id, "month": month, "side": side, "sent_at": NOW}
        self.store.insert("outcome_link", row)
        return f"/outcome/{token}"

    def answers(self, side: str = "owner") -> dict[int, dict[str, Any]]:
        return outcomes.standing_answers(self.store, self.id, side)


@pytest.fixture
def case(store: Any) -> Followed:
    return Followed(store)


FULL = {
    "in_use": "partly", "why_not": "Bara på natten", "used_by": "40", "used_by_whom": "undersköterskor",
    "place": ["Åby kommun", "", "Byn AB"], "spread": "Cåby\nDåby", "economic": "some", "economic_note": "Färre vak",
    "social": "large", "perspectives": ["workplace", "everyday"], "hours": "12", "work": "Färre larm",
}  # fmt: skip


def test_a_visitor_answers_by_link_in_one_form(case, client, text):
    path = case.link()
    page = text(client.get(path))
    assert "How is it after 6 months?" in page or "efter 6 månader" in page
    answer = client.post(path, data=FULL)
    assert (answer.status_code, answer.location) == (303, path)
    found = case.answers()[6]
    assert (found["in_use"], found["used_by"], found["hours"], found["answered_by"]) == ("partly", 40, 12, None)
    assert [place["name"] for place in found["spread"]] == ["Åby kommun", "Byn AB", "Cåby", "Dåby"]
    page = text(client.get(path))
    for word in ("Bara på natten", "40 undersköterskor", "Åby kommun, Byn AB, Cåby, Dåby", "Färre vak"):
        assert word in page


def test_a_link_used_twice_shows_the_answers_and_how_to_correct_and_loses_nothing(case, client, login, text):
    path = case.link()
    client.post(path, data={"in_use": "yes"})
    again = client.post(path, data={"in_use": "no", "why_not": "Det slutade fungera"})
    assert again.status_code == 409
    page = text(again)
    assert "Det slutade fungera" in page
    assert f"/pairings/{case.id}/outcome/answer?month=6" in page
    assert case.answers()[6]["in_use"] == "yes"
    assert client.get(f"/pairings/{case.id}/outcome/answer?month=6").location.startswith("/login?next=")


def test_a_link_of_last_year_opens_the_form_of_this_year_and_says_so(case, client, login, text):
    path = case.link()
    case.move(13)
    page = text(client.get(path, headers={"Accept-Language": "en"}))
    assert "The link was sent for the form of 6 months. By now 12 months have passed" in page
    assert client.post(path, data={"in_use": "yes"}).status_code == 303
    assert list(case.answers()) == [12]


def test_a_link_after_the_last_year_says_that_it_is_closed_with_the_answers_as_they_stand(case, client, text):
    path = case.link(month=24)
    case.move(37)
    english = {"Accept-Language": "en"}
    assert "It was open for a year and is closed now" in text(client.get(path, headers=english))
    answer = client.post(path, data={"in_use": "yes", "work": "Mycket bättre"}, headers=english)
    assert answer.status_code == 409
    assert "Mycket bättre" in text(answer)
    case.move(25)
    client.post(path, data={"in_use": "yes", "work": "Bättre"})
    case.move(60)
    assert "Bättre" in text(client.get(path))


def test_what_cannot_be_used_comes_back_with_what_was_typed(case, client, text):
    path = case.link()
    answer = client.post(path, data={**FULL, "hours": "tolv"})
    assert answer.status_code == 422
    page = text(answer)
    for word in ('value="tolv"', 'value="Byn AB"', "Dåby", "Bara på natten", 'id="hours-error"'):
        assert word in page
    assert 'id="used_by-error"' in text(client.post(path, data={**FULL, "in_use": "no"}))
    assert case.answers() == {}


def test_a_page_of_a_link_is_kept_in_no_cache(case, client):
    assert client.get(case.link()).headers["Cache-Control"] == "no-store"


def test_answers_from_one_place_are_limited(case, client, monkeypatch):
    monkeypatch.setattr("matcher.web.outcomes.ANSWERS_FROM_ONE", 2)
    path = case.link()
    assert [client.post(path, data={}).status_code for _ in range(3)] == [422, 422, 429]


def test_the_startup_answers_two_numbers_that_the_owner_does_not_see(case, client, login, text):
    path = case.link("startup")
    assert client.post(path, data={"jobs": "7351", "customers": ""}).status_code == 422
    assert client.post(path, data={"jobs": "7351", "customers": "4"}).status_code == 303
    where = f"/pairings/{case.id}/outcome"
    assert "7351" in text(login(client, case.founder).get(where))
    assert "7351" in text(login(client, case.broker).get(where))
    assert "7351" not in text(login(client, case.owner).get(where))
    assert "7351" not in text(login(client, case.host).get(where))


def test_the_case_page_leads_to_the_form_and_the_answer_is_corrected_there(case, client, login, text):
    login(client, case.owner)
    assert f"/pairings/{case.id}/outcome" in text(client.get(f"/pairings/{case.id}"))
    where = f"/pairings/{case.id}/outcome"
    assert f"{where}/answer" in text(client.get(where))
    sent = {**FULL, "month": "6", "seen": ""}
    assert client.post(f"{where}/answer", data=sent).status_code == 303
    page = text(client.get(f"{where}/answer?month=6"))
    assert 'value="Åby kommun"' in page
    first = case.answers()[6]["id"]
    changed = {**sent, "seen": first, "used_by": "55"}
    assert client.post(f"{where}/answer", data=changed).status_code == 303
    assert case.answers()[6]["used_by"] == 55
    late = client.post(f"{where}/answer", data={**changed, "used_by": "66", "work": "Bortskrivet?"})
    assert late.status_code == 409
    assert "Bortskrivet?" in text(late)
    history = text(client.get(f"/pairings/{case.id}"))
    assert "Answer corrected" in history
    assert "After 6 months · Partly in use · Used by how many" in history


def test_before_the_first_form_the_page_says_when_it_comes(case, client, login, text):
    case.move(2)
    login(client, case.owner)
    page = client.get(f"/pairings/{case.id}/outcome/answer")
    assert page.status_code == 302
    assert "is asked by mail then" in text(client.get(page.location))


def test_a_case_that_is_not_decided_says_what_the_months_count_from(case, client, login, text):
    case.store.execute("update pairing set reason = 'no_effect'")
    page = text(login(client, case.owner).get(f"/pairings/{case.id}/outcome"))
    assert "The months begin to count when the pilot is decided" in page


def test_the_mail_that_asks_leads_to_the_form(case, client, app):
    outcome_links.send(case.store, NOW)
    queued = [row for rows in iter(lambda: mail.claim(case.store, NOW), []) for row in rows]
    [row] = [one for one in queued if one["template"] == "pairing_outcome_due"]
    with app.app_context():
        _, body = letters.write(row)
    path = next(word for word in body.split() if "/outcome/" in word).removeprefix("http://localhost")
    assert client.get(path).status_code == 200


def test_the_journey_of_the_case_tells_how_it_stands(case, client, login, text):
    login(client, case.owner)
    where = f"/pairings/{case.id}"
    owner_name = case.store.query("select name from organisation where kind = 'public' order by created_at")[0]["name"]
    assert f"{owner_name} answers whether it is in use after 6 months." in text(client.get(where))
    client.post(f"{where}/outcome/answer", data={"in_use": "yes", "month": "6", "seen": ""})
    assert "In use after 6 months. Asked next on" in text(client.get(where))
    case.store.execute("update pairing set reason = 'no_effect'")
    assert "Ended without a result to follow up" in text(client.get(where))


def test_a_form_that_waits_stands_on_ones_own_page(case, client, login, text):
    login(client, case.owner)
    assert f"/pairings/{case.id}/outcome/answer" in text(client.get("/mine"))
    client.post(f"/pairings/{case.id}/outcome/answer", data={"in_use": "yes", "month": "6", "seen": ""})
    assert f"/pairings/{case.id}/outcome/answer" not in text(client.get("/mine"))
    assert f"/pairings/{case.id}/outcome/company" in text(login(client, case.founder).get("/mine"))
