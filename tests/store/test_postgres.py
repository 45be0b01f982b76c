"""What only PostgreSQL does: a server that goes away, and addresses with passwords."""

# ruff: noqa: PT012 (what is raised comes from a block of several statements: that is the test)

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict

from matcher.store import Store, StoreUnavailable, open_store, postgres
from matcher.store.schema import migrate

from .conftest import SHELVES


@pytest.fixture
def server_store(databases) -> Store:
    store = databases.open("postgresql")
    migrate(store, [SHELVES])
    return store


def end_own_session(store: Store) -> None:
    store.execute("select pg_terminate_backend(pg_backend_pid())")


def test_a_lost_connection_is_store_unavailable_and_the_next_verb_works(server_store: Store):
    with pytest.raises(StoreUnavailable):
        end_own_session(server_store)
    assert server_store.query("select count(*) as n from shelf") == [{"n": 0}]


def test_a_connection_lost_inside_a_block_undoes_the_block(server_store: Store):
    with pytest.raises(StoreUnavailable), server_store.atomic():
        server_store.insert("shelf", {"id": "s1", "label": "a"})
        with pytest.raises(StoreUnavailable):
            end_own_session(server_store)
        server_store.insert("shelf", {"id": "s2", "label": "b"})
    assert server_store.query("select id from shelf") == []


def test_connections_that_the_server_ended_meanwhile_are_not_lent(server_store: Store):
    server_store.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    assert server_store.query("select 1 as one") == [{"one": 1}]


def test_a_server_that_is_not_there_is_store_unavailable():
    store = open_store("postgresql://nobody:secret@127.0.0.1:1/none", wait_ms=100)
    with pytest.raises(StoreUnavailable) as caught:
        store.query("select 1 as one")
    assert "secret" not in str(caught.value)
    store.close()


def test_a_lock_may_be_waited_for_more_briefly_than_a_connection_takes(databases):
    store = open_store(databases.url("postgresql"), wait_ms=1)
    assert store.query("select current_setting('lock_timeout') as wait") == [{"wait": "1ms"}]
    store.close()


def test_the_description_holds_no_password(databases):
    url = databases.url("postgresql")
    store = open_store(f"{url}&password=secret")
    told = store.describe()
    assert told["engine"] == "PostgreSQL"
    assert "dbname=test_" in told["location"]
    assert "secret" not in str(told)
    store.close()


def test_a_block_waits_for_no_one_for_ever(server_store: Store):
    assert server_store.query("select current_setting('lock_timeout') as wait") == [{"wait": "5s"}]
    assert server_store.query("select current_setting('idle_in_transaction_session_timeout') as wait") == [
        {"wait": "1min"}
    ]


def test_of_several_servers_the_one_that_answers_is_used(databases):
    given = conninfo_to_dict(databases.url("postgresql"))
    where = urlencode({"host": f"127.0.0.1,{given['host']}", "port": f"1,{given.get('port', 5432)}"})
    store = open_store(f"postgresql://{given['user']}@/{given['dbname']}?{where}")
    assert store.query("select current_setting('transaction_read_only') as reads") == [{"reads": "off"}]
    # A standby, too, answers; only with this word is it passed over.
    assert "target_session_attrs=read-write" in postgres._address(f"postgresql://{given['user']}@a,b/x")
    assert "target_session_attrs" not in postgres._address(f"postgresql://{given['user']}@a/x")
    store.close()


def test_what_the_address_says_of_patience_holds():
    assert "connect_timeout=9" in postgres._address("postgresql://a/x?connect_timeout=9")
    assert "connect_timeout=3" in postgres._address("postgresql://a/x")


def test_a_server_that_takes_no_writes_is_store_unavailable(server_store: Store):
    with pytest.raises(StoreUnavailable, match="read-only"), server_store.atomic():
        server_store.execute("set transaction read only")
        server_store.insert("shelf", {"id": "s1", "label": "a"})
