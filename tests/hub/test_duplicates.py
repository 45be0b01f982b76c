from concurrent.futures import ThreadPoolExecutor

import pytest

from matcher.hub import (
    booking_requests,
    bookings,
    company_numbers,
    duplicates,
    merge_offers,
    merging,
    organisations,
    record,
    sessions,
    startups,
)
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, NotFound
from tests.factories import NOW, create_need, create_organisation, create_person, create_startup, create_testbed

from .booked import FIRST, LAST, TEXTS, Booked
from .pilots import Pilot

LATER = "2026-11-21T09:00:00.000000Z"
OTHER = "2026-11-22T09:00:00.000000Z"


@pytest.fixture
def pair(store):
    """Two profiles of one company, each with a person of its own; the first is older."""
    first = create_organisation(store, "company", name="Nattljus AB", orgnr="5560360793")
    second = create_organisation(store, "company", name="Nattljus", orgnr="5560360793")
    return {
        "keep": create_startup(store, first, name="Nattljus AB", published=True, created_at="2026-01-01T"),
        "drop": create_startup(store, second, name="Nattljus", published=True),
        "keeper": create_person(store, "startup", first),
        "dropper": create_person(store, "startup", second),
    }


def named(store, *names):
    return [create_startup(store, name=name, created_at=f"2026-01-{n:02}T") for n, name in enumerate(names, 1)]


def offered(store):
    rows = store.query(
        """select k.name as keep_name, d.name as drop_name, m.reason from merge_offer m
           join startup k on k.id = m.keep_id join startup d on d.id = m.drop_id order by k.name, d.name"""
    )
    return [(row["keep_name"], row["drop_name"], row["reason"]) for row in rows]


def offer(store, pair):
    duplicates.find(store, NOW)
    return store.query("select id from merge_offer")[0]["id"]


def between(store, keep, drop):
    """Offer two profiles that nothing but this row says are one company's; return the offer's id."""
    row = {"id": "offer", "keep_id": keep["id"], "drop_id": drop["id"], "reason": "name", "found_at": NOW}
    store.insert("merge_offer", row)
    return row["id"]


def interest(store, row, need, **columns):
    key = f"i{row['id']}{need['id']}"
    store.insert(
        "interest",
        {"id": key, "need_id": need["id"], "startup_id": row["id"], "message": "Vi kan", "need_version": 1,
         "created_at": NOW, "answer_by": LATER, **columns},
    )  # fmt: skip
    return key


def pairing(store, row, need, **columns):
    key = f"p{row['id']}{need['id']}"
    store.insert(
        "pairing",
        {"id": key, "need_id": need["id"], "startup_id": row["id"], "need_version": 1, "seen": "{}",
         "proposed_at": NOW, "answer_by": LATER, **columns},
    )  # fmt: skip
    return key


def side_rows(store, row, need):
    """Give a profile one live row in each of the other tables that a merge moves."""
    common = {"need_id": need["id"], "startup_id": row["id"]}
    mark = f"{row['id']}{need['id']}"
    store.insert("dismissal", {"id": "d" + mark, **common, "reason": "other", "at": NOW})
    store.insert("share", {"id": "s" + mark, **common, "seen": "{}", "at": NOW})
    store.insert("conflict", {"id": "c" + mark, **common, "note": "Släkt", "declared_at": NOW})


def owners(store, table):
    return {row["id"]: row["startup_id"] for row in store.query(f"select id, startup_id from {table}")}


def test_the_same_number_is_offered_and_the_older_is_kept(store, pair):
    assert duplicates.find(store, NOW) == 1
    assert offered(store) == [("Nattljus AB", "Nattljus", "orgnr")]


def test_looking_again_offers_nothing_twice(store, pair):
    duplicates.find(store, NOW)
    assert duplicates.find(store, LATER) == 0
    assert duplicates.find_for(store, pair["drop"]["id"], LATER) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nattljus Omsorg AB", "NATTLJUS OMSORG AKTIEBOLAG"),
        ("Nattljus Omsorgsteknik AB", "Nattljus Omsorgstekink"),
        ("Nattljus Sverige AB", "Nattljus (publ)"),
    ],
)
def test_nearly_the_same_name_is_offered(store, one, other):
    rows = named(store, one, other)
    assert duplicates.find_for(store, rows[1]["id"], NOW) == 1
    assert duplicates.find(store, NOW) == 0
    assert offered(store) == [(one, other, "name")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nattljus Omsorg AB", "Nattljus Energi AB"),
        ("Fastighetsbolaget Nordlunden 12 AB", "Fastighetsbolaget Nordlunden 13 AB"),
        ("AB", "Aktiebolag"),
    ],
)
def test_another_company_is_not_offered(store, one, other):
    rows = named(store, one, other)
    assert (duplicates.find(store, NOW), duplicates.find_for(store, rows[1]["id"], NOW)) == (0, 0)


