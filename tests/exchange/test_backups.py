"""A backup is whole or it is none, is made while others write, and comes back on either engine."""

from __future__ import annotations

import os
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from matcher import work
from matcher.config import Config
from matcher.exchange import backups
from matcher.exchange import databases as copying
from matcher.exchange.backups import BackupDamaged
from matcher.hub import clock, need_content
from matcher.hub.clock import later, parse
from matcher.store import Store, StoreError, open_store
from matcher.store.migrations import MIGRATIONS
from matcher.store.schema import migrate, pending
from tests.conftest import ENGINES, Databases
from tests.factories import NOW, create_need, create_organisation, create_person, create_startup


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def hub(store: Store) -> Store:
    create_need(store, published=True, title="Halka på gångvägar åäö 🚜")
    create_startup(store, published=True)
    create_person(store, "broker")
    return store


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_backed_up_comes_back_on_either_engine(hub: Store, folder: Path, databases: Databases, engine: str):
    made = backups.make(hub, folder, NOW)
    assert made.path.name == "matcher-20261120T090000Z.db"
    assert made.counts["need"] == 1
    target = open_store(databases.url(engine, migrated=False))
    back = backups.restore(made.path, target)
    assert back["need"] == back["startup"] == 1
    wanted = hub.query("select * from need")
    assert target.query("select * from need") == wanted
    assert need_content.decode(target.query("select * from need")[0])["title"] == "Halka på gångvägar åäö 🚜"
    target.close()


def test_only_the_hub_reads_it_and_nothing_else_is_left(hub: Store, folder: Path):
    made = backups.make(hub, folder, NOW)
    assert made.path.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in folder.iterdir()) == [made.path.name, made.path.with_suffix(".sha256").name]


def test_nothing_is_written_over(hub: Store, folder: Path):
    made = backups.make(hub, folder, NOW)
    with pytest.raises(copying.TargetNotEmpty):
        backups.restore(made.path, hub)
    assert len(hub.query("select id from need")) == 1


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_looking_at_a_hub_that_runs_takes_nothing_from_it(hub: Store):
    """Somebody names the live file instead of a backup: what SQLite keeps beside it must stay."""
    path = Path(hub.describe()["location"])
    create_need(hub, published=True, title="Skrivet nyss")
    beside = {left.name for left in path.parent.glob(f"{path.name}-*")}
    assert backups.check(path)["need"] == 2
    assert beside <= {left.name for left in path.parent.glob(f"{path.name}-*")}
    assert len(hub.query("select id from need")) == 2


def test_what_a_killed_process_left_is_removed_a_day_later(hub: Store, folder: Path):
    folder.mkdir()
    old, young = folder / ".matcher-20261101T000000Z.db.7", folder / ".matcher-20261120T085900Z.db.8"
    for path, at in ((old, later(NOW, days=-2)), (young, later(NOW, minutes=-1))):
        path.write_bytes(b"half")
        os.utime(path, (parse(at).timestamp(), parse(at).timestamp()))
    backups.make(hub, folder, NOW)
    assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.parametrize("place", [0, 100, 5_000, -1])
