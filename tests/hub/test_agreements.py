"""Agreements and access on both engines: what is sent, who signs what, and when the place may be used."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from matcher.hub import access, agreement_templates, agreements, cases, pairings, prerequisite_steps, signatures
from matcher.hub.clock import day, later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound, Stale
from matcher.store import Store
from tests.factories import NOW, create_person, create_testbed, grant

from .cases import FIRST, LAST, Case, mails, recorded

PAPER = b"PK\x03\x04 the paper"
HASH = hashlib.sha256(PAPER).hexdigest()
TERMS = {
    "purpose": "Pröva larm på natten.", "owner_does": "Öppnar två avdelningar.", "startup_does": "Installerar.",
    "results_owner": "startup", "results_use": "Kommunen får använda dem fritt.", "data": "Inga personuppgifter.",
    "liability": "Var och en svarar för sin egen skada.", "payment": "free", "funds": "own",
    "starts_on": FIRST, "ends_on": LAST, "language": "sv",
}  # fmt: skip


class Signing(Case):
    """A confirmed case, with somebody at the host."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.testbed = create_testbed(store, published=True, places=1)
        self.host = create_person(store, "host", self.testbed["organisation_id"])
        self.id = self.accepted()
        pairings.confirm(store, self.broker, self.id, self.testbed["id"], FIRST, LAST, NOW)

    def draft(self, now: str = NOW, **terms: Any) -> int:
        return agreements.draft(self.store, self.broker, self.id, {**TERMS, **terms}, now)

    def send(self, now: str = NOW, paper: bytes = PAPER, **terms: Any) -> int:
        number = self.draft(now, **terms)
        agreements.send(self.store, self.broker, self.id, number, paper, 1, now)
        return number

    def sign(self, number: int, side: str, who: Any = None, now: str = NOW, **others: Any) -> bool:
        who = who or {"owner": self.owner, "startup": self.founder, "host": self.host}[side]
        given = {"name": who.name, "title": "Enhetschef"}
        return signatures.sign(
            self.store, who, self.id, number, side, given, **{"paper_hash": HASH, "now": now, **others}
        )

    def all_sign(self, number: int, now: str = NOW) -> None:
        for side in ("owner", "startup", "host"):
            self.sign(number, side, now=now)

    def missing(self, now: str = NOW) -> list[str]:
        return access.missing(self.store, cases.fetch(self.store, self.id), now)

    def status(self, number: int, now: str = NOW) -> str:
        return agreements.status(agreements.load(self.store, self.id, number), now)


@pytest.fixture
def case(store: Store) -> Signing:
    return Signing(store)


BEGUN = f"{FIRST}T08:00:00.000000Z"


def test_a_booked_place_is_closed_until_an_agreement_is_in_force(case: Signing) -> None:
    assert case.missing(BEGUN) == ["agreement"]
    number = case.draft()
    assert case.status(number) == "drafted"
    agreements.send(case.store, case.broker, case.id, number, PAPER, 1, NOW)
    assert case.status(number) == "sent"
    case.sign(number, "owner")
    case.sign(number, "startup")
    assert case.missing(BEGUN) == ["agreement"]
    assert case.sign(number, "host") is True
    assert case.status(number) == "in_force"
    assert case.missing(NOW) == ["not_begun"]
    assert access.is_open(case.store, cases.fetch(case.store, case.id), BEGUN)


def test_each_step_stands_in_the_cases_record(case: Signing) -> None:
    case.all_sign(case.send())
    assert [action for action in recorded(case.store, case.id) if action.startswith("agreement")] == [
        "agreement.draft", "agreement.in_force", "agreement.send", *["agreement.sign"] * 3,
    ]  # fmt: skip


def test_those_who_sign_are_told_and_later_that_it_is_in_force(case: Signing) -> None:
    case.all_sign(case.send())
    signers = {case.owner.email, case.founder.email, case.host.email}
    assert {mail["recipient"] for mail in mails(case.store, "pairing_agreement_sent")} == signers
    assert case.broker.email in {mail["recipient"] for mail in mails(case.store, "pairing_agreement_in_force")}


@pytest.mark.parametrize("after", [1, 40])
def test_the_place_closes_when_its_days_or_the_agreement_are_over(case: Signing, after: int) -> None:
    case.all_sign(case.send())
    if after == 1:
        agreements.end(case.store, case.broker, case.id, 1, "Avtalet sades upp.", BEGUN)
        assert case.missing(later(BEGUN, days=1)) == ["agreement"]
    else:
        assert case.missing(later(f"{LAST}T08:00:00.000000Z", days=1)) == ["over"]


def test_ending_the_case_closes_the_place_though_the_agreement_stands(case: Signing) -> None:
    case.all_sign(case.send())
    pairings.end(case.store, case.broker, case.id, "safety", "", BEGUN)
    assert case.missing(BEGUN) == ["ended"]


