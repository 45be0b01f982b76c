"""Questions about a need on its page."""

from __future__ import annotations

from tests.factories import create_person


def test_a_question_is_answered_to_all_and_the_ledger_is_for_the_needs_side(app, store, case, login, text):
    case.propose()
    founder, owner, asker = (login(app.test_client(), who) for who in (
        case.founder, case.owner, create_person(store, "startup", name="Fråga Frågesson")))  # fmt: skip
    at = f"/needs/{case.need['id']}/questions"
    assert asker.post(at, data={"asked": ""}).status_code == 422
    assert asker.post(at, data={"asked": "Hur många rum?"}).status_code == 303
    assert "Hur många rum?" in text(asker.get(at))
    assert "Hur många rum?" not in text(founder.get(at))
    question_id = store.query("select id from need_question")[0]["id"]
    given = {"question_id": question_id, "question": "Antal rum?", "answer": ""}
    answer = owner.post(f"{at}/answer", data=given)
    assert answer.status_code == 422
    assert "Antal rum?" in text(answer)
    assert owner.post(f"{at}/answer", data={**given, "answer": "Fyrtio."}).status_code == 303
    assert owner.post(f"{at}/answer", data={**given, "answer": "Fyrtio."}).status_code == 409
    page = text(founder.get(at))
    assert "Fyrtio." in page
    assert "Frågesson" not in page
    assert "Who was told" not in page
    page = text(owner.get(at))
    assert "Fråga Frågesson" in page
    assert case.founder.email in page
    assert "Questions and answers" in text(founder.get(f"/needs/{case.need['id']}"))
