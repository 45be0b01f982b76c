"""The agreement's pages: written, sent, signed and fetched, by each of those it takes."""

from __future__ import annotations

import io
import re
from typing import Any

import docx
import pypdf
import pytest

from matcher.exchange import agreement_papers as papers
from matcher.hub import agreement_templates, agreements, moderation, pairings, prerequisites, signatures
from matcher.hub.clock import day, later, now
from tests import factories
from tests.hub.cases import Case

TERMS = {
    "purpose": "Pröva larm på natten.", "owner_does": "Öppnar två avdelningar.", "startup_does": "Installerar larmen.",
    "owner_brings": "Kunskap om natten.", "startup_brings": "Sensorn.", "results_owner": "startup",
    "results_use": "Kommunen får använda resultaten fritt.", "data": "Inga <personuppgifter> & inget annat.",
    "liability": "Var och en svarar för sitt.", "payment": "paid", "amount": "250000", "payment_terms": "I slutet.",
    "funds": "own", "language": "sv",
}  # fmt: skip


@pytest.fixture
def case(app: Any) -> Any:
    store, today = app.extensions["store"], now()
    made = Case(store)
    made.testbed = factories.create_testbed(store, published=True, places=1)
    made.host = factories.create_person(store, "host", made.testbed["organisation_id"])
    made.id = made.accept(made.propose(now=today), now=today)
    made.first, made.last = day(later(today, days=3)), day(later(today, days=30))
    made.confirm(made.id, made.testbed, made.first, made.last)
    return made


def written(client: Any, login: Any, case: Any, **terms: str) -> Any:
    login(client, case.broker)
    given = {**TERMS, "starts_on": case.first, "ends_on": case.last, "revision": "0", **terms}
    return client.post(f"/pairings/{case.id}/agreement/edit", data=given)


