"""A backup from before an erasure is brought up to it when it is brought back, whichever engine it comes back on."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.exchange import backups, erased
from matcher.hub import erasure
from matcher.hub.personal import HOLDINGS
from matcher.store import Store, open_store
from tests.conftest import ENGINES, Databases
from tests.factories import create_person
from tests.hub.fifty import Fifty
from tests.hub.test_erasure import dump, places

BEFORE, ERASED_AT = "2026-11-21T09:00:00.000000Z", "2026-11-22T09:00:00.000000Z"
AFTER, BACK = "2026-11-22T09:15:00.000000Z", "2026-11-23T09:00:00.000000Z"


@pytest.mark.parametrize("engine", ENGINES)
def test_half_of_fifty_stay_erased_in_a_backup_from_before(
    store: Store, databases: Databases, tmp_path: Path, engine: str
):
    hub = Fifty(store)
    old = backups.make(store, tmp_path / "backups", BEFORE)
    gone = hub.souls[::2]
    for soul in gone:
        erasure.erase(store, soul.id, None, ERASED_AT)
    backups.make(store, tmp_path / "backups", AFTER)  # it writes the list beside itself
    back = open_store(databases.url(engine))
    backups.restore(old.path, back)
    found = dump(back)
    assert all(places(found, soul.words["id"]) for soul in gone), "the backup is from before"
    assert erased.again(back, [tmp_path / "backups", None], BACK) == sorted(soul.id for soul in gone)
    found = dump(back)
    kept = {(table, name) for table, holding in HOLDINGS.items() for name in holding.names("kept")}
    for soul in gone:
        assert places(found, soul.words["id"]) <= kept
        assert places(found, soul.words["said"]) == set()
    for soul in hub.souls[1::2]:
        assert places(found, soul.words["id"]) - kept
    assert erased.again(back, [tmp_path / "backups"], BACK) == []
    assert {row["person_id"] for row in erasure.listed(back)} == {soul.id for soul in gone}
    back.close()


def test_the_list_holds_ids_alone_and_survives_a_line_that_was_cut_short(store: Store, tmp_path: Path):
    one, other = create_person(store, "owner"), create_person(store, "owner")
    create_person(store, "administrator")
    erasure.erase(store, one.person_id, None, ERASED_AT)
    assert erased.note(store, [tmp_path, None, tmp_path / "not there"]) == 1
    assert erased.note(store, [tmp_path]) == 0
    path = tmp_path / erased.NAME
    whole = ['{"at":', f'"{ERASED_AT}",', '"everywhere":', "true,", '"person":', f'"{one.person_id}"}}']
    assert path.read_text().split() == whole
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(path.read_text() + '{"at": "2026-11-')
    erasure.erase(store, other.person_id, None, ERASED_AT)
    erased.note(store, [tmp_path])
    fresh = tmp_path / "other"
    fresh.mkdir()
    erased.note(store, [fresh])
    assert [line for line in path.read_text().splitlines() if other.person_id in line] == [
        line for line in (fresh / erased.NAME).read_text().splitlines() if other.person_id in line
    ]


def test_a_restored_hub_may_lose_its_last_administrator_for_the_list_counts_more(store: Store, tmp_path: Path):
    last = create_person(store, "administrator")
    (tmp_path / erased.NAME).write_text(f'{{"at": "{ERASED_AT}", "person": "{last.person_id}"}}\n')
    assert erased.again(store, [tmp_path], BACK) == [last.person_id]
