"""The route of a need on its pages: questions, ranked ways with the rule that fired, the choice, its checklist."""

from __future__ import annotations

import re

import pytest

from matcher.hub import route_notes, routes
from matcher.hub.route_settings import SHIPPED, load
from tests import factories
from tests.factories import NOW

ANSWERS = {
    "market": "no", "amount": "450 000 kr", "research": "no", "dialogue": "yes", "buyers": "no", "testbed": "yes",
    "service": "ordinary", "utility": "no",
}  # fmt: skip


@pytest.fixture
def need(store, owner):
    return factories.create_need(store, owner.organisations("owner")[0], published=True, title="Färre fall")


@pytest.fixture
def page(client, login, owner, need):
    """Log the owner in; return the address of the need's route."""
    login(client, owner)
    return f"/needs/{need['id']}/route"


def answered(client, page, number="0", **changed):
    return client.post(page, data={**ANSWERS, "number": number, **changed})


def choose(client, page, way="paid_test", why="Litet och snabbt.", number="1", replaces=""):
    return client.post(f"{page}/choice", data={"way": way, "why": why, "number": number, "replaces": replaces})


def headings(found):
    return re.findall(r"<h3>(\d+\. [^<]+)</h3>", found)


def test_the_page_says_what_holds_when_nothing_is_known(client, page, text):
    found = text(client.get(page))
    assert headings(found)[0] == "1. Early dialogue"
    assert "Nobody has answered the questions yet" in found
    assert "Could come in once more is known" in found
    assert 'It would speak for this way if:</p> <ul class="quiet"><li>a testbed could host it</li>' in found


def test_what_is_not_known_is_said_once_and_what_would_follow_is_folded(client, page, text):
    found = text(client.get(page))
    assert "We do not know whether" not in found
    card = found[found.index("<h3>1. ") : found.index("<h3>2. ")]
    assert card.index("<details><summary>What could change this") < card.index("It would speak for this way if:")
    assert card.count("It would speak for this way if:") == 1
    answered(client, page, testbed="unknown")
    assert text(client.get(page)).count("Not known yet: ") == 1


def test_answers_lead_to_ranked_ways_with_the_rule_and_its_figure(client, page, text):
    assert answered(client, page).status_code == 303
    found = text(client.get(page))
    assert headings(found)[:3] == [
        "1. Agreement with a testbed",
        "2. Early dialogue",
        "3. Paid test under the direct-award limit",
    ]
    assert "The amount SEK 450,000 is under the direct-award limit SEK 700,000." in found
    assert 'SEK 700,000. <span class="quiet">(LOU chapter 19 a, goods and services, as of 1 Jan 2024)' in found
    assert 'The direct-award limit: <span class="figure">SEK 700,000</span>, LOU chapter 19 a' in found
    assert "upphandlingsmyndigheten.se/frageportalen/2904774" in found
    assert "Innovation partnership" in found
    assert "No research or development is needed" in found


def test_the_same_in_swedish(store, client, page, text, owner):
    store.execute("update person set locale = 'sv' where id = :id", {"id": owner.person_id})
    answered(client, page)
    found = text(client.get(page))
    assert "Beloppet 450 000 kr är under direktupphandlingsgränsen 700 000 kr." in found
    assert "LOU 19 a kap., varor och tjänster" in found
    assert "Inte juridisk rådgivning" in found


def test_a_figure_that_is_old_says_that_it_must_be_checked(client, page, text):
    answered(client, page, amount="9 000 000", service="special")
    found = text(client.get(page))
    assert "Figures to check first" in found
    assert "it is known to apply only until 31 December 2025." in found
    assert "look it up" in found


def test_not_legal_advice_stands_once_before_all_that_could_be_taken_for_it(client, page, text):
    answered(client, page)
    choose(client, page)
    found = text(client.get(page))
    assert found.count("Not legal advice") == 1
    assert "Ask your procurement unit or a lawyer before you decide." in found
    for heading in ("Chosen: ", "Checklist</h2>", "The ways, in the order"):
        assert found.index("Not legal advice") < found.index(heading)