def test_one_changed_byte_is_noticed(hub: Store, folder: Path, tmp_path: Path, place: int):
    path = backups.make(hub, folder, NOW).path
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BackupDamaged, match="Take another one"):
        backups.check(path)
    target = open_store(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(BackupDamaged):
        backups.restore(path, target)
    assert not target.tables()
    target.close()


@pytest.mark.parametrize(("bytes_of_it", "said"), [(bytes(4), "holds noughts"), (b"\xff\xfe\xff\xfe", "is not UTF-8")])
def test_no_backup_is_made_of_a_hub_whose_texts_are_damaged(
    tmp_path: Path, folder: Path, bytes_of_it: bytes, said: str
):
    """SQLite's own check calls such a file whole, and the sum would be that of the damage."""
    file = tmp_path / "damaged.db"
    store = open_store(f"sqlite:///{file}")
    migrate(store)
    create_need(store, title="Färre fall nattetid")
    store.close()
    file.write_bytes(file.read_bytes().replace(b"fall nattetid", bytes_of_it + b"nattetid "))
    store = open_store(f"sqlite:///{file}")
    with pytest.raises(BackupDamaged, match=f"a text in need.title {said}"):
        backups.make(store, folder, NOW)
    store.close()
    assert not backups.every(folder)


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\x00" + bytes(200)])
def test_what_is_no_backup_is_refused_also_without_its_sum(tmp_path: Path, content: bytes):
    path = tmp_path / "matcher-20261120T090000Z.db"
    path.write_bytes(content)
    with pytest.raises(BackupDamaged):
        backups.check(path)
    with pytest.raises(BackupDamaged, match="is not there"):
        backups.check(tmp_path / "none.db")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_backup_that_turns_out_damaged_does_not_count(hub: Store, folder: Path, monkeypatch: pytest.MonkeyPatch):
    def half(path: Path) -> bool:
        path.write_bytes(b"half of it")
        return True

    monkeypatch.setattr(hub, "save_to", half)
    with pytest.raises(BackupDamaged):
        backups.make(hub, folder, NOW)
    assert list(folder.iterdir()) == []


def test_it_is_of_one_moment_while_others_write(hub: Store, folder: Path):
    """Each write adds two rows or none: a backup never holds one of them."""
    town, stop = create_organisation(hub)["id"], threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with hub.atomic():
                for half in "ab":
                    create_organisation(hub, id=f"o{number}{half}", parent_id=town)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [backups.make(hub, folder, later(NOW, minutes=number)) for number in range(4)]
    finally:
        stop.set()
        writer.join()
    counts = []
    for one in made:
        copy = open_store(f"sqlite:///{one.path}")
        counts.append(copy.query("select count(*) as n from organisation where parent_id = :id", {"id": town})[0]["n"])
        copy.close()
    assert all(count % 2 == 0 for count in counts)
    assert counts[-1] > 0


def test_one_of_an_older_version_is_brought_up_to_date(tmp_path: Path):
    path = tmp_path / "matcher-20261120T090000Z.db"
    old = open_store(f"sqlite:///{path}")
    migrate(old, MIGRATIONS[:-1])
    create_organisation(old, name="Åre")
    old.close()
    before = path.read_bytes()
    target = open_store(f"sqlite:///{tmp_path / 'new.db'}")
    backups.restore(path, target)
    assert pending(target) == []
    assert [row["name"] for row in target.query("select name from organisation")] == ["Åre"]
    assert path.read_bytes() == before
    target.close()


def test_what_is_kept_thins_out_with_age():
    now = parse(NOW)
    made = [now - timedelta(minutes=15 * number) for number in range(4 * 24 * 60)]
    paths = [Path(f"matcher-{at:%Y%m%dT%H%M%SZ}.db") for at in made]
    gone = set(backups.superfluous(paths, now))
    kept = [now - backups.moment(path) for path in paths if path not in gone]
    assert len([age for age in kept if age <= timedelta(hours=2)]) == 9
    assert len([age for age in kept if timedelta(hours=2) < age <= timedelta(days=1)]) == 22
    assert 29 <= len([age for age in kept if age > timedelta(days=1)]) <= 31
    assert max(kept) <= timedelta(days=30)
    old = [Path("matcher-20200101T000000Z.db")]
    assert backups.superfluous(old, now) == [], "the newest is kept, however old"


def thinned(paths: list[Path], made: list[datetime]) -> list[Path]:
    """Return what is left after one backup more at each of these moments, the newest first."""
    for at in made:
        paths = sorted([*paths, Path(f"matcher-{at:%Y%m%dT%H%M%SZ}.db")], reverse=True)
        gone = set(backups.superfluous(paths, at))
        paths = [path for path in paths if path not in gone]
    return paths


def of_days(first: datetime, days: int) -> list[datetime]:
    """Return four moments of each of so many whole days."""
    start = first.replace(hour=1, minute=0)
    return [start + timedelta(hours=6 * number) for number in range(4 * days)]


def test_a_clock_that_jumps_a_year_ahead_leaves_the_last_days_backups():
    """By age alone all would go at once, and whoever mends the clock would have none from before it was wrong."""
    now = parse(NOW)
    month = thinned([], of_days(now - timedelta(days=30), 31))
    true_days = [f"{now - timedelta(days=number):%Y%m%d}" for number in range(31)]
    assert {path.name[8:16] for path in month} == set(true_days)
    wrong = thinned(month, of_days(now + timedelta(days=365), 2))
    days = [path.name[8:16] for path in wrong]
    assert [day for day in days if day in true_days] == true_days[: backups.ALWAYS_DAYS - 2]
    right = thinned(wrong, of_days(now + timedelta(days=1), 2))
    left = {path.name[8:16] for path in right}
    assert set(true_days[: backups.ALWAYS_DAYS - 2]) <= left, "those of time to come take no day's place"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_files_of_the_last_days_stay_on_the_disk_when_the_clock_jumps(hub: Store, folder: Path):
    folder.mkdir()
    for number in range(12):
        (folder / f"matcher-{parse(later(NOW, days=-number)):%Y%m%dT%H%M%SZ}.db").write_bytes(b"a backup of that day")
    made = backups.make(hub, folder, later(NOW, days=365))
    left = backups.every(folder)
    assert left[0] == made.path
    assert [path.name[8:16] for path in left[1:]] == [later(NOW, days=-n)[:10].replace("-", "") for n in range(9)]


def test_a_hub_that_stood_still_for_months_lets_its_old_backups_go_day_by_day():
    now = parse(NOW)
    paths, back = thinned([], of_days(now - timedelta(days=40), 40)), now + timedelta(days=90)
    for day in range(1, backups.ALWAYS_DAYS + 1):
        paths = thinned(paths, of_days(back + timedelta(days=day), 1))
        assert len([path for path in paths if backups.moment(path) < back]) == backups.ALWAYS_DAYS - day


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("days", [365, -365, 1 / 24, -1 / 24])
def test_a_backup_of_a_wrong_clock_stops_no_other(hub: Store, folder: Path, days: float):
    """One that bears a moment to come is not the last: else none would be made until that moment comes."""
    backups.make(hub, folder, later(NOW, days=days))
    last = backups.last(folder, NOW)
    assert (last is None) == (days > 0)
    made = backups.make(hub, folder, NOW)
    assert backups.last(folder, NOW) == made.path
    assert backups.last(folder, later(NOW, minutes=1)) == made.path
    assert made.path in backups.every(folder)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_background_makes_one_although_the_last_bears_a_moment_to_come(
    hub: Store, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    config = Config(tmp_path, "", "tiny", "x" * 40, "http://localhost", 8000, backups=folder, testing=True)
    stop = threading.Event()
    stop.set()
    backups.make(hub, folder, later(NOW, days=365))
    assert [work.back_up(config, stop, hub) for _ in range(2)] == [1, 0]
    monkeypatch.setattr(clock, "now", lambda: later(NOW, minutes=16))
    assert work.back_up(config, stop, hub) == 1


def test_a_backup_is_looked_at_without_a_trace(hub: Store, folder: Path):
    path = backups.make(hub, folder, NOW).path
    before = sorted((file.name, file.read_bytes()) for file in folder.iterdir())
    assert backups.check(path)
    held = backups.opened(path)
    with pytest.raises(StoreError, match="readonly"):
        held.execute("delete from audit")
    held.close()
    assert sorted((file.name, file.read_bytes()) for file in folder.iterdir()) == before


def test_as_many_rows_come_back_as_were_checked(hub: Store, folder: Path, databases: Databases):
    path = backups.make(hub, folder, NOW).path
    target = open_store(databases.url("sqlite"))
    assert backups.restore(path, target) == backups.check(path)
    target.close()
