"""The pages on which a case is handled, as the people whose steps they are."""

from __future__ import annotations

import pytest

from matcher.hub import case_log, clock, questions
from matcher.hub.clock import later
from tests.factories import create_person


@pytest.fixture
def pairing_id(case) -> str:
    return case.propose(now=clock.now())


def test_the_log_is_written_read_and_summed(case, pairing_id, open_as, text):
    broker, owner = open_as(case.broker), open_as(case.owner)
    given = {"kind": "call", "text": "Ringde chefen.", "hours": "1:30", "visible": "all"}
    assert broker.post(f"/pairings/{pairing_id}/log", data=given).status_code == 303
    assert owner.post(f"/pairings/{pairing_id}/log", data={"kind": "log", "text": "Vi har rum."}).status_code == 303
    page = text(owner.get(f"/pairings/{pairing_id}/log"))
    assert "Ringde chefen." in page
    assert "1 hour 30 min" in page
    assert "Who reads it" not in page
    page = text(owner.get(f"/pairings/{pairing_id}"))
    assert "Something was written in the log" in page
    assert "Ringde chefen." not in page


def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_lost(case, pairing_id, open_as, text):
    answer = open_as(case.broker).post(f"/pairings/{pairing_id}/log", data={"text": "Kvar.", "hours": "en timme"})
    assert answer.status_code == 422
    assert "Kvar." in text(answer)
    assert "“en timme” is not a time in hours." in text(answer)


def test_what_is_for_brokers_is_not_told_to_the_sides(store, case, pairing_id, open_as, text):
    given = {"text": "Vi tvekar om bolaget.", "visible": "brokers"}
    assert open_as(case.broker).post(f"/pairings/{pairing_id}/log", data=given).status_code == 303
    for person, told in ((case.owner, False), (case.founder, False), (case.broker, True)):
        assert ("Vi tvekar" in text(open_as(person).get(f"/pairings/{pairing_id}/log"))) is told
        assert ("written in the log" in text(open_as(person).get(f"/pairings/{pairing_id}"))) is told
    assert open_as(case.owner).post(f"/pairings/{pairing_id}/log", data=given).status_code == 403


def test_an_entry_is_struck_out_once(store, case, pairing_id, open_as, text):
    note = case_log.write(store, case.owner, pairing_id, {"text": "Fel dag.", "hours": "2"}, clock.now())
    owner = open_as(case.owner)
    assert owner.post(f"/pairings/{pairing_id}/log/strike", data={"note_id": note}).status_code == 303
    assert "Struck out" in text(owner.get(f"/pairings/{pairing_id}/log"))
    assert owner.post(f"/pairings/{pairing_id}/log/strike", data={"note_id": note}).status_code == 409
    assert owner.post(f"/pairings/{pairing_id}/log/strike", data={"note_id": "none"}).status_code == 404


def test_a_case_changes_hands(store, case, pairing_id, open_as, text):
    colleague = create_person(store, "broker", name="Berit Bro")
    broker = open_as(case.broker)
    given = {"holder_id": colleague.person_id, "substitute_id": case.broker.person_id}
    assert broker.post(f"/pairings/{pairing_id}/holder", data=given).status_code == 303
    page = text(open_as(case.founder).get(f"/pairings/{pairing_id}"))
    assert "Ask Berit Bro," in page
    assert "Holder: Berit Bro" in page
    again = {"holder_id": colleague.person_id, "substitute_id": colleague.person_id}
    answer = broker.post(f"/pairings/{pairing_id}/holder", data=again)
    assert answer.status_code == 422
    assert "The substitute is somebody other than who holds the case." in text(answer)


def test_the_board_shows_each_case_in_its_column_with_what_is_next(store, case, pairing_id, open_as, text):
    broker = open_as(case.broker)
    page = text(broker.get("/pairings/board"))
    for said in ("Proposed", "Follow-up", "Answer the proposal", case.broker.name, case.need["title"]):
        assert said in page
    page = text(open_as(create_person(store, "broker")).get("/pairings/board?mine=yes"))
    assert "You hold none and step in for none." in page
    assert open_as(case.owner).get("/pairings/board").status_code == 404


def test_what_is_late_is_marked_on_the_board(store, case, pairing_id, open_as, text):
    store.execute("update pairing set answer_by = '2026-01-01'")
    store.execute("update need set title = 'Snö på gångbanor'")
    page = text(open_as(case.broker).get("/pairings/board"))
    assert "Give more time, or close the case" in page
    assert "Late" in page