def test_the_questions_come_first_until_they_are_answered(client, page, text):
    found = text(client.get(page))
    assert found.index("The questions") < found.index("The ways, in the order")
    answered(client, page)
    found = text(client.get(page))
    assert found.index("The questions") > found.index("The ways, in the order")
    assert 'value="450\u00a0000"'.replace("\u00a0", " ") in found


def test_a_testbed_that_the_need_offers_is_filled_in(client, page, store, need, text):
    bed = factories.create_testbed(store, published=True)
    store.execute("update need set testbed_id = :bed where id = :id", {"bed": bed["id"], "id": need["id"]})
    assert 'name="testbed" value="yes" checked' in text(client.get(page))


def test_an_amount_that_is_no_amount_comes_back_as_typed(client, page, text):
    answer = answered(client, page, amount="en halv miljon")
    assert answer.status_code == 422
    found = text(answer)
    assert 'value="en halv miljon"' in found
    assert "is not an amount. Write whole kronor, like 450 000." in found


def test_answers_that_somebody_else_gave_meanwhile_are_not_written_over(client, page, text, store, need, owner):
    routes.answer(store, owner, need["id"], {"market": "yes"}, 0, NOW)
    answer = answered(client, page)
    assert answer.status_code == 409
    found = text(answer)
    assert "Somebody else answered these questions" in found
    assert 'value="450 000 kr"' in found
    assert 'name="number" value="1"' in found


def test_the_choice_is_kept_with_why_who_and_what_spoke_for_it(client, page, text, owner, need):
    answered(client, page)
    assert choose(client, page).status_code == 303
    found = text(client.get(page))
    assert "Chosen: Paid test under the direct-award limit" in found
    assert "Litet och snabbt." in found
    assert f"{owner.name}, " in found
    assert "then number 3 of 6" in found
    on_need = text(client.get(f"/needs/{need['id']}"))
    assert "Litet och snabbt." in on_need
    assert "The way is chosen: Paid test under the direct-award limit" in on_need


def test_a_choice_without_why_asks_for_it(client, page, text):
    answered(client, page)
    answer = choose(client, page, why=" ")
    assert answer.status_code == 422
    assert "#why-paid_test" in answer.get_data(as_text=True)


def test_changing_the_way_asks_why_and_keeps_the_earlier(client, page, text, store, need):
    answered(client, page)
    choose(client, page)
    assert "Why this way, and not the one chosen before?" in text(client.get(page))
    stands = routes.standing(store, need["id"])
    choose(client, page, "testbed_agreement", "Vi vill lära först.", replaces=stands["id"])
    found = text(client.get(page))
    assert "Chosen: Agreement with a testbed" in found
    assert "Chosen before" in found
    assert "Litet och snabbt." in found


def test_a_choice_over_somebody_elses_is_told(client, page, text):
    answered(client, page)
    choose(client, page)
    answer = choose(client, page, "testbed_agreement", "Vi vill lära först.")
    assert answer.status_code == 409
    assert "chose another way" in text(answer)
    assert "Vi vill lära först." in text(answer)


def test_answers_changed_after_the_choice_are_told_beside_it(client, page, text):
    answered(client, page)
    choose(client, page)
    answered(client, page, number="1", amount="900 000")
    found = text(client.get(page))
    assert "The answers have changed since." in found
    assert "Earlier answers" in found


def test_the_checklist_keeps_who_ticked_what(client, page, text, store, need, owner):
    answered(client, page)
    choose(client, page)
    form = {"way": "paid_test", "items": ["value", "end"]}
    assert client.post(f"{page}/checklist", data=form).status_code == 303
    found = client.get(page).get_data(as_text=True)
    assert found.count(" checked aria-describedby=") == 2
    assert set(route_notes.ticks(store, need["id"], "paid_test")) == {"value", "end"}
    client.post(f"{page}/checklist", data={"way": "paid_test", "was": ["value", "end"], "items": ["end"]})
    assert set(route_notes.ticks(store, need["id"], "paid_test")) == {"end"}