def sent(client: Any, login: Any, case: Any, **terms: str) -> dict[str, Any]:
    assert written(client, login, case, **terms).status_code == 303
    answer = client.post(f"/pairings/{case.id}/agreement/send", data={"number": "1", "revision": "1"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return agreements.load(case.store, case.id, 1)


def sign(client: Any, login: Any, case: Any, who: Any, side: str, paper: str, **given: Any) -> Any:
    login(client, who)
    data = {"number": "1", "side": side, "paper": paper, "name": who.name, "may_sign": "yes", **given}
    return client.post(f"/pairings/{case.id}/agreement/sign", data=data)


def test_the_case_leads_whoever_is_to_act_to_where_it_is_done(client, login, text, case):
    here = f'<a class="ds-button" href="/pairings/{case.id}/agreement">'
    page = text(login(client, case.broker).get(f"/pairings/{case.id}"))
    assert f"{here}Write the agreement</a>" in page
    assert f"Ask {case.broker.name}," not in page, "nobody is told to ask themselves"
    page = text(login(client, case.owner).get(f"/pairings/{case.id}"))
    assert here not in page, "the broker writes it"
    assert f"Ask {case.broker.name}," in page
    sent(client, login, case)
    assert f"{here}Sign the agreement</a>" in text(login(client, case.owner).get(f"/pairings/{case.id}"))


def test_from_a_draft_to_open_doors(client, login, text, case):
    row = sent(client, login, case)
    assert "Still to sign" in text(client.get(f"/pairings/{case.id}/agreement"))
    for who, side in ((case.owner, "owner"), (case.founder, "startup"), (case.host, "host")):
        assert sign(client, login, case, who, side, row["paper_hash"]).status_code == 303
    page = text(client.get(f"/pairings/{case.id}/agreement"))
    assert "In force" in page
    assert "The first day is yet to come." in page
    case_page = text(login(client, case.owner).get(f"/pairings/{case.id}"))
    assert "Agreement in force: signed by all" in case_page
    assert "In force until" in case_page


def test_the_paper_holds_what_was_agreed_as_docx_and_as_tagged_pdf(client, login, case):
    sent(client, login, case)
    login(client, case.founder)
    word = client.get(f"/pairings/{case.id}/agreement/paper?kind=docx&number=1").data
    words = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(word)).paragraphs)
    for part in ("Pröva larm på natten.", "Bolaget äger det som kommer fram", "Inga <personuppgifter> &", "250"):
        assert part in words
    assert "{{" not in words
    answer = client.get(f"/pairings/{case.id}/agreement/paper?kind=pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    document = pypdf.PdfReader(io.BytesIO(answer.data))
    assert document.root_object["/Lang"] == "sv"
    assert document.root_object["/MarkInfo"]["/Marked"]
    assert document.root_object["/StructTreeRoot"]["/K"]
    assert document.metadata.title.startswith(case.need["title"])
    assert "Pröva larm på natten." in "".join(page.extract_text() for page in document.pages)


def test_a_draft_is_the_brokers_own(client, login, text, case):
    written(client, login, case)
    login(client, case.owner)
    assert client.get(f"/pairings/{case.id}/agreement/paper").status_code == 404
    assert "No agreement yet" in text(client.get(f"/pairings/{case.id}/agreement"))


def test_what_was_typed_comes_back_with_what_is_wrong(client, login, text, case):
    answer = written(client, login, case, ends_on=case.first, purpose="Syftet som jag skrev")
    assert answer.status_code == 422
    assert "Syftet som jag skrev" in text(answer)
    assert "must hold for the whole booked time" in text(answer)


def test_what_is_missing_is_said_before_it_is_sent(client, login, text, case):
    written(client, login, case, liability="")
    assert "Before it can be sent" in text(client.get(f"/pairings/{case.id}/agreement/edit"))
    answer = client.post(f"/pairings/{case.id}/agreement/send", data={"number": "1", "revision": "1"})
    assert answer.status_code == 422


def test_a_signature_for_another_paper_is_refused_with_what_to_do(client, login, text, case):
    sent(client, login, case)
    answer = sign(client, login, case, case.owner, "owner", "0" * 64)
    assert answer.status_code == 409
    assert "Open the agreement again" in text(answer)


def test_a_signed_file_is_kept_and_handed_out(client, login, case):
    row = sent(client, login, case)
    upload = (io.BytesIO(b"%PDF-1.7 signed"), "Avtal å.pdf")
    assert sign(client, login, case, case.broker, "host", row["paper_hash"], file=upload).status_code == 303
    answer = login(client, case.owner).get(f"/pairings/{case.id}/agreement/signed?number=1&side=host")
    assert answer.data == b"%PDF-1.7 signed"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert client.get(f"/pairings/{case.id}/agreement/signed?number=1&side=owner").status_code == 404


def test_a_signed_file_may_be_as_large_as_the_form_says_and_no_larger(client, login, text, case):
    row = sent(client, login, case)
    large = b"%PDF-1.7" + b"x" * (signatures.FILE_LIMIT - 8)
    upload = (io.BytesIO(large + b"x"), "avtal.pdf")
    answer = sign(client, login, case, case.broker, "host", row["paper_hash"], file=upload)
    assert answer.status_code == 422
    assert "at most 10 MB" in text(answer)
    upload = (io.BytesIO(large + b"x" * 200_000), "avtal.pdf")
    assert sign(client, login, case, case.broker, "host", row["paper_hash"], file=upload).status_code == 413
    upload = (io.BytesIO(large), "avtal.pdf")
    assert sign(client, login, case, case.broker, "host", row["paper_hash"], file=upload).status_code == 303


def test_before_answering_one_reads_who_owns_what_comes_out(client, login, text, app):
    made = Case(app.extensions["store"])
    page = text(login(client, made.founder).get(f"/pairings/{made.propose(now=now())}"))
    assert "The company owns what comes out of the test." in page
    assert "not legal advice" in page


def test_what_the_testbed_asks_for_is_written_by_the_host_and_ticked_in_the_case(client, login, text, case):
    login(client, case.host)
    base = f"/testbeds/{case.testbed['id']}/prerequisites"
    assert client.post(base, data={"kind": "insurance", "text": ""}).status_code == 422
    assert client.post(base, data={"kind": "insurance", "text": "Ansvarsförsäkring"}).status_code == 303
    assert "Ansvarsförsäkring" in text(client.get(f"/pairings/{case.id}/agreement"))
    found = prerequisites.of_testbed(case.store, case.testbed["id"])[0]["id"]
    given = {"prerequisite_id": found, "step": "meet", "note": "Intyg."}
    assert client.post(f"/pairings/{case.id}/prerequisites", data=given).status_code == 303
    assert "noted by" in text(client.get(f"/pairings/{case.id}/agreement"))
    assert client.post(f"/pairings/{case.id}/prerequisites", data=given).status_code == 409
    assert client.post(base + "/retire", data={"prerequisite_id": found}).status_code == 303
    assert client.post(base + "/retire", data={"prerequisite_id": found}).status_code == 404


def template(text: str) -> bytes:
    document, made = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(made)
    return made.getvalue()


WHOLE = " ".join("{{ " + name + " }}" for name in papers.NEEDED)


@pytest.mark.parametrize(("content", "said"), [
    (b"not a file", "no DOCX file"), (template(WHOLE + " {{ nonsense }}"), "nonsense"),
    (template(WHOLE + " {{ owner_name"), "field is broken"), (template("{{ owner_name }}"), "startup_name"),
    (template(WHOLE + " {{ ''.__class__.__mro__ }}"), "field is broken"), (b"", "Choose a DOCX file"),
])  # fmt: skip
def test_a_broken_template_is_refused_where_it_is_uploaded(client, login, text, app, content, said):
    login(client, factories.create_person(app.extensions["store"], "administrator"))
    data = {"name": "Vår mall", "language": "sv", "file": (io.BytesIO(content), "mall.docx")}
    answer = client.post("/admin/agreements", data=data)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "Vår mall" in text(answer)


def test_the_hubs_own_template_makes_the_paper(client, login, app, case, text):
    login(client, factories.create_person(case.store, "administrator"))
    data = {
        "name": "Vår mall",
        "language": "sv",
        "file": (io.BytesIO(template("Kommunens egen text. " + WHOLE)), "m.docx"),
    }
    assert client.post("/admin/agreements", data=data).status_code == 303
    found = re.search(r'name="template_id" value="(\w+)"', client.get("/admin/agreements").get_data(as_text=True))[1]
    sent(client, login, case, template_id=found)
    word = client.get(f"/pairings/{case.id}/agreement/paper?kind=docx").data
    assert "Kommunens egen text." in docx.Document(io.BytesIO(word)).paragraphs[0].text
    login(client, factories.create_person(case.store, "administrator"))
    assert client.post("/admin/agreements/retire", data={"template_id": found}).status_code == 303
    assert f"template={found}" not in client.get("/admin/agreements").get_data(as_text=True)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_shipped_templates_can_be_used(language):
    assert papers.check(papers.shipped(language)) == list(papers.FIELDS)


def test_taking_back_and_ending_need_a_reason(client, login, case, text):
    sent(client, login, case)
    assert client.post(f"/pairings/{case.id}/agreement/withdraw", data={"number": "1", "note": ""}).status_code == 422
    answer = client.post(f"/pairings/{case.id}/agreement/end", data={"number": "1", "note": "Nej."})
    assert answer.status_code == 409
    assert "nothing to end" in text(answer)
    answer = client.post(f"/pairings/{case.id}/agreement/withdraw", data={"number": "1", "note": "Fel."})
    assert answer.status_code == 303
    assert signatures.of_agreement(case.store, agreements.load(case.store, case.id, 1)["id"]) == []


def test_the_handover_lists_every_paper_with_day_who_and_where_to_get_it(client, login, case, text):
    row = sent(client, login, case)
    upload = (io.BytesIO(b"%PDF-1.7 signed"), "Påskrivet.pdf")
    sign(client, login, case, case.broker, "startup", row["paper_hash"], name="Vera VD", title="VD", file=upload)
    page = client.get(f"/pairings/{case.id}/handover")
    assert f"</time>, {case.broker.name}: <a" in text(page)
    assert "Agreement 1 signed for" in text(page)
    assert "Vera VD, VD" in text(page)
    addresses = re.findall(r'href="([^"]*/agreement/(?:paper|signed)[^"]*)"', page.get_data(as_text=True))
    assert len(addresses) == 2
    for address in addresses:
        assert client.get(address.replace("&amp;", "&").replace("kind=pdf", "kind=docx")).status_code == 200


def test_a_template_that_broke_after_it_was_chosen_stops_the_sending_with_where_and_the_draft_stays(
    client, login, case, text
):
    admin = factories.create_person(case.store, "administrator")
    given = {"name": "Vår mall", "language": "sv"}
    chosen = agreement_templates.add(case.store, admin, given, template(WHOLE), now())
    assert written(client, login, case, template_id=chosen).status_code == 303
    broken = {"content": template("{{ owner_name }} {{ ownr }}"), "id": chosen}
    case.store.execute("update agreement_template set content = :content where id = :id", broken)
    answer = client.post(f"/pairings/{case.id}/agreement/send", data={"number": "1", "revision": "1"})
    assert answer.status_code == 409
    assert "ownr" in text(answer)
    row = agreements.load(case.store, case.id, 1)
    assert (row["sent_at"], row["terms"]["purpose"]) == (None, TERMS["purpose"])
    assert client.get(f"/pairings/{case.id}/agreement/paper").status_code == 409


def test_a_company_whose_profile_is_hidden_is_told_of_on_the_case_to_each_what_to_do(client, login, case, text):
    moderation.hide(case.store, case.broker, case.startup["id"], "I konkurs sedan i går.", now())
    page = f"/pairings/{case.id}"
    assert "end the case with a reason" in text(login(client, case.broker).get(page))
    shown = text(login(client, case.owner).get(page))
    assert "Ask the broker what happens next" in shown
    assert "konkurs" not in shown
    pairings.end(case.store, case.broker, case.id, "startup_unable", "Finns inte längre.", now())
    assert "Ask the broker what happens next" not in text(client.get(page))


def test_a_draft_that_was_never_sent_stands_in_nobody_elses_history(client, login, text, case):
    assert written(client, login, case).status_code == 303
    assert written(client, login, case, purpose="Pröva något annat.", revision="1").status_code == 303
    given = {"number": "1", "note": "Vi väntar på juristen."}
    assert client.post(f"/pairings/{case.id}/agreement/withdraw", data=given).status_code == 303
    told = ("Agreement drafted", "Draft of the agreement changed", "Agreement taken back", given["note"])
    for who in (case.broker, case.owner, case.founder, case.host):
        shown = text(login(client, who).get(f"/pairings/{case.id}"))
        assert [word in shown for word in told] == [who is case.broker] * 4, who.name


def test_an_agreement_that_was_sent_is_taken_back_before_all(client, login, text, case):
    sent(client, login, case)
    given = {"number": "1", "note": "Fel belopp står i den."}
    assert client.post(f"/pairings/{case.id}/agreement/withdraw", data=given).status_code == 303
    for who in (case.owner, case.founder, case.host):
        assert given["note"] in text(login(client, who).get(f"/pairings/{case.id}"))