def test_a_case_that_stands_still_says_so_on_its_log(store, case, pairing_id, open_as, text):
    assert "Nothing has happened here" not in text(open_as(case.broker).get(f"/pairings/{pairing_id}/log"))
    store.execute("drop trigger audit_kept")  # time passes
    store.execute("update audit set at = '2026-01-01T08:00:00.000000Z'")
    store.execute("update pairing set proposed_at = '2026-01-01T08:00:00.000000Z'")
    assert "The case stands still" in text(open_as(case.broker).get(f"/pairings/{pairing_id}/log"))


def test_a_checklist_is_put_to_use_and_ticked(store, case, pairing_id, open_as, text):
    owner, founder = open_as(case.owner), open_as(case.founder)
    assert owner.post(f"/pairings/{pairing_id}/tasks/begin", data={"phase": "development"}).status_code == 303
    assert owner.post(f"/pairings/{pairing_id}/tasks/begin", data={"phase": "procurement"}).status_code == 303
    page = text(founder.get(f"/pairings/{pairing_id}/tasks"))
    assert "The baseline is measured before anything is installed." in page
    assert "Afterwards it cannot be measured how it was." in page
    assert "Before procurement" not in page
    task = store.query("select id from case_task where code = 'baseline'")[0]["id"]
    given = {"phase": "development", "tasks": [task]}
    assert founder.post(f"/pairings/{pairing_id}/tasks/tick", data=given).status_code == 303
    page = text(owner.get(f"/pairings/{pairing_id}/tasks"))
    assert f"by {case.founder.name}" in page
    assert "Before procurement" in page
    history = text(founder.get(f"/pairings/{pairing_id}"))
    assert history.count("A checklist was put to use") == 1


def test_a_line_of_ones_own_gets_a_day_and_is_taken_away(store, case, pairing_id, open_as, text):
    owner, at = open_as(case.owner), f"/pairings/{pairing_id}/tasks"
    assert owner.post(f"{at}/line", data={"phase": "development", "task": ""}).status_code == 422
    given = {"phase": "development", "task": "Beställ nycklar.", "due_on": "2026-01-02"}
    assert owner.post(f"{at}/line", data=given).status_code == 303
    assert "Late" in text(owner.get(at))
    task = store.query("select id from case_task")[0]["id"]
    assert owner.post(f"{at}/day", data={"task_id": task, "due_on": "2030-01-02"}).status_code == 303
    assert "Late" not in text(owner.get(at))
    assert owner.post(f"{at}/remove", data={"task_id": task}).status_code == 303
    assert "Beställ nycklar." not in text(owner.get(at))
    assert open_as(case.founder).post(f"{at}/line", data=given).status_code == 403


def test_the_handover_has_all_on_one_page_and_each_reads_what_is_theirs(store, case, open_as, text):
    pairing_id = case.propose(now=clock.now())
    case_log.write(store, case.broker, pairing_id, {"text": "Bara för oss.", "visible": "brokers"}, clock.now())
    case_log.write(store, case.broker, pairing_id, {"text": "Ring Kim i mars.", "hours": "2"}, clock.now())
    owner = open_as(case.owner)
    owner.post(f"/pairings/{pairing_id}/tasks/begin", data={"phase": "procurement"})
    page = text(owner.get(f"/pairings/{pairing_id}/handover"))
    for said in ("Ring Kim i mars.", case.broker.name, "Who acts:", "2 hours", "There is money and a decision"):
        assert said in page
    assert "Bara för oss." not in page
    assert "Bara för oss." in text(open_as(case.broker).get(f"/pairings/{pairing_id}/handover"))
    assert "There is money" not in text(open_as(case.founder).get(f"/pairings/{pairing_id}/handover"))


def test_an_overdue_line_stands_on_the_board_and_on_the_cases_page(store, case, pairing_id, open_as, text):
    due = {"phase": "procurement", "task": "Fråga jurist.", "due_on": "2020-01-01"}
    assert open_as(case.broker).post(f"/pairings/{pairing_id}/tasks/line", data=due).status_code == 303
    said = "1 line of the checklist is past its day"
    assert said in text(open_as(case.broker).get("/pairings/board"))
    assert said in text(open_as(case.owner).get(f"/pairings/{pairing_id}"))
    assert said not in text(open_as(case.founder).get(f"/pairings/{pairing_id}"))


def test_a_question_that_waited_a_week_stands_on_the_desk_and_leads_to_it(store, case, open_as, text):
    asker = create_person(store, "startup")
    long_ago = later(clock.now(), days=-8)
    questions.ask(store, asker, case.need["id"], "Hur många rum?", long_ago)
    page = open_as(case.broker).get("/desk/")
    assert "Questions that nobody has answered" in text(page)
    assert f"/needs/{case.need['id']}/questions" in page.get_data(as_text=True)