def test_whether_innovation_was_considered_is_kept_with_who(client, page, text, owner):
    form = {"considered": "no", "innovation_note": "Det brådskade."}
    assert client.post(f"{page}/innovation", data=form).status_code == 303
    found = text(client.get(page))
    assert "No, it was not considered" in found
    assert "Det brådskade." in found
    assert client.post(f"{page}/innovation", data={"considered": "no", "innovation_note": ""}).status_code == 422


def test_who_has_done_it_before_is_counted_and_named_where_one_may_see_it(client, page, text, store):
    for title, published in (("Synligt behov", True), ("Hemligt utkast", False)):
        other = factories.create_person(store, "owner")
        theirs = factories.create_need(store, other.organisations("owner")[0], published=published, title=title)
        routes.answer(store, other, theirs["id"], {"amount": "1000"}, 0, NOW)
        routes.choose(store, other, load(), theirs["id"], "paid_test", "Litet.", 1, "", NOW)
    answered(client, page)
    found = text(client.get(page))
    assert "2 other needs in this hub take this way." in found
    assert "Synligt behov" in found
    assert "Hemligt utkast" not in found


def test_a_startup_and_a_visitor_do_not_see_the_choice(app, client, page, text, store, need, login):
    answered(client, page)
    choose(client, page)
    stranger = app.test_client()
    assert "Litet och snabbt." not in text(stranger.get(f"/needs/{need['id']}"))
    login(stranger, factories.create_person(store, "startup"))
    assert "Litet och snabbt." not in text(stranger.get(f"/needs/{need['id']}"))
    assert stranger.get(page).status_code == 403


def test_a_broker_reaches_it_from_the_desk(app, store, need, login, text):
    broker = app.test_client()
    login(broker, factories.create_person(store, "broker"))
    assert f"/needs/{need['id']}/route" in text(broker.get(f"/desk/needs/{need['id']}"))
    assert broker.get(f"/needs/{need['id']}/route").status_code == 200


def test_a_closed_need_shows_its_way_and_takes_no_more(client, page, text, store, need):
    answered(client, page)
    choose(client, page)
    store.execute(
        "update need set closed_at = :now, close_reason = 'met' where id = :id", {"now": NOW, "id": need["id"]}
    )
    found = text(client.get(page))
    assert "Chosen: Paid test" in found
    assert "Save the answers" not in found
    assert answered(client, page, number="1", amount="1").status_code == 409


def test_a_hubs_own_file_counts_and_a_broken_one_is_told_to_brokers(app, client, page, text, store, login, tmp_path):
    folder = tmp_path / "routes"
    folder.mkdir()
    shipped = (SHIPPED / "figures.toml").read_text(encoding="utf8")
    (folder / "figures.toml").write_text(shipped.replace("700_000", "800_000"), encoding="utf8")
    answered(client, page)
    assert "under the direct-award limit SEK 800,000" in text(client.get(page))
    (folder / "figures.toml").write_text("[[figure]]\ncode = 1", encoding="utf8")
    found = text(client.get(page))
    assert "under the direct-award limit SEK 700,000" in found
    assert "figures.toml" not in found
    broker = app.test_client()
    login(broker, factories.create_person(store, "broker"))
    assert "figures.toml: line 1: figure 1" in text(broker.get(page))


def test_the_number_of_queries_does_not_grow_with_those_who_did_it_before(client, page, store, monkeypatch):
    answered(client, page)
    counted = []
    query = type(store).query
    monkeypatch.setattr(type(store), "query", lambda self, *args: counted.append(1) or query(self, *args))
    client.get(page)
    few = len(counted)
    for _ in range(6):
        other = factories.create_person(store, "owner")
        theirs = factories.create_need(store, other.organisations("owner")[0], published=True)
        routes.answer(store, other, theirs["id"], {"amount": "1000"}, 0, NOW)
        routes.choose(store, other, load(), theirs["id"], "paid_test", "Litet.", 1, "", NOW)
    counted.clear()
    client.get(page)
    assert len(counted) == few
