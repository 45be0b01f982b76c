"""A database file that was cut or damaged: it is noticed, nobody hears a false yes, and no backup is made of it."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from matcher import create_app
from matcher.config import Config
from matcher.exchange import backups
from matcher.hub import chain, pairings
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store, StoreError, open_store
from tests.conftest import Databases
from tests.factories import NOW, create_need, create_testbed
from tests.faults.confirming import FIRST, LAST
from tests.faults.killing import SEED
from tests.faults.test_kills import Cases
from tests.settings import SECRET, settings

WAYS = int(os.environ.get("MATCHER_KILLS", "60"))


def damage(file: Path, chance: random.Random) -> str:
    """Cut the file, or write noughts or anything over a part of it; return which."""
    size, kind = file.stat().st_size, chance.choice(["cut", "noughts", "anything"])
    at = chance.randrange(size)
    if kind == "cut":
        os.truncate(file, at)
        return kind
    length = chance.choice([1, 16, 512, 4096])
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(bytes(length) if kind == "noughts" else chance.randbytes(length))
    return kind


def content(store: Store) -> dict[str, Any]:
    return {table.name: store.query(f'select * from "{table.name}"') for table in store.tables()}


def whole(file: Path) -> bool:
    """Whether what the hub looks at says that the file is whole: as before a backup counts, and the record."""
    store = open_store(f"sqlite:///{file}")
    try:
        backups.check(file)
        return not chain.verify(store).faults
    except (StoreError, ValueError):
        return False
    finally:
        store.close()


def test_damage_is_noticed_and_never_taken_for_a_yes(databases: Databases, tmp_path: Path) -> None:
    url = databases.url("sqlite", migrated=True)
    store = open_store(url)
    cases = Cases(store)
    case, testbed = cases.next()[0]
    before = content(store)
    store.close()
    told: Counter[str] = Counter()
    for number in range(WAYS):
        file = Path(shutil.copy(url.removeprefix("sqlite:///"), tmp_path / "hub.db"))
        damage(file, random.Random(SEED + number))
        noticed = not whole(file)
        hub = open_store(f"sqlite:///{file}")
        try:
            same = content(hub) == before
        except (StoreError, ValueError):
            same = False
        try:
            pairings.confirm(hub, cases.broker, case, testbed, FIRST, LAST, NOW)
        except Exception as error:  # an error page, whatever it says: not a yes
            said = "refused" if isinstance(error, StoreError) else f"fell over ({type(error).__name__})"
        else:
            said = "confirmed"
            hub.close()
            assert hub.query("select confirmed_at from pairing where id = :id", {"id": case})[0]["confirmed_at"] == NOW
        hub.close()
        if noticed:
            told["noticed"] += 1
            backed_up(file, tmp_path / "backups")
        else:
            told["nothing lost" if same else "a value changed, unnoticed"] += 1
        told[said] += 1
        for left in tmp_path.glob("hub.db*"):
            left.unlink()
    print(dict(told))
    assert told["noticed"] > WAYS / 3
    assert told["a value changed, unnoticed"] <= 1 + WAYS // 100
    assert (
        told["fell over (UnicodeDecodeError)"] == 0
    )  # which the pages would take for a fault of theirs and not damage


def test_a_text_whose_bytes_are_damaged_is_told_of_as_damage(databases: Databases, tmp_path: Path) -> None:
    """Wherever it stands the pages say that the database is away, and never fall over."""
    file = tmp_path / "hub.db"
    url = f"sqlite:///{file}"
    shutil.copy(databases.url("sqlite", migrated=True).removeprefix("sqlite:///"), file)
    store = open_store(url)
    need = create_need(store, published=True, title="Färre fall nattetid")
    store.close()
    file.write_bytes(file.read_bytes().replace("Färre fall".encode(), "Färre fall".encode("latin-1") + b" "))
    app = create_app(Config(tmp_path, url, "tiny", SECRET, "http://localhost", 8000, testing=True), TinyEncoder())
    for address in ("/needs", f"/needs/{need['id']}", "/api/v1/needs", "/search?q=fall"):
        answer = app.test_client().get(address, headers={"Accept-Language": "en"})
        assert answer.status_code == 503, address
        assert "Retry-After" in answer.headers
        assert b"F\xe4rre" not in answer.data
    app.extensions["store"].close()


PAGES = ("/", "/needs", "/needs/{need}", "/testbeds", "/api/v1/needs", "/search?q=fall", "/cases", "/login")


def test_no_page_falls_over_a_damaged_file(databases: Databases, tmp_path: Path) -> None:
    """Whatever is damaged, a page shows what it can read or says that the database is away: never an error of ours."""
    file, given = tmp_path / "hub.db", Path(databases.url("sqlite", migrated=True).removeprefix("sqlite:///"))
    store = open_store(f"sqlite:///{given}")
    for number in range(40):  # so that what damage hits is what pages read, more often than not
        need = create_need(store, published=True, title=f"Färre fall {number}")
        create_testbed(store, published=True)
    store.close()
    told: Counter[int] = Counter()
    fell: list[str] = []
    for number in range(WAYS // 3):
        shutil.copy(given, file)
        damage(file, random.Random(SEED + number))
        app = create_app(settings(tmp_path, testing=False), TinyEncoder())
        client = app.test_client()
        for page in PAGES:
            status = client.get(page.format(need=need["id"])).status_code
            told[status] += 1
            if status not in (200, 302, 404, 503):
                fell.append(f"{status} {page}, seed {SEED + number}")
        app.extensions["store"].close()
        for left in tmp_path.glob("hub.db*"):
            left.unlink()
    print(dict(told))
    assert fell == []
    assert told[503] > WAYS // 3  # most damage is met by some page, or this shows nothing
    assert told[200]


def test_a_list_in_a_row_that_is_damaged_is_told_of_as_damage(
    databases: Databases, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No SQL reads what stands in it, so the database does not notice: the page that does says so."""
    url = databases.url("sqlite", migrated=True)
    store = open_store(url)
    need = create_need(store, published=True)
    store.execute("update need set themes = :damaged", {"damaged": '["elderl\x01\x02'})
    store.close()
    app = create_app(settings(tmp_path, database_url=url, testing=False), TinyEncoder())
    answer = app.test_client().get(f"/needs/{need['id']}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "damaged" in caplog.text
    assert "elderl" not in caplog.text  # what stands there is for no log
    app.extensions["store"].close()


def backed_up(file: Path, folder: Path) -> None:
    """What was noticed makes no backup that counts, or one whose rows are all there."""
    store = open_store(f"sqlite:///{file}")
    try:
        made = backups.make(store, folder, NOW)
        backups.check(made.path)
        made.path.unlink()
    except (StoreError, ValueError):
        assert not backups.every(folder)
    finally:
        store.close()
