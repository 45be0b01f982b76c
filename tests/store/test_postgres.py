"""What only PostgreSQL does: a server that goes away, and addresses with passwords."""

# ruff: noqa: PT012 (what is raised comes from a block of several statements: that is the test)

from __future__ import annotations

import sys
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from matcher.store import Store, StoreError, StoreUnavailable, no_connection, open_store, postgres
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


def test_what_the_server_says_of_a_log_in_reaches_the_operator(databases):
    url = databases.url("postgresql")
    place, _, options = url.partition("?")
    store = open_store(f"{place.rpartition('/')[0]}/no_such_database?{options}", wait_ms=100)
    with pytest.raises(StoreUnavailable, match='cannot be used: database "no_such_database" does not exist'):
        store.query("select 1 as one")
    store.close()


def test_a_database_that_is_not_in_utf_8_is_refused_at_once_with_the_remedy(databases):
    url = databases.url("postgresql")
    place, _, options = url.partition("?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create database test_ascii encoding 'SQL_ASCII' locale 'C' template template0")
    try:
        store = open_store(f"{place.rpartition('/')[0]}/test_ascii?{options}", wait_ms=100)
        with pytest.raises(StoreUnavailable, match="keeps text as SQL_ASCII: make it anew in UTF-8"):
            migrate(store, [SHELVES])
        store.close()
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop database test_ascii with (force)")


def test_who_may_not_make_tables_is_told_what_to_do(server_store: Store):
    server_store.execute("create role gast")
    try:
        with pytest.raises(StoreError, match=r"^permission denied .*own the database"), server_store.atomic():
            server_store.execute("set local role gast")
            server_store.query("select id from public.shelf")  # a schema made anew lets nobody else in
    finally:
        server_store.execute("drop role gast")


@pytest.mark.parametrize("password", ["hush%zz", "hu sh", "hush/x", "hu@sh"])
def test_an_address_that_cannot_be_read_is_refused_without_a_word_of_it(password: str):
    with pytest.raises(ValueError, match="postgresql://user:password@host") as caught:
        open_store(f"postgresql://kim:{password}@127.0.0.1/x")
    assert not any(part in str(caught.value) for part in ("hush", "sh@", "kim"))


def test_without_the_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "matcher.store.postgres")
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    with pytest.raises(StoreError, match="pip install -r requirements-postgres"):
        open_store("postgresql://a/x")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'connection failed: connection to server at "10.0.0.1", port 5432 failed: FATAL:  sorry, too many clients',
            "PostgreSQL at a:5432 cannot be used: sorry, too many clients",
        ),
        (
            'connection failed: connection to server at "::1", port 5432 failed: Connection refused\n\tIs it up?',
            "no connection within 5 s: PostgreSQL does not answer at a:5432: Connection refused",
        ),
        (
            'connection failed: connection to server at "10.0.0.2", port 5433 failed: FATAL:  x\nMultiple connection '
            "attempts failed. All failures were:\n- host: 'b', port: '5433', hostaddr: '10.0.0.2': connection failed: "
            'connection to server at "10.0.0.2", port 5433 failed: Connection refused\n\tIs the server up?\n'
            "- host: 'c', port: '5432', hostaddr: '10.0.0.3': connection failed: connection to server at \"10.0.0.3\", "
            'port 5432 failed: FATAL:  password authentication failed for user "kim"',
            'cannot be used: b:5433 Connection refused; c:5432 password authentication failed for user "kim"',
        ),
        ("", "does not answer at a:5432, or all 8 connections of this process are in use"),
    ],
)
def test_the_words_of_the_driver_become_one_sentence(said: str, told: str):
    assert no_connection.why(5, {"host": "a"}, said, 8).endswith(told)
