import re

import pytest
from flask_babel import force_locale

from matcher.hub import need_content, needs
from matcher.web import need_words, words
from tests import factories


@pytest.fixture
def broker(store, client, login):
    """A broker's browser."""
    return login(client, factories.create_person(store, "broker"))


def status(store, need):
    return need_content.status(store.query("select * from need where id = :id", {"id": need["id"]})[0])


def test_the_review_marks_gaps_beside_the_text(store, broker, text):
    need = factories.create_need(
        store, submitted=True, measure="Färre fall.", effect="En app som larmar på natten i tid."
    )
    page = text(broker.get(f"/needs/{need['id']}/review"))
    assert "There is no figure here" in page
    assert "“app” describes a solution" in page


def test_the_comment_is_ready_for_the_likeliest_reason_and_can_be_exchanged(store, broker, text):
    need = factories.create_need(store, submitted=True, measure="Färre fall.", language="en")
    page = text(broker.get(f"/needs/{need['id']}/review"))
    assert 'value="measure" checked' in page
    assert "how you would know that it worked" in page
    other = text(broker.get(f"/needs/{need['id']}/review?reason=too_wide"))
    assert "several needs in one" in other


def test_publishing_puts_it_into_the_catalogue_and_the_ranking(store, broker, app):
    need = factories.create_need(store, submitted=True)
    assert broker.post(f"/needs/{need['id']}/publish", data={"revision": 1}).status_code == 303
    assert app.test_client().get(f"/needs/{need['id']}").status_code == 200
    assert store.query("select kind, subject_id from embedding") == [{"kind": "need", "subject_id": need["id"]}]


def test_two_brokers_do_not_publish_twice(store, broker):
    need = factories.create_need(store, published=True)
    assert broker.post(f"/needs/{need['id']}/publish", data={"revision": 1}).status_code == 409


def test_a_text_that_changed_meanwhile_is_read_again(store, broker, text):
    need = factories.create_need(store, submitted=True)
    owner = factories.create_person(store, "owner", need["organisation_id"])
    needs.save(store, owner, need["id"], {"effect": "Ny effekt som ingen har läst."}, 1, factories.NOW)
    answer = broker.post(f"/needs/{need['id']}/publish", data={"revision": 1})
    assert answer.status_code == 409
    assert "Ny effekt som ingen har läst." in text(answer)
    assert 'name="revision" value="2"' in text(answer)
    assert status(store, need) == "submitted"


def test_sending_back_reaches_the_owner(store, broker):
    need = factories.create_need(store, submitted=True)
    data = {"reason": "measure", "comment": "Hur märks det?"}
    assert broker.post(f"/needs/{need['id']}/return", data=data).status_code == 303
    assert status(store, need) == "returned"


def test_sending_back_without_a_reason_keeps_the_comment(store, broker, text):
    need = factories.create_need(store, submitted=True)
    answer = broker.post(f"/needs/{need['id']}/return", data={"comment": "Hur märks det?"})
    assert answer.status_code == 422
    assert "Hur märks det?" in text(answer)
    assert status(store, need) == "submitted"


def test_what_is_decided_is_not_reviewed_again(store, broker):
    need = factories.create_need(store, published=True)
    assert broker.get(f"/needs/{need['id']}/review").location == f"/needs/{need['id']}"
    data = {"reason": "measure", "comment": "För sent"}
    assert broker.post(f"/needs/{need['id']}/return", data=data).status_code == 409


def test_only_brokers_review(store, client, login):
    need = factories.create_need(store, submitted=True)
    login(client, factories.create_person(store, "owner", need["organisation_id"]))
    assert client.get(f"/needs/{need['id']}/review").status_code == 403
    assert client.post(f"/needs/{need['id']}/publish", data={"revision": 1}).status_code == 403


@pytest.mark.parametrize(
    "template", ["need_submitted", "need_published", "need_returned", "need_changed", "need_closed"]
)
@pytest.mark.parametrize("locale", ["sv", "en"])
def test_every_mail_can_be_written(app, template, locale):
    from matcher.web import letters

    params = {"need_id": "abc", "title": "Färre fall", "comment": "Hur?", "version": 2, "reason": "met", "note": "Tack"}
    with app.app_context():
        subject, body = letters.write({"template": template, "locale": locale, "params": params})
    assert "Färre fall" in subject
    assert "http://localhost/needs/abc" in body


def test_the_review_says_the_title_once_and_asks_before_it_publishes(store, broker, text):
    need = factories.create_need(store, submitted=True, title="Färre fall på natten i vår stad")
    page = text(broker.get(f"/needs/{need['id']}/review"))
    main = page[page.index("<main") :]
    assert main.count(need["title"]) == 1
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", main).count("Publish") == 0


@pytest.mark.parametrize(
    ("state", "lead"), [({"published": True}, "The need is public."), ({"submitted": True}, "A broker is reading it.")]
)
def test_the_answers_of_a_need_that_was_sent_are_not_called_a_last_step(store, broker, text, state, lead):
    need = factories.create_need(store, **state)
    page = text(broker.get(f"/needs/{need['id']}/edit?step=check"))
    assert "All answers" in page
    assert lead in page
    for said in ("Check and send", "Check your need", "Step 13 of 13", "/submit"):
        assert said not in page


def test_a_ready_made_comment_of_another_reason_is_not_sent(store, broker, text):
    need = factories.create_need(store, submitted=True, language="en")
    page = text(broker.get(f"/needs/{need['id']}/review?reason=no_solution"))
    comment = "Thank you for your need. The text describes a finished solution."
    assert comment in page
    ready = need_words.RETURN_TEXTS["no_solution"]
    given = {"reason": "duplicate", "comment": str(ready)}
    answer = broker.post(f"/needs/{need['id']}/return", data=given)
    assert answer.status_code == 422
    assert "This is the ready-made comment for “Describe the need, not a finished solution”" in text(answer)
    assert store.query("select submitted_at from need")[0]["submitted_at"]
    assert broker.post(f"/needs/{need['id']}/return", data={**given, "reason": "no_solution"}).status_code == 303


def test_the_record_says_why_a_need_was_sent_back_in_words(app):
    with app.test_request_context(), force_locale("en"):
        assert words.label("need_reasons", "describe_problem") == "Describe the problem more closely"
        assert words.label("need_reasons", "met") == "The need has been met"
