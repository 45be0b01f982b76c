"""The radar and the drawer: whom a solution in use could serve next, and which stopped cases are looked at again."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.hub import radar as letters
from matcher.ranking import drawer, radar
from matcher.ranking.ranker import Ranker
from matcher.store import Store
from tests import factories
from tests.ranking.hub import CountingEncoder, CountingStore, create_need, create_startup, embed

NOW = "2026-11-20T09:00:00.000000Z"
TODAY = date(2026, 11, 20)
FALLS = "Boende faller på natten när de stiger upp ur sängen"
OTHERS = (
    "Snön ligger kvar på gångbanorna efter plogningen", "Papperskorgarna i parken är fulla om helgerna",
    "Kön till bygglov är lång och ingen svarar i telefon", "Vattenläckor i ledningsnätet upptäcks för sent",
    "Elever hoppar av gymnasiet utan att någon märker det",
)  # fmt: skip


class Town:
    """A solution that is in use, and needs of other organisations around it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.home = factories.create_organisation(store, name="Åby")
        self.source = self.need("Åby", FALLS, self.home, closed_at=NOW, close_reason="met")
        for text in OTHERS:
            create_need(store, text)
        self.startup = create_startup(store, "Larm som hörs när någon faller på natten ur sängen")

    def need(self, name: str, text: str, organisation=None, **columns):
        organisation = organisation or factories.create_organisation(self.store, name=name)
        return create_need(self.store, f"{text} i {name}", organisation=organisation["id"], **columns)

    def leads(self, said=None, without=(), store=None):
        embed(self.store, CountingEncoder())
        rows = letters.needs(self.store, NOW)
        ranker = Ranker(store or self.store, CountingEncoder())
        return radar.leads(
            ranker, self.startup, [self.source["id"]], rows, said or {}, {self.home["id"], *without}, TODAY
        )


@pytest.fixture
def town(store: Store) -> Town:
    return Town(store)


def test_an_open_need_like_the_one_that_was_met_comes_first_and_is_a_guess(town):
    near = town.need("Öby", FALLS)
    lead = town.leads()[0]
    assert (lead.name, lead.guess, lead.needs[0].need["id"]) == ("Öby", True, near["id"])
    assert lead.needs[0].meetings


def test_an_earlier_need_counts_less_the_longer_ago(town):
    town.need("Nyss", FALLS, closed_at="2026-10-20T09:00:00.000000Z", close_reason="paused")
    town.need("Förut", FALLS, closed_at="2024-10-20T09:00:00.000000Z", close_reason="paused")
    town.need("Öppet", FALLS)
    assert [lead.name for lead in town.leads()[:3]] == ["Öppet", "Nyss", "Förut"]


def test_what_was_met_or_closed_long_ago_does_not_count(town):
    town.need("Fick det", FALLS, closed_at="2026-10-20T09:00:00.000000Z", close_reason="met")
    town.need("Glömt", FALLS, closed_at="2023-10-20T09:00:00.000000Z", close_reason="paused")
    assert {lead.name for lead in town.leads()} & {"Fick det", "Glömt"} == set()


def test_what_an_organisation_has_said_comes_before_any_guess(town):
    town.need("Öby", FALLS)
    copied = town.need("Sagt", "Vi behöver något för korttidsboendet")
    lead = town.leads({copied["id"]: "copied"})[0]
    assert (lead.name, lead.guess, lead.needs[0].said) == ("Sagt", False, "copied")


def test_who_uses_it_already_is_left_out(town):
    uses = factories.create_organisation(town.store, name="Har det")
    town.need("Har det", FALLS, uses)
    assert "Har det" not in {lead.name for lead in town.leads(without=[uses["id"]])}
    assert "Åby" not in {lead.name for lead in town.leads()}


def test_two_needs_of_one_organisation_are_one_lead(town):
    both = factories.create_organisation(town.store, name="Båda")
    town.need("Båda", FALLS, both)
    town.need("Båda", f"{FALLS} och badet", both)
    town.need("En", FALLS)
    found = town.leads()
    assert [lead.name for lead in found[:2]] == ["Båda", "En"]
    assert len(found[0].needs) == 2


def test_the_radar_asks_as_often_for_many_as_for_few(town):
    counted = []
    for more in (1, 12):
        for number in range(more):
            town.need(f"Ort {more}-{number}", FALLS)
        counting = CountingStore(town.store)
        town.leads(store=counting)
        counted.append(counting.asked)
    assert counted[0] == counted[1]


def test_nothing_near_makes_no_lead_by_nearness(town):
    town.leads()
    assert all(near.source == "" for lead in town.leads() for near in lead.needs)


# --- the drawer ---


def _stopped(town, **columns):
    return {
        "pairing_id": "case", "need_id": town.source["id"], "startup_id": town.startup["id"],
        "startup_organisation": town.startup["organisation_id"], "stopped_at": "2026-06-01T09:00:00.000000Z",
        "lapsed": "", **columns,
    }  # fmt: skip


def _fresh(need, **columns):
    row = {name: need[name] for name in ("id", "organisation_id", "title", "language")}
    return {**row, "published_at": NOW, "met": set(), **columns}


def test_a_stopped_case_stands_there_again_when_a_new_need_is_like_it(town):
    new, far = town.need("Öby", FALLS), create_need(town.store, OTHERS[0])
    embed(town.store, CountingEncoder())
    found = drawer.standing(Ranker(town.store, CountingEncoder()), [_stopped(town)], [_fresh(new), _fresh(far)])
    assert [need["id"] for need, _ in found[0].needs] == [new["id"]]
    assert found[0].needs[0][1]


@pytest.mark.parametrize("how", ["older", "own", "met"])
def test_an_older_need_the_startups_own_and_one_it_has_met_bring_nothing_back(town, how):
    new = town.need("Öby", FALLS)
    embed(town.store, CountingEncoder())
    changes = {
        "older": {"published_at": "2026-05-01T09:00:00.000000Z"},
        "own": {"organisation_id": town.startup["organisation_id"]},
        "met": {"met": {town.startup["id"]}},
    }
    row = _fresh(new, **changes[how])
    assert drawer.standing(Ranker(town.store, CountingEncoder()), [_stopped(town)], [row]) == []


def test_a_reason_that_lapsed_comes_before_a_likeness_and_needs_no_new_need(town):
    new = town.need("Öby", FALLS)
    embed(town.store, CountingEncoder())
    cases = [_stopped(town), _stopped(town, pairing_id="other", need_id="aaaa", lapsed="time")]
    found = drawer.standing(Ranker(town.store, CountingEncoder()), cases, [_fresh(new)])
    assert [one.case["pairing_id"] for one in found] == ["other", "case"]


def test_an_empty_drawer_is_empty(town):
    ranker = Ranker(town.store, CountingEncoder())
    assert drawer.standing(ranker, [], []) == []
    assert drawer.standing(ranker, [_stopped(town)], []) == []