def test_a_draft_needs_days_that_cover_the_booked_ones(case: Signing) -> None:
    with pytest.raises(Invalid) as error:
        case.draft(ends_on=day(later(f"{LAST}T00:00:00Z", days=-1)))
    assert error.value.errors["ends_on"][0] == "agreement_covers"
    with pytest.raises(Invalid) as error:
        case.draft(starts_on=LAST, ends_on=FIRST)
    assert error.value.errors["ends_on"][0] == "period"


def test_what_is_not_filled_in_is_not_sent(case: Signing) -> None:
    number = case.draft(purpose="", payment="paid")
    with pytest.raises(Invalid) as error:
        agreements.send(case.store, case.broker, case.id, number, PAPER, 1, NOW)
    assert set(error.value.errors) == {"purpose", "amount"}


def test_a_paper_of_older_terms_is_not_sent(case: Signing) -> None:
    number = case.draft()
    agreements.change(case.store, case.broker, case.id, number, {**TERMS, "purpose": "Annat."}, 1, NOW)
    with pytest.raises(Stale):
        agreements.send(case.store, case.broker, case.id, number, PAPER, 1, NOW)


def test_days_are_needed_and_the_first_booked_one_is_covered(case: Signing) -> None:
    with pytest.raises(Invalid) as error:
        case.draft(starts_on="", ends_on="")
    assert {name: code for name, (code, _) in error.value.errors.items()} == {
        "starts_on": "required_day", "ends_on": "required_day",
    }  # fmt: skip
    with pytest.raises(Invalid) as error:
        case.draft(starts_on=day(later(f"{FIRST}T00:00:00Z", days=1)))
    assert error.value.errors["starts_on"][0] == "agreement_covers"


def test_of_two_who_change_a_draft_the_second_is_told(case: Signing) -> None:
    number = case.draft()
    agreements.change(case.store, case.broker, case.id, number, {**TERMS, "purpose": "Annat."}, 1, NOW)
    with pytest.raises(Stale) as error:
        agreements.change(case.store, case.broker, case.id, number, {**TERMS, "purpose": "Tredje."}, 1, NOW)
    assert error.value.params["current"]["terms"]["purpose"] == "Annat."


def test_of_a_draft_there_is_no_paper_and_it_is_withdrawn_once_and_not_ended(case: Signing) -> None:
    number = case.draft()
    with pytest.raises(NotFound):
        agreements.paper(case.store, agreements.load(case.store, case.id, number)["id"])
    with pytest.raises(Conflict) as error:
        agreements.end(case.store, case.broker, case.id, number, "Klart.", NOW)
    assert error.value.code == "agreement_not_in_force"
    agreements.withdraw(case.store, case.broker, case.id, number, "Fel belopp.", NOW)
    with pytest.raises(Conflict) as error:
        agreements.withdraw(case.store, case.broker, case.id, number, "Fel igen.", NOW)
    assert error.value.code == "agreement_withdrawn"


def test_an_agreement_ends_once(case: Signing) -> None:
    number = case.send()
    case.all_sign(number)
    agreements.end(case.store, case.broker, case.id, number, "Klart.", NOW)
    with pytest.raises(Conflict) as error:
        agreements.end(case.store, case.broker, case.id, number, "Igen.", NOW)
    assert error.value.code == "agreement_ended"


def test_what_was_sent_is_kept_and_not_changed(case: Signing) -> None:
    number = case.send()
    row = agreements.load(case.store, case.id, number)
    assert agreements.paper(case.store, row["id"]) == PAPER
    with pytest.raises(Conflict) as error:
        agreements.change(case.store, case.broker, case.id, number, TERMS, 1, NOW)
    assert error.value.code == "agreement_sent"


def test_a_signature_for_another_paper_is_refused(case: Signing) -> None:
    number = case.send()
    with pytest.raises(Conflict) as error:
        case.sign(number, "owner", paper_hash="0" * 64)
    assert error.value.code == "agreement_other_paper"


def test_a_withdrawn_agreement_is_not_signed_and_another_may_be_drafted(case: Signing) -> None:
    first = case.send()
    case.sign(first, "owner")
    agreements.withdraw(case.store, case.broker, case.id, first, "Fel belopp.", NOW)
    with pytest.raises(Conflict) as error:
        case.sign(first, "startup")
    assert error.value.code == "agreement_withdrawn"
    second = case.send(later(NOW, minutes=5))
    assert second == first + 1
    row = agreements.load(case.store, case.id, second)
    assert signatures.missing(case.store, cases.fetch(case.store, case.id), row["id"]) == ["owner", "startup", "host"]


def test_only_one_is_in_preparation(case: Signing) -> None:
    case.draft()
    with pytest.raises(Conflict) as error:
        case.draft()
    assert error.value.code == "agreement_waiting"


def test_a_new_one_takes_the_place_of_the_one_in_force_when_it_is_signed(case: Signing) -> None:
    case.all_sign(case.send())
    second = case.send(later(NOW, minutes=5))
    assert case.missing(BEGUN) == []
    case.all_sign(second, later(NOW, minutes=9))
    assert [case.status(1), case.status(2)] == ["ended", "in_force"]
    assert case.missing(BEGUN) == []


