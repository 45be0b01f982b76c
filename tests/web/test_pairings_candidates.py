from __future__ import annotations

import json
from typing import Any

from flask import Flask, render_template

from matcher.hub import clock, conflicts, interests, pairings, reminders, shares
from matcher.store import Store
from matcher.web import letters
from tests.factories import create_person, create_startup
from tests.hub.cases import SEEN, Case, mails

from .test_pairings import FIRST, LAST, Login, propose_url


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
    reminders.send(store, clock.later(now, days=18))
    pairings.decline(store, first.owner, declined, "owner", "budget", "Nästa år.", now)
    pairing_id = case.accept(case.propose(now=now), now)
    case.confirm(pairing_id, testbed, FIRST, LAST)
    pairings.end(store, case.owner, pairing_id, "no_effect", "Ingen skillnad.", now)
    queued = [{**row, "params": json.loads(row["params"])} for row in store.query("select * from outbox")]
    written = {row["template"] for row in queued}
    kinds = {"interest", "share", "conflict"}
    steps = ("proposed", "reminder", "extended", "accepted", "both_accepted", "declined", "confirmed", "ended")
    folder = app.jinja_env.list_templates(extensions=["txt"])
    names = {name.removeprefix("mail/").removesuffix(".txt") for name in folder if name.startswith("mail/")}
    until_the_place = {f"pairing_{step}" for step in steps}  # what comes after is tested with its own part
    assert written == {name for name in names if name.split("_")[0] in kinds} | until_the_place
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


def test_an_interest_tells_of_a_conflict_before_anybody_proposes(
    client: Any, login: Login, store: Store, case: Case, text: Any
) -> None:
    pair = (case.need["id"], case.startup["id"])
    interest_id = interests.create(store, case.founder, *pair, "Vi provar.", clock.now(), ties="Min syster är chef.")
    login(client, case.broker)
    page = text(client.get(f"/interests/{interest_id}"))
    assert page.index("Min syster är chef.") < page.index("What happens next")
    assert propose_url(case) not in page
    lift = f'href="/needs/{pair[0]}/startups/{pair[1]}/conflict"'
    assert lift in page
    assert "Go to the conflict of interest to lift it" in page
    refused = client.post(propose_url(case), data={"message": "Ses i mars", "answer_days": "14"})
    assert refused.status_code == 409
    for answer in (refused, client.get(propose_url(case))):
        assert "Min syster är chef." in text(answer)
        assert lift in text(answer)
    assert "Ses i mars" in text(refused)
    login(client, case.founder)
    page = text(client.get(f"/interests/{interest_id}"))
    assert "Read about the conflict of interest" in page
    login(client, case.broker)
    conflict_id = store.query("select id from conflict")[0]["id"]
    client.post(f"/conflicts/{conflict_id}/lift")
    page = text(client.get(f"/interests/{interest_id}"))
    assert propose_url(case) in page
    assert "A conflict of interest stands" not in page


def test_a_second_profile_of_a_company_is_refused_with_the_case_to_go_on_with(
    client: Any, login: Login, store: Store, case: Case, text: Any
) -> None:
    pairing_id = case.propose(now=clock.now())
    second = create_startup(store, case.startup["organisation_id"], published=True, name="Nattljus Pro")
    login(client, case.broker)
    url = f"/needs/{case.need['id']}/startups/{second['id']}/propose"
    refused = client.post(url, data={"message": "Den här också.", "answer_days": "14"})
    assert refused.status_code == 409
    page = text(refused)
    assert f"{case.startup['name']}, a profile of the same company, is already being paired with this need" in page
    assert f'href="/pairings/{pairing_id}"' in refused.get_data(as_text=True)
    assert "Den här också." in page