def test_three_of_one_number_are_each_offered_with_the_oldest(store):
    company = create_organisation(store, "company", orgnr="5560360793")
    for number, name in enumerate(("Alfa", "Beta", "Gamma"), 1):
        create_startup(store, company, name=name, created_at=f"2026-01-0{number}T")
    assert duplicates.find(store, NOW) == 2
    assert offered(store) == [("Alfa", "Beta", "orgnr"), ("Alfa", "Gamma", "orgnr")]


def test_a_new_profile_is_looked_at_when_it_is_created(store, broker):
    named(store, "Nattljus Omsorg AB")
    company = create_organisation(store, "company")
    startups.create(store, broker, company["id"], {"name": "Nattljus Omsorg"}, NOW)
    assert len(offered(store)) == 1


def test_a_corrected_number_is_looked_at_when_it_is_saved(store, broker, pair):
    third = create_startup(store, name="Helt annat")
    startups.save(store, broker, third["id"], {"orgnr": "5560360793"}, 1, NOW)
    assert ("Nattljus AB", "Helt annat", "orgnr") in offered(store)


def test_each_name_is_compared_with_a_few_neighbours_however_many_begin_alike(store, monkeypatch):
    alike, asked = duplicates.alike, []
    monkeypatch.setattr(duplicates, "alike", lambda *keys: asked.append(keys) or alike(*keys))
    company = create_organisation(store, "company")
    with store.atomic():
        for number in range(500):
            word = "".join(chr(97 + number // 26**place % 26) for place in range(3))
            startup = {"id": f"s{number}", "organisation_id": company["id"], "name": f"Svensk {word * 3} Teknik {word}"}
            store.insert("startup", {**startup, "seq": 1, "created_at": NOW, "updated_at": NOW})
    duplicates.find(store, NOW)
    assert 0 < len(asked) <= 500 * duplicates.NEIGHBOURS


def test_merging_moves_what_the_other_has_and_hides_it(store, broker, pair):
    keep, drop, need = pair["keep"], pair["drop"], create_need(store, published=True)
    interest(store, drop, need)
    pairing(store, drop, create_need(store, published=True))
    side_rows(store, drop, need)
    offer_id = offer(store, pair)
    merging.merge(store, broker, offer_id, keep["id"], LATER)
    for table in merge_offers.LIVE:
        assert set(owners(store, table).values()) == {keep["id"]}, table
    merged = startups.load(store, broker, drop["id"])
    assert (merged["status"], merged["merged_into"], merged["merged_name"]) == ("merged", keep["id"], "Nattljus AB")
    assert merged["seq"] > drop["seq"]
    assert startups.load(store, broker, keep["id"])["seq"] > keep["seq"]


def test_the_broker_may_keep_the_younger(store, broker, pair):
    merging.merge(store, broker, offer(store, pair), pair["drop"]["id"], LATER)
    assert startups.load(store, broker, pair["keep"]["id"])["merged_into"] == pair["drop"]["id"]
    assert duplicates.find(store, OTHER) == 0


def test_both_companies_people_are_told_and_both_histories_tell(store, broker, pair):
    merging.merge(store, broker, offer(store, pair), pair["keep"]["id"], LATER)
    told = {(row["recipient"], row["template"]) for row in store.query("select recipient, template from outbox")}
    assert told == {(pair[who].email, "startup_merged") for who in ("keeper", "dropper")}
    for side in ("keep", "drop"):
        assert record.history(store, "startup", pair[side]["id"])[-1]["action"] == "startup.merge"


def test_undoing_puts_everything_back(store, broker, pair):
    keep, drop, need = pair["keep"], pair["drop"], create_need(store, published=True)
    interest(store, drop, need)
    side_rows(store, drop, need)
    own = interest(store, keep, create_need(store, published=True))
    before = {table: owners(store, table) for table in merge_offers.LIVE}
    offer_id = offer(store, pair)
    merging.merge(store, broker, offer_id, keep["id"], LATER)
    merging.undo(store, broker, offer_id, OTHER)
    assert {table: owners(store, table) for table in merge_offers.LIVE} == before
    assert before["interest"][own] == keep["id"]
    assert startups.load(store, broker, drop["id"])["status"] == "published"
    assert merge_offers.load(store, broker, offer_id)["open"]
    with pytest.raises(Conflict, match="merge_not_decided"):
        merging.undo(store, broker, offer_id, OTHER)


def test_bookings_go_along_to_the_kept_company_and_back(store, broker, pair):
    keep, drop = pair["keep"], pair["drop"]
    days = {"starts_on": "2027-01-01", "ends_on": "2027-01-09"}
    given = {"title": "Prov", "benefit_operation": "Lugn", "benefit_users": "Lugn", **days}
    testbed = create_testbed(store, published=True)["id"]
    whose = {"startup_id": drop["id"]}
    booking = booking_requests.request(store, pair["dropper"], testbed, given, NOW, **whose)
    home = {row["id"]: row["organisation_id"] for row in (keep, drop)}
    offer_id = offer(store, pair)
    merging.merge(store, broker, offer_id, keep["id"], LATER)
    row = bookings.load(store, pair["keeper"], booking)
    assert (row["startup_id"], row["organisation_id"]) == (keep["id"], home[keep["id"]])
    merging.undo(store, broker, offer_id, OTHER)
    row = bookings.load(store, pair["dropper"], booking)
    assert (row["startup_id"], row["organisation_id"]) == (drop["id"], home[drop["id"]])


def test_a_booking_that_was_asked_for_in_a_case_since_goes_back_with_it(store):
    pilot, keep = Pilot(store), create_startup(store, published=True)
    offer_id = between(store, keep, pilot.startup)
    merging.merge(store, pilot.broker, offer_id, keep["id"], NOW)
    given = {**TEXTS, "starts_on": pilot.first, "ends_on": pilot.last}
    asked = booking_requests.request(store, pilot.broker, pilot.testbed["id"], given, NOW, pairing_id=pilot.id)
    assert bookings.fetch(store, asked)["startup_id"] == keep["id"]
    merging.undo(store, pilot.broker, offer_id, LATER)
    row = bookings.fetch(store, asked)
    assert (row["startup_id"], row["organisation_id"]) == (pilot.startup["id"], pilot.startup["organisation_id"])


def test_a_booking_that_became_the_place_of_the_kept_companys_case_stays_with_it(store):
    scene, keeper = Booked(store), create_person(store, "startup")
    keep = create_startup(store, keeper.organisations("startup")[0], published=True)
    promised = scene.approve(scene.ask(startup_id=scene.startup["id"], need_id=scene.need["id"]))
    offer_id = between(store, keep, scene.startup)
    merging.merge(store, scene.broker, offer_id, keep["id"], NOW)
    scene.startup, scene.founder = keep, keeper
    case = scene.accepted()
    scene.confirm(case, scene.testbed, FIRST, LAST, promised)
    merging.undo(store, scene.broker, offer_id, LATER)
    row = bookings.fetch(store, promised)
    assert (row["startup_id"], row["organisation_id"]) == (keep["id"], keep["organisation_id"])


def test_of_two_interests_the_kept_one_counts_and_the_other_is_withdrawn_until_undone(store, broker, pair):
    need = create_need(store, published=True)
    kept, dropped = interest(store, pair["keep"], need), interest(store, pair["drop"], need)
    offer_id = offer(store, pair)
    assert merge_offers.load(store, broker, offer_id)["collisions"] == [("interest", need["title"])]
    merging.merge(store, broker, offer_id, pair["keep"]["id"], LATER)
    rows = {row["id"]: row for row in store.query("select * from interest")}
    assert (rows[kept]["withdrawn_at"], rows[dropped]["withdrawn_at"]) == (None, LATER)
    assert rows[dropped]["startup_id"] == pair["drop"]["id"]
    merging.undo(store, broker, offer_id, OTHER)
    assert not store.query("select id from interest where withdrawn_at is not null")


def test_two_open_pairings_for_one_need_stop_the_merge(store, broker, pair):
    need = create_need(store, published=True, title="Färre fall")
    pairing(store, pair["keep"], need)
    pairing(store, pair["drop"], need)
    with pytest.raises(Conflict) as caught:
        merging.merge(store, broker, offer(store, pair), pair["keep"]["id"], LATER)
    assert (caught.value.code, caught.value.params) == ("merge_two_pairings", {"need": "Färre fall"})
    assert startups.load(store, broker, pair["drop"]["id"])["status"] == "published"


def test_an_ended_pairing_moves_beside_an_open_one(store, broker, pair):
    need = create_need(store, published=True)
    pairing(store, pair["keep"], need)
    pairing(store, pair["drop"], need, declined_at=NOW, declined_side="owner", reason="other")
    merging.merge(store, broker, offer(store, pair), pair["keep"]["id"], LATER)
    assert set(owners(store, "pairing").values()) == {pair["keep"]["id"]}


def test_other_peoples_rights_change_only_when_the_broker_says_so(store, broker, pair):
    offer_id = offer(store, pair)
    newcomers = merge_offers.load(store, broker, offer_id)["newcomers"][pair["drop"]["id"]]
    assert [person["email"] for person in newcomers] == [pair["dropper"].email]
    merging.merge(store, broker, offer_id, pair["keep"]["id"], LATER)
    assert memberships(store, pair) == 1
    merging.undo(store, broker, offer_id, LATER)
    merging.merge(store, broker, offer_id, pair["keep"]["id"], OTHER, invite=True)
    assert memberships(store, pair) == 2
    merging.undo(store, broker, offer_id, OTHER)
    assert memberships(store, pair) == 1


def memberships(store, pair):
    return store.query(
        "select count(*) as n from membership where organisation_id = :id and revoked_at is null",
        {"id": pair["keep"]["organisation_id"]},
    )[0]["n"]


def test_a_decision_is_made_once(store, broker, pair):
    offer_id = offer(store, pair)
    merging.different(store, broker, offer_id, LATER)
    for decide in (
        lambda: merging.merge(store, broker, offer_id, pair["keep"]["id"], LATER),
        lambda: merging.different(store, broker, offer_id, LATER),
    ):
        with pytest.raises(Conflict, match="merge_decided"):
            decide()
    assert startups.load(store, broker, pair["drop"]["id"])["status"] == "published"


def test_of_brokers_who_decide_at_once_only_the_first_does(store, broker, pair):
    offer_id = offer(store, pair)
    interest(store, pair["drop"], create_need(store, published=True))
    interest(store, pair["keep"], create_need(store, published=True))

    def decide(number):
        try:
            if number % 3:
                merging.merge(store, broker, offer_id, pair["keep" if number % 2 else "drop"]["id"], LATER)
            else:
                merging.different(store, broker, offer_id, LATER)
        except Conflict as error:
            return error.code
        return "decided"

    with ThreadPoolExecutor(6) as pool:
        said = sorted(pool.map(decide, range(1, 7)))
    assert said == ["decided"] + ["merge_decided"] * 5
    merged = [row for row in store.query("select merged_into from startup") if row["merged_into"]]
    decision = store.query("select decision from merge_offer")[0]["decision"]
    assert len(merged) == (1 if decision == "merged" else 0)
    assert len(set(owners(store, "interest").values())) == (1 if decision == "merged" else 2)


def test_different_is_not_offered_again_and_can_be_taken_back(store, broker, pair):
    offer_id = offer(store, pair)
    merging.different(store, broker, offer_id, LATER)
    assert duplicates.find(store, OTHER) == 0
    assert merge_offers.offers(store, broker)["rows"] == []
    assert [row["id"] for row in merge_offers.offers(store, broker, decided=True)["rows"]] == [offer_id]
    merging.undo(store, broker, offer_id, OTHER)
    assert [row["id"] for row in merge_offers.offers(store, broker)["rows"]] == [offer_id]


def test_a_third_profile_cannot_be_kept(store, broker, pair):
    with pytest.raises(NotFound):
        merging.merge(store, broker, offer(store, pair), create_startup(store)["id"], LATER)


def test_a_later_merge_is_undone_first(store, broker):
    company = create_organisation(store, "company", orgnr="5560360793")
    a, b, c = (create_startup(store, company, name=n, created_at=f"2026-01-0{i}T") for i, n in enumerate("abc", 1))
    duplicates.find(store, NOW)
    ids = {(row["keep_id"], row["drop_id"]): row["id"] for row in store.query("select * from merge_offer")}
    merging.merge(store, broker, ids[a["id"], b["id"]], b["id"], LATER)
    duplicates.find(store, LATER)
    later = store.query("select id from merge_offer where keep_id = :b and drop_id = :c", {"b": b["id"], "c": c["id"]})
    merging.merge(store, broker, later[0]["id"], c["id"], LATER)
    with pytest.raises(Conflict, match="merge_undo_later_first"):
        merging.undo(store, broker, ids[a["id"], b["id"]], OTHER)
    merging.undo(store, broker, later[0]["id"], OTHER)
    merging.undo(store, broker, ids[a["id"], b["id"]], OTHER)
    assert {startups.load(store, broker, row["id"])["merged_into"] for row in (a, b, c)} == {None}


def test_offers_are_for_brokers(store, pair):
    offer_id = offer(store, pair)
    for viewer in (None, pair["keeper"], create_person(store, "administrator")):
        with pytest.raises(NotFound):
            merge_offers.load(store, viewer, offer_id)
        with pytest.raises(NotFound):
            merge_offers.offers(store, viewer)


def typed(store, person, startup_id, number, now):
    revision = startups.load(store, person, startup_id)["revision"]
    startups.save(store, person, startup_id, {"orgnr": number}, revision, now)


def test_the_offer_tells_whose_word_each_number_is(store, broker):
    """A company that typed another's number stood beside it as if that were proof, and got its cases by the merge."""
    administrator, names = create_person(store, "administrator"), ("Nattljus", "Annat", "Tredje")
    with store.atomic():
        ids = [organisations.create(store, None, {"name": name, "kind": "company"}, NOW) for name in names]
    founder = create_person(store, "startup", ids[0])
    kept, dropped = (create_startup(store, one, name=f"Profil av {one}")["id"] for one in ids[:2])
    typed(store, founder, kept, "5560125790", NOW)
    typed(store, founder, kept, "5560360793", LATER)
    typed(store, broker, dropped, "5560360793", NOW)
    organisations.save(store, administrator, ids[2], {"orgnr": "5560125790"}, NOW)
    [offered] = store.query("select id from merge_offer")
    found = merge_offers.load(store, broker, offered["id"])["numbers"]
    told = [found[one] for one in (kept, dropped)] + [company_numbers.origins(store, [ids[2]])[ids[2]]]
    assert [(one["source"], one["at"], one["before"], one["changed"]) for one in told] == [
        ("company", LATER, "5560125790", True),
        ("broker", NOW, "", False),
        ("administrator", NOW, "", False),
    ]
    assert [company_numbers.doubtful(one, later(LATER, days=365)) for one in told] == [True, False, False]
    organisations.save(store, administrator, ids[0], {}, OTHER)
    confirmed = company_numbers.origins(store, [ids[0]])[ids[0]]
    assert (confirmed["source"], confirmed["at"]) == ("administrator", OTHER)
    assert not company_numbers.doubtful(confirmed, OTHER)


def test_a_first_number_proves_little_for_ninety_days_and_one_from_a_file_is_the_files(store):
    company = create_organisation(store, "company")
    startup = create_startup(store, company)
    assert company_numbers.origins(store, [company["id"]]) == {}
    assert not company_numbers.doubtful(None, NOW)
    typed(store, create_person(store, "startup", company), startup["id"], "5560360793", NOW)
    [row] = company_numbers.origins(store, [company["id"]]).values()
    assert (row["source"], row["changed"]) == ("company", False)
    assert [company_numbers.doubtful(row, later(NOW, days=days)) for days in (0, 89, 91)] == [True, True, False]
    given = organisations.find_or_create(store, None, "Ur filen", "5560125790", "company", NOW)
    assert company_numbers.origins(store, [given["id"]])[given["id"]]["source"] == "import"


def test_what_a_number_replaced_is_known_from_rows_of_before_it_was_kept(store):
    company = create_organisation(store, "company", orgnr="5560360793")
    founder = create_person(store, "startup", company)
    for number in ("5560125790", "5560360793", "8507099805", "5560360793"):
        record.write(store, founder.person_id, "organisation.number", "organisation", company["id"], NOW, orgnr=number)
        [row] = company_numbers.origins(store, [company["id"]]).values()
        before = {"5560125790": "", "8507099805": "5560360793"}.get(number, row["before"])
        assert (row["number"], row["before"]) == (number, before)
    assert (row["before"], row["changed"]) == ("", True)


def test_a_merged_profile_cannot_be_written_published_or_offered(store, broker, pair):
    merging.merge(store, broker, offer(store, pair), pair["keep"]["id"], LATER)
    with pytest.raises(Conflict, match="startup_merged"):
        startups.save(store, broker, pair["drop"]["id"], {"name": "Annat"}, 1, OTHER)
    with pytest.raises(Conflict):
        startups.publish(store, pair["dropper"], pair["drop"]["id"], OTHER)
    assert duplicates.find_for(store, pair["drop"]["id"], OTHER) == 0


def test_who_is_given_a_role_by_a_merge_logs_in_anew(store, broker, pair):
    tokens = {name: sessions.start(store, pair[name].person_id, LATER) for name in ("dropper", "keeper")}
    merging.merge(store, broker, offer(store, pair), pair["keep"]["id"], LATER, invite=True)
    assert memberships(store, pair) == 2
    open_ones = {name for name, token in tokens.items() if sessions.viewer(store, token, LATER)}
    assert open_ones == {"keeper"}