def test_nobody_signs_for_another_side_nor_twice(case: Signing) -> None:
    number = case.send()
    with pytest.raises(Denied):
        case.sign(number, "startup", case.owner)
    with pytest.raises(Denied):
        case.sign(number, "owner", case.broker)
    case.sign(number, "owner")
    with pytest.raises(Conflict) as error:
        case.sign(number, "owner")
    assert error.value.code == "agreement_signed"


def test_a_broker_may_upload_a_paper_that_somebody_signed(case: Signing) -> None:
    number = case.send()
    case.sign(number, "host", case.broker, upload=("signed.pdf", b"%PDF-1.7 x"))
    row = agreements.load(case.store, case.id, number)
    assert signatures.file(case.store, row["id"], "host") == ("signed.pdf", b"%PDF-1.7 x")
    assert signatures.of_agreement(case.store, row["id"])[0]["method"] == "upload"


@pytest.mark.parametrize(("others", "field"), [
    ({"upload": ("a.exe", b"MZ")}, "file"), ({"may_sign": False}, "may_sign"),
    ({"upload": ("a.pdf", b"%PDF-" + b"x" * signatures.FILE_LIMIT)}, "file"),
])  # fmt: skip
def test_a_signature_that_cannot_count_is_refused(case: Signing, others: dict[str, Any], field: str) -> None:
    number = case.send()
    with pytest.raises(Invalid) as error:
        case.sign(number, "owner", **others)
    assert field in error.value.errors


def test_a_name_that_is_too_long_is_told_and_nothing_is_signed(case: Signing) -> None:
    number = case.send()
    with pytest.raises(Invalid) as error:
        signatures.sign(case.store, case.owner, case.id, number, "owner", {"name": "x" * 201}, HASH, NOW)
    assert error.value.errors["name"] == ("too_long", {"limit": 200, "length": 201})
    case.sign(number, "owner")


def test_the_owners_signature_counts_for_its_own_testbed(store: Store) -> None:
    case = Signing(store)
    row = {**cases.fetch(store, case.id), "host_organisation": case.need["organisation_id"]}
    assert agreements.sides(row) == ["owner", "startup"]


def test_without_a_confirmed_place_there_is_no_agreement(store: Store) -> None:
    case = Case(store)
    pairing_id = case.accepted()
    with pytest.raises(Conflict) as error:
        agreements.draft(store, case.broker, pairing_id, TERMS, NOW)
    assert error.value.code == "agreement_no_place"
    assert access.missing(store, cases.fetch(store, pairing_id), NOW) == ["none"]


def test_an_unknown_template_is_refused(case: Signing) -> None:
    with pytest.raises(Invalid) as error:
        case.draft(template_id="no-such")
    assert "template_id" in error.value.errors


def test_a_templates_name_that_is_too_long_is_told() -> None:
    with pytest.raises(Invalid) as error:
        agreement_templates.checked({"name": "x" * 201, "language": "sv"})
    assert error.value.errors["name"] == ("too_long", {"limit": 200, "length": 201})


def test_what_the_testbed_asks_for_keeps_the_place_closed_until_it_is_met(case: Signing) -> None:
    case.all_sign(case.send())
    asked = prerequisite_steps.add(
        case.store, case.host, case.testbed["id"], {"kind": "insurance", "text": "Ansvarsförsäkring"}, NOW
    )
    assert case.missing(BEGUN) == ["prerequisite"]
    told = {case.owner.email, case.founder.email, case.broker.email}
    assert {row["recipient"] for row in mails(case.store, "pairing_unmet")} == told
    prerequisite_steps.meet(case.store, case.host, case.id, asked, "Intyg visat 3 december.", BEGUN)
    assert case.missing(BEGUN) == []
    with pytest.raises(Conflict):
        prerequisite_steps.meet(case.store, case.host, case.id, asked, "", BEGUN)
    prerequisite_steps.undo(case.store, case.host, case.id, asked, BEGUN)
    assert case.missing(BEGUN) == ["prerequisite"]
    assert len(mails(case.store, "pairing_unmet")) == 2 * len(told)
    prerequisite_steps.retire(case.store, case.host, case.testbed["id"], asked, BEGUN)
    assert case.missing(BEGUN) == []


def test_only_the_host_and_brokers_say_what_is_met(case: Signing) -> None:
    asked = prerequisite_steps.add(
        case.store, case.host, case.testbed["id"], {"kind": "safety", "text": "Rundvandring"}, NOW
    )
    for who in (case.owner, case.founder, grant(case.store, create_person(case.store, "host"), "host")):
        with pytest.raises((Denied, NotFound)):
            prerequisite_steps.meet(case.store, who, case.id, asked, "", NOW)
    with pytest.raises(Denied):
        prerequisite_steps.add(case.store, case.owner, case.testbed["id"], {"kind": "safety", "text": "x"}, NOW)
