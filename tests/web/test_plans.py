"""The plan of a round on the broker's pages: made, overridden at a price that is shown first, and proposed from."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from icalendar import Calendar

from matcher.hub import clock, quarters, rounds
from matcher.ranking import indexing, planning
from matcher.ranking import rounds as boards
from matcher.ranking.encoder import TinyEncoder
from matcher.web import plans
from tests import factories


def hub_of(store: Any, scores: list[list[float]], places: list[int] | None = None, **terms: Any) -> dict[str, Any]:
    """Return a stored round over new needs and startups with these scores, and one testbed for each of `places`."""
    needs = [
        factories.create_need(store, published=True, title=f"Behov {at}", wanted_by=None, themes=[])
        for at in range(len(scores))
    ]
    startups = [
        factories.create_startup(store, published=True, name=f"Bolag {at}", capacity=1, regions=[])
        for at in range(len(scores[0]))
    ]
    testbeds = [
        factories.create_testbed(store, published=True, name=f"Bädd {at}", places=number, themes=[])
        for at, number in enumerate(places or [])
    ]
    given = {"name": "Vår", "places": "yes" if places else None, "quarters": 1, "least": 0, **terms}
    checked = rounds.terms(given, clock.now())
    matrix = np.array(scores, float)
    scored = {
        "model": "tiny", "scoring": "1", "need_ids": [row["id"] for row in needs],
        "startup_ids": [row["id"] for row in startups], "arcs": boards.pack(planning.dense(matrix)),
    }  # fmt: skip
    broker = factories.create_person(store, "broker")
    round_id = rounds.create(store, broker, checked, scored, clock.now())
    return {"id": round_id, "needs": needs, "startups": startups, "testbeds": testbeds, "broker": broker}


def change(made: dict[str, Any], need: int, startup: int) -> str:
    return f"/plans/{made['id']}/needs/{made['needs'][need]['id']}/startups/{made['startups'][startup]['id']}"


def test_a_round_is_made_from_what_is_open(client, login, store, text):
    login(client, factories.create_person(store, "broker"))
    factories.create_need(store, published=True)
    factories.create_startup(store, published=True)
    while indexing.catch_up(store, TinyEncoder()):
        pass
    answer = client.post("/plans/", data={"name": "Vår 2027", "places": "", "least": "0"}, follow_redirects=True)
    assert answer.status_code == 200
    assert b"V\xc3\xa5r 2027" in answer.data
    [row] = store.query("select * from round")
    assert (row["demand"], row["quarters"], row["places"]) == (1, 4, None)
    assert b"V\xc3\xa5r 2027" in client.get("/plans/").data


def test_scores_and_quarters_are_written_as_they_are_said_in_swedish(client, login, store, text):
    broker = factories.create_person(store, "broker")
    store.execute("update person set locale = 'sv' where id = :id", {"id": broker.person_id})
    login(client, broker)
    page = text(client.get("/plans/"))
    assert 'value="0,10"' in page
    assert re.search(r"<option[^>]*>\s*Kvartal [1-4] 20\d\d", page)
    assert not re.search(r"20\d\d Q[1-4]", page)
    wrong = client.post("/plans/", data={"name": "Vår 2027", "least": "10"})
    assert wrong.status_code == 422
    assert "”10” går inte" in text(wrong)


def test_the_rounds_stand_on_pages(client, login, store, text):
    made = hub_of(store, [[0.9]])
    row = store.query("select * from round")[0]
    for number in range(rounds.PAGE):
        store.insert("round", {**row, "id": f"round-{number}", "name": f"Gammal {number}", "created_at": "2020-01-01"})
    login(client, made["broker"])
    first, second = (client.get(f"/plans/?page={page}").text for page in (1, 2))
    assert "page=2" in first
    assert first.count("Gammal") == rounds.PAGE - 1
    assert second.count("Gammal") == 1


def test_ranking_everything_again_and_again_is_refused_for_a_while(client, login, store, monkeypatch):
    monkeypatch.setattr(plans, "RANKED_A_QUARTER", 2)
    moment = f"{clock.now()[:14]}07:00.000000Z"  # no quarter of an hour ends in the middle of counting
    monkeypatch.setattr(clock, "now", lambda: moment)
    made = hub_of(store, [[0.9]])
    while indexing.catch_up(store, TinyEncoder()):
        pass
    login(client, made["broker"])
    assert client.post(f"/plans/{made['id']}/remake").status_code == 303
    assert client.post("/plans/", data={"name": "Vår 2027", "places": ""}).status_code == 303
    assert client.post("/plans/", data={"name": "Vår 2028", "places": ""}).status_code == 429
    assert client.post(f"/plans/{made['id']}/remake").status_code == 429
    assert len(store.query("select id from round")) == 2
    assert client.get(f"/plans/{made['id']}").status_code == 200
    login(client, factories.create_person(store, "broker"))
    assert client.post(f"/plans/{made['id']}/remake").status_code == 303


def test_what_cannot_be_a_round_comes_back_with_what_was_typed(client, login, store, text):
    login(client, factories.create_person(store, "broker"))
    answer = client.post("/plans/", data={"name": "", "quarters": "99"})
    assert answer.status_code == 422
    assert b'value="99"' in answer.data
    answer = client.post("/plans/", data={"name": "Tom"})
    assert answer.status_code == 422
    assert b"open need" in answer.data


def test_the_plan_looks_ahead_where_greedy_would_not(client, login, store, text):
    made = hub_of(store, [[0.9, 0.8], [0.85, 0.05]], least=0.1)
    login(client, made["broker"])
    page = text(client.get(f"/plans/{made['id']}"))
    assert "1.65" in page  # the plan
    assert "0.95" in page or "0.90" in page  # best pair first
    assert "number 2 in the need’s list" in page


def test_a_need_without_a_place_is_told_so_with_quarter_and_testbed(client, login, store, text):
    made = hub_of(store, [[0.9, 0.1], [0.1, 0.9]], places=[1])
    store.execute("update testbed set places = 0 where id = :id", {"id": made["testbeds"][0]["id"]})
    login(client, made["broker"])
    page = text(client.get(f"/plans/{made['id']}"))
    year, quarter = quarters.name(quarters.next_first_day(clock.now()[:10])).split()
    assert f"No place is free in {quarter} {year} at “Bädd 0”." in page


def test_who_got_the_last_place_is_named(client, login, store, text):
    made = hub_of(store, [[0.9, 0.1], [0.1, 0.4]], places=[1])
    login(client, made["broker"])
    page = text(client.get(f"/plans/{made['id']}"))
    assert "goes to “Behov 0”" in page


def test_the_cost_of_a_lock_is_shown_before_it_is_taken_and_stored_with_it(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5], [0.8, 0.1]])
    login(client, made["broker"])
    page = text(client.get(f"{change(made, 0, 0)}?kind=lock"))
    assert "This costs 0.30" in page
    assert "Behov 1" in page  # who loses
    assert store.query("select * from round_rule") == []
    answer = client.post(change(made, 0, 0), data={"kind": "lock", "note": "De känner varandra."})
    assert answer.status_code == 303
    [rule] = store.query("select * from round_rule")
    assert (rule["kind"], rule["note"]) == ("lock", "De känner varandra.")
    assert rule["cost"] == pytest.approx(0.3)
    page = text(client.get(f"/plans/{made['id']}"))
    assert "Locked" in page
    assert "costs 0.30" in page
    [told] = [row for row in store.query("select * from audit") if row["action"] == "round.lock"]
    assert json.loads(told["detail"])["cost"] == pytest.approx(0.3)


def test_a_no_is_kept_and_can_be_taken_back(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5]])
    login(client, made["broker"])
    client.post(change(made, 0, 0), data={"kind": "forbid"})
    board = boards.load(store, rounds.load(store, made["broker"], made["id"]), clock.now())
    assert boards.solve(board).pairs() == {(0, 1)}
    [rule] = store.query("select * from round_rule")
    client.post(f"/plans/rules/{rule['id']}/undo")
    board = boards.load(store, rounds.load(store, made["broker"], made["id"]), clock.now())
    assert boards.solve(board).pairs() == {(0, 0)}
    assert store.query("select undone_at from round_rule")[0]["undone_at"]
    answer = client.post(f"/plans/rules/{rule['id']}/undo", follow_redirects=True)
    assert "taken back" in text(answer)


def test_a_lock_that_cannot_be_kept_is_not_taken(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5], [0.8, 0.1]])
    login(client, made["broker"])
    client.post(change(made, 0, 0), data={"kind": "lock"})
    answer = client.post(change(made, 1, 0), data={"kind": "lock"})
    assert answer.status_code == 409
    assert "locked to more needs" in text(answer)
    assert len(store.query("select * from round_rule")) == 1


def test_a_hard_condition_stays_hard(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5]])
    store.insert(
        "conflict",
        {
            "id": "c1", "need_id": made["needs"][0]["id"], "startup_id": made["startups"][0]["id"],
            "person_id": made["broker"].person_id, "note": "Syskon", "declared_at": clock.now(),
        },
    )  # fmt: skip
    login(client, made["broker"])
    page = text(client.get(f"{change(made, 0, 0)}?kind=lock"))
    assert "conflict of interest" in page
    refused = client.post(change(made, 0, 0), data={"kind": "lock", "note": "De har redan träffats."})
    assert refused.status_code == 409
    assert "De har redan träffats." in text(refused)
    assert store.query("select * from round_rule") == []


def test_a_lock_may_name_the_place(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5]], places=[1, 1])
    first = quarters.next_first_day(clock.now()[:10])
    login(client, made["broker"])
    other = made["testbeds"][1]["id"]
    client.post(change(made, 0, 0), data={"kind": "lock", "place": f"{other}@{first}"})
    board = boards.load(store, rounds.load(store, made["broker"], made["id"]), clock.now())
    plan = boards.solve(board)
    assert board.slots[plan.place[0]].testbed["id"] == other


def test_candidates_of_a_need_show_what_each_would_cost(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5], [0.8, 0.1]])
    login(client, made["broker"])
    page = text(client.get(f"/plans/{made['id']}/needs/{made['needs'][0]['id']}"))
    assert "costs 0.30" in page
    assert "costs 0.30 of the plan's" in page.replace("&#39;", "'")  # a bare figure says nothing
    assert "with Behov 1" in page


def test_a_need_may_ask_for_two_or_be_left_out(client, login, store, text):
    made = hub_of(store, [[0.9, 0.8]])
    login(client, made["broker"])
    address = f"/plans/{made['id']}/needs/{made['needs'][0]['id']}/demand"
    for number, expected in (("2", 2), ("0", 0)):
        assert client.post(address, data={"demand": number}).status_code == 303
        board = boards.load(store, rounds.load(store, made["broker"], made["id"]), clock.now())
        assert len(boards.solve(board).need) == expected
    answer = client.post(address, data={"demand": "many"})
    assert answer.status_code == 422


def test_a_row_is_proposed_by_the_same_form_as_the_desks(client, login, store, text):
    made = hub_of(store, [[0.9]], places=[1])
    login(client, made["broker"])
    need, startup = made["needs"][0]["id"], made["startups"][0]["id"]
    page = text(client.get(f"/plans/{made['id']}"))
    assert f'action="/needs/{need}/startups/{startup}/propose"' in page
    assert f'name="testbed_id" value="{made["testbeds"][0]["id"]}"' in page
    answer = client.post(
        f"/needs/{need}/startups/{startup}/propose",
        data={"message": "Ur planen", "answer_days": "14", "testbed_id": made["testbeds"][0]["id"]},
    )
    assert answer.status_code == 303
    assert store.query("select testbed_id from pairing")[0]["testbed_id"] == made["testbeds"][0]["id"]
    page = text(client.get(f"/plans/{made['id']}"))
    assert "Already being paired" in page


def test_a_closed_round_is_read_only(client, login, store, text):
    made = hub_of(store, [[0.9]])
    login(client, made["broker"])
    client.post(f"/plans/{made['id']}/close")
    refused = client.post(change(made, 0, 0), data={"kind": "lock", "note": "Lovat i maj."})
    assert refused.status_code == 409
    assert "Lovat i maj." in text(refused)
    page = text(client.get(f"/plans/{made['id']}"))
    assert "it can be read, not changed" in page
    assert "Propose" not in page


def test_scores_can_be_made_anew_and_the_locks_stay(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5]])
    login(client, made["broker"])
    client.post(change(made, 0, 1), data={"kind": "forbid"})
    while indexing.catch_up(store, TinyEncoder()):
        pass
    assert client.post(f"/plans/{made['id']}/remake", follow_redirects=True).status_code == 200
    assert len(rounds.rules(store, made["id"])) == 1
    assert store.query("select made_at > created_at as later from round")[0]["later"]


def test_the_match_day_has_nobody_twice_at_once_and_is_a_calendar(client, login, store, text):
    scores = [[0.9, 0.8, 0.7], [0.6, 0.9, 0.8], [0.7, 0.6, 0.9]]
    made = hub_of(store, scores, demand=3, most=3)
    login(client, made["broker"])
    held_on = clock.later(clock.now(), days=30)[:10]
    given = {"held_on": held_on, "opens_at": "09:00", "minutes": "20", "pause": "5", "tables": "3"}
    assert client.post(f"/plans/{made['id']}/day", data=given).status_code == 303
    page = text(client.get(f"/plans/{made['id']}/day"))
    assert "9 meetings" in page
    assert "09:50–10:10" in page
    assert "10:15" not in page
    answer = client.get(f"/plans/{made['id']}/day.ics")
    assert answer.mimetype == "text/calendar"
    events = Calendar.from_ical(answer.data).walk("VEVENT")
    assert len(events) == 9
    seen = {(event["dtstart"].dt, party) for event in events for party in str(event["summary"]).split(" – ")}
    assert len(seen) == 18
    assert {event["dtstart"].dt.date().isoformat() for event in events} == {held_on}
    assert all(isinstance(event["dtstart"].dt, datetime) and event["dtstart"].dt.tzinfo for event in events)
    own = made["startups"][0]["organisation_id"]
    mine = Calendar.from_ical(client.get(f"/plans/{made['id']}/day.ics?organisation={own}").data).walk("VEVENT")
    assert len(mine) == 3


def test_a_day_that_is_too_short_says_what_to_do(client, login, store, text):
    made = hub_of(store, [[0.9] * 8], demand=8)
    login(client, made["broker"])
    held_on = clock.later(clock.now(), days=30)[:10]
    given = {"held_on": held_on, "opens_at": "20:00", "minutes": "60", "pause": "0", "tables": "1"}
    client.post(f"/plans/{made['id']}/day", data=given)
    page = text(client.get(f"/plans/{made['id']}/day"))
    assert "8 meetings one after the other do not fit into the day" in page


@pytest.mark.parametrize(("name", "value"), [("held_on", ""), ("opens_at", "nio"), ("tables", "0")])
def test_a_match_day_that_cannot_be_comes_back(client, login, store, text, name, value):
    made = hub_of(store, [[0.9]])
    login(client, made["broker"])
    given = {"held_on": clock.later(clock.now(), days=30)[:10], "opens_at": "09:00", "tables": "3", name: value}
    assert client.post(f"/plans/{made['id']}/day", data=given).status_code == 422


def test_a_plan_of_texts_that_were_not_read_says_so_until_it_is_ranked_anew(client, login, store, text):
    login(client, factories.create_person(store, "broker"))
    factories.create_need(store, published=True)
    for _ in range(2):
        indexing.keep_words(store, "startup", factories.create_startup(store, published=True))
    page = text(client.post("/plans/", data={"name": "Vår 2027", "least": "0"}, follow_redirects=True))
    assert "2 texts had not been read when this plan got its scores" in page
    [row] = store.query("select * from round")
    while indexing.catch_up(store, TinyEncoder()):
        pass
    page = text(client.post(f"/plans/{row['id']}/remake", follow_redirects=True))
    assert "had not been read" not in page


def test_an_override_whose_cost_has_changed_since_it_was_shown_is_shown_again(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5], [0.8, 0.1]])
    login(client, made["broker"])
    page = text(client.get(f"{change(made, 0, 1)}?kind=forbid"))
    [shown] = re.findall(r'name="cost" value="([^"]+)"', page)
    client.post(change(made, 1, 0), data={"kind": "forbid"})  # another broker, or another tab
    given = {"kind": "lock", "cost": "0.3", "note": "Lovat i maj."}
    answer = client.post(change(made, 0, 0), data=given)
    assert answer.status_code == 409
    page = text(answer)
    assert "The plan has changed meanwhile" in page
    assert "This costs nothing." in page
    assert "Lovat i maj." in page
    assert [row["kind"] for row in store.query("select kind from round_rule")] == ["forbid"]
    [again] = re.findall(r'name="cost" value="([^"]+)"', page)
    assert client.post(change(made, 0, 0), data={**given, "cost": again}).status_code == 303
    assert float(shown) == pytest.approx(0.3)
    assert client.post(change(made, 0, 1), data={"kind": "forbid", "cost": "<b>"}).status_code == 409


def test_a_lock_of_a_place_that_is_gone_is_not_taken_for_one_of_any_place(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5]], places=[1, 1])
    first = quarters.next_first_day(clock.now()[:10])
    place = f"{made['testbeds'][1]['id']}@{first}"
    store.execute("update testbed set withdrawn_at = :now where id = :id", {
        "now": clock.now(), "id": made["testbeds"][1]["id"],
    })  # fmt: skip
    login(client, made["broker"])
    answer = client.post(change(made, 0, 0), data={"kind": "lock", "place": place, "note": "Lovat i maj."})
    assert answer.status_code == 409
    assert "That testbed or quarter is not in the round any more. Choose another place." in text(answer)
    assert "Lovat i maj." in text(answer)
    assert store.query("select * from round_rule") == []


def test_closing_a_round_asks_first(client, login, store):
    made = hub_of(store, [[0.9]])
    login(client, made["broker"])
    page = client.get(f"/plans/{made['id']}").text
    before, after = page.split(f'action="/plans/{made["id"]}/close"')
    assert before.rindex("<details") > before.rindex("</details>"), "folded up until it is asked for"
    assert "cannot be opened again" in after


def test_a_page_beyond_the_last_does_not_say_that_nothing_is_suggested(client, login, store, text):
    made = hub_of(store, [[0.9]])
    login(client, made["broker"])
    page = text(client.get(f"/plans/{made['id']}?page=99"))
    assert "Nothing can be suggested" not in page
    assert "Behov 0" in page
    assert "Vår" in text(client.get("/plans/?page=99"))


def test_the_day_of_an_organisation_without_meetings_does_not_say_that_nobody_meets(client, login, store, text):
    made = hub_of(store, [[0.9]])
    login(client, made["broker"])
    held_on = clock.later(clock.now(), days=30)[:10]
    client.post(f"/plans/{made['id']}/day", data={"held_on": held_on, "opens_at": "09:00"})
    page = text(client.get(f"/plans/{made['id']}/day?organisation=none-such"))
    assert "The plan suggests no pair" not in page
    assert "This organisation meets nobody" in page
    assert "Show the day of everybody" in page


def test_a_moved_match_day_is_a_newer_calendar_file(client, login, store, monkeypatch):
    made = hub_of(store, [[0.9]])
    login(client, made["broker"])
    stamps, now = [], clock.now()
    for turn in range(2):
        monkeypatch.setattr(clock, "now", lambda turn=turn: clock.later(now, minutes=turn))
        given = {"held_on": clock.later(now, days=30)[:10], "opens_at": f"0{8 + turn}:00"}
        client.post(f"/plans/{made['id']}/day", data=given)
        [event] = Calendar.from_ical(client.get(f"/plans/{made['id']}/day.ics").data).walk("VEVENT")
        stamps.append(event["dtstamp"].dt)
    assert stamps[1] > stamps[0]


def test_no_code_of_the_machine_stands_for_a_reason(client, login, store, text):
    made = hub_of(store, [[0.9, 0.01]], least=0.1)
    store.execute("update round set arcs = :arcs", {"arcs": boards.pack(planning.dense(np.array([[0.9, -np.inf]])))})
    login(client, made["broker"])
    page = text(client.get(f"{change(made, 0, 1)}?kind=lock"))
    assert "not among the candidates of this round" in page
    assert "not_scored" not in page


def test_a_startup_that_is_gone_is_called_by_its_name(client, login, store, text):
    made = hub_of(store, [[0.9, 0.5]])
    one = made["startups"][1]
    store.execute("update startup set hidden_at = :now where id = :id", {"now": clock.now(), "id": one["id"]})
    login(client, made["broker"])
    page = text(client.get(f"{change(made, 0, 1)}?kind=lock"))
    assert "Lock Bolag 1" in page
    assert "no longer on offer" in page


def test_figures_in_reasons_are_written_as_in_tables(client, login, store, text):
    made = hub_of(store, [[0.05]], least=0.1)
    store.execute("update round set arcs = :arcs", {"arcs": boards.pack(planning.dense(np.array([[-np.inf]])))})
    login(client, made["broker"])
    page = text(client.get(f"/plans/{made['id']}", headers={"Accept-Language": "sv"}))
    store.execute("update person set locale = 'sv' where id = :id", {"id": made["broker"].person_id})
    page = text(client.get(f"/plans/{made['id']}"))
    assert "0,10" in page
    assert "0.10" not in page
