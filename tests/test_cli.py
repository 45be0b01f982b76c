from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from matcher import cli
from matcher.commands import serving
from matcher.exchange import databases, demo
from matcher.hub import passwords, people
from matcher.ranking import indexing, replay
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.ranker import Ranker
from matcher.serving import PortTaken
from matcher.store import Store, copy_mark, open_store
from tests.factories import create_person
from tests.hub.cases import Case

PASSWORD = "tre korta ord"


class Command:
    """`matcher …` in a hub of its own."""

    def __init__(self, folder: Path) -> None:
        self.env = {"MATCHER_INSTANCE": str(folder), "DATABASE_URL": f"sqlite:///{folder / 'hub.db'}", "PORT": "8123"}

    def __call__(self, *words: str, **env: str) -> Result:
        return CliRunner().invoke(cli.main, words, env={**self.env, **env})

    def store(self) -> Store:
        return open_store(self.env["DATABASE_URL"])


@pytest.fixture
def matcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in [name for name in os.environ if name.startswith("MATCHER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MATCHER_DEMO", "")  # `run` sets it for its children: set back when the test ends
    return Command(tmp_path)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What `run` would have served, instead of serving it."""
    found: list[tuple] = []
    monkeypatch.setattr(serving, "serve_all", lambda config, accounts: found.append((config, accounts)) or 0)
    return found


def create_administrator(matcher: Command, email: str = "kim@example.org", password: str = PASSWORD) -> Result:
    return matcher("create-administrator", email, "--name", "Kim", "--hub", "Mittpunkt", "--password", password)


def test_help_names_every_verb(matcher: Command) -> None:
    shown = matcher("--help").output
    for verb in (
        "run",
        "work",
        "migrate",
        "import",
        "rank",
        "plan",
        "evaluate",
        "doctor",
        "copy-database",
        "backup",
        "restore",
        "verify",
        "demo",
        "model",
    ):
        assert f"  {verb} " in shown


def test_the_first_administrator_logs_in_to_a_real_hub(matcher: Command) -> None:
    answer = create_administrator(matcher)
    assert answer.exit_code == 0
    assert "kim@example.org is administrator and broker of Mittpunkt" in answer.output
    assert "http://127.0.0.1:8123/login" in answer.output
    store = matcher.store()
    person = passwords.authenticate(store, "kim@example.org", PASSWORD)
    assert people.viewer(store, person).has("administrator")
    assert people.viewer(store, person).has("broker")
    store.close()


def test_a_second_administrator_joins_the_same_hub(matcher: Command) -> None:
    create_administrator(matcher)
    assert "broker of Mittpunkt" in create_administrator(matcher, "lee@example.org").output
    store = matcher.store()
    assert len(store.query("select id from organisation")) == 1
    store.close()


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("kim", PASSWORD, "“kim” is not an e-mail address"),
        ("kim@example.org", "short", "must have 12 to 128 characters"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nothing_is_kept(
    matcher: Command, email: str, password: str, sentence: str
) -> None:
    answer = create_administrator(matcher, email, password)
    assert answer.exit_code == 1
    assert sentence in answer.output
    store = matcher.store()
    assert store.query("select id from organisation") == []
    store.close()


def test_an_address_that_is_taken_is_said_in_words(matcher: Command) -> None:
    create_administrator(matcher)
    answer = create_administrator(matcher)
    assert answer.exit_code == 1
    assert "already an account for kim@example.org" in answer.output


def test_a_setting_that_cannot_be_is_named_with_its_remedy(matcher: Command) -> None:
    for name, value in {"PORT": "abc", "MATCHER_SECRET_KEY": "weak", "MATCHER_BASE_URL": "example.org"}.items():
        for verb in ("migrate", "doctor", "run"):
            answer = matcher(verb, **{name: value})
            assert answer.exit_code == 1
            assert name in answer.output
            assert "Traceback" not in answer.output


def test_a_database_that_cannot_be_opened_is_said_in_words(matcher: Command) -> None:
    for url in ("mysql://x", "sqlite:////nowhere/at/all.db"):
        answer = matcher("migrate", DATABASE_URL=url)
        assert answer.exit_code == 1
        assert answer.output.startswith("matcher: ")


def test_migrating_twice_is_fine(matcher: Command) -> None:
    assert matcher("migrate").output == matcher("migrate").output == "The database is up to date (SQLite).\n"


def test_run_loads_the_demo_into_an_empty_hub_and_once(matcher: Command, served: list[tuple]) -> None:
    assert "Loading the demo" in matcher("run", "--demo").output
    assert "Loading the demo" not in matcher("run", "--demo").output
    assert [config.demo for config, _ in served] == [True, True]
    assert [account["role"] for account in served[1][1]] == [account["role"] for account in demo.ACCOUNTS]


def test_run_never_loads_the_demo_into_a_hub_with_data_nor_treats_it_as_one(
    matcher: Command, served: list[tuple]
) -> None:
    create_administrator(matcher)
    answer = matcher("run", "--demo")
    assert "data of its own" in answer.output
    ((config, accounts),) = served
    assert (config.demo, accounts) == (False, ())
    assert not os.environ["MATCHER_DEMO"]
    store = matcher.store()
    assert store.query("select id from need") == []
    store.close()


def test_a_real_hub_is_run_without_demo_accounts(matcher: Command, served: list[tuple]) -> None:
    create_administrator(matcher)
    assert matcher("run").exit_code == 0
    assert served[0][1] == ()


def test_a_port_in_use_is_said_in_words(matcher: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(config: object, accounts: object) -> int:
        raise PortTaken("port 8123 is in use")

    monkeypatch.setattr(serving, "serve_all", taken)
    answer = matcher("run")
    assert (answer.exit_code, answer.output) == (1, "matcher: port 8123 is in use\n")


def test_the_demo_is_not_loaded_beside_data(matcher: Command) -> None:
    create_administrator(matcher)
    answer = matcher("demo")
    assert answer.exit_code == 1
    assert "only loaded into an empty one" in answer.output


def test_another_model_needs_no_unpacking(matcher: Command) -> None:
    answer = matcher("model", MATCHER_MODEL="/somewhere/else")
    assert answer.exit_code == 0
    assert "nothing to unpack" in answer.output


def test_the_background_says_why_it_cannot_begin(matcher: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from matcher import work
    from matcher.ranking.embedder import EmbedderTaken

    def taken(config: object) -> None:
        raise EmbedderTaken("Another process already serves embeddings. Stop it first.")

    monkeypatch.setattr(work, "run", taken)
    answer = matcher("work")
    assert answer.exit_code == 1
    assert answer.output == "matcher: Another process already serves embeddings. Stop it first.\n"


def test_ranking_an_unknown_need_says_where_its_id_stands(matcher: Command) -> None:
    answer = matcher("rank", "nothing")
    assert answer.exit_code == 1
    assert "there is no need 'nothing'" in answer.output


def test_a_decision_is_replayed(matcher: Command) -> None:
    matcher("migrate")
    store = matcher.store()
    case = Case(store)
    encoder = TinyEncoder()
    while indexing.catch_up(store, encoder):
        pass
    now = "2026-11-22T09:00:00.000000Z"
    taken = replay.taken(store, Ranker(store, encoder), case.need, "", now)
    stored, bare = case.propose(seen={"run": taken}), matcher("replay", "nothing")
    assert bare.exit_code == 1
    assert "there is no pairing 'nothing'" in bare.output
    answer = matcher("replay", stored)
    assert answer.exit_code == 0, answer.output
    assert answer.output.endswith("The same list.\n")
    assert case.startup["id"] in answer.output
    assert f"{case.startup['name']} ({case.startup['id']})" in answer.output, "a list of ids tells a reader nothing"
    found = json.loads(matcher("replay", stored, "--json").output)
    assert (found["same"], found["gone"]) == (True, [])
    store.execute("delete from embedding where subject_id = :id", {"id": case.startup["id"]})
    store.close()
    answer = matcher("replay", stored)
    assert answer.exit_code == 1
    assert f"gone: the text of startup {case.startup['id']}" in answer.output


def test_a_decision_without_its_ranking_says_so(matcher: Command) -> None:
    matcher("migrate")
    store = matcher.store()
    pairing_id = Case(store).propose()
    store.close()
    assert "no ranking was stored" in matcher("replay", pairing_id).output


def test_a_hub_is_copied_and_a_full_target_refused(matcher: Command, tmp_path: Path) -> None:
    create_administrator(matcher)
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    assert "person" in matcher("copy-database", matcher.env["DATABASE_URL"], target).output
    copy = open_store(target)
    assert len(copy.query("select id from person")) == 1
    create_person(copy)
    copy.close()
    answer = matcher("copy-database", matcher.env["DATABASE_URL"], target)
    assert answer.exit_code == 1
    assert answer.output.startswith("matcher: ")


def test_a_setting_that_cannot_be_is_no_crash_of_restore_and_evaluate(matcher: Command, tmp_path: Path) -> None:
    for words in (["restore", str(tmp_path / "x.db")], ["evaluate", str(tmp_path)]):
        answer = matcher(*words, PORT="abc")
        assert (answer.exit_code, answer.output.partition(" is ")[0]) == (1, "matcher: PORT"), words
    answer = matcher("restore", str(tmp_path / "x.db"), DATABASE_URL="mysql://x")
    assert (answer.exit_code, answer.output.startswith("matcher: a database is written")) == (1, True)


def test_a_copy_of_a_file_that_is_not_there_makes_none(matcher: Command, tmp_path: Path) -> None:
    gone = tmp_path / "gone.db"
    answer = matcher("copy-database", f"sqlite:///{gone}", f"sqlite:///{tmp_path / 'copy.db'}")
    assert (answer.exit_code, gone.exists()) == (1, False)
    assert "there is no database" in answer.output


def test_a_hub_is_backed_up_and_brought_back(matcher: Command, tmp_path: Path) -> None:
    create_administrator(matcher)
    assert "name a folder" in matcher("backup").output
    made = matcher("backup", str(tmp_path / "backups"))
    assert made.exit_code == 0, made.output
    [file] = (tmp_path / "backups").glob("*.db")
    assert str(file) in made.output
    assert "whole" in matcher("restore", str(file), "--check").output
    refused = matcher("restore", str(file))
    assert refused.exit_code == 1
    assert "move its database aside" in refused.output
    matcher.env["DATABASE_URL"] = f"sqlite:///{tmp_path / 'new.db'}"
    back = matcher("restore", str(file))
    assert back.exit_code == 0, back.output
    assert people.viewer(matcher.store(), passwords.authenticate(matcher.store(), "kim@example.org", PASSWORD))
    assert "not there" in matcher("restore", str(tmp_path / "none.db")).output


def test_the_doctor_leaves_with_status_one_when_something_is_wrong(matcher: Command) -> None:
    answer = matcher("doctor")
    assert answer.exit_code == 1
    assert "run `matcher migrate`" in answer.output


def test_the_doctor_speaks_json(matcher: Command) -> None:
    create_administrator(matcher)
    found = json.loads(matcher("doctor", "--json").output)
    assert {"name": "schema", "level": "fine", "text": "up to date"} in found


def test_verify_reads_the_whole_record(matcher: Command, tmp_path: Path) -> None:
    create_administrator(matcher)
    whole = matcher("verify")
    assert (whole.exit_code, "The record is whole" in whole.output) == (0, True)
    backup = Path(matcher("backup", str(tmp_path / "kept")).output.partition(":")[0])
    matcher.store().execute("drop trigger audit_stays")
    matcher.store().execute("delete from audit where n = 1")
    broken = matcher("verify", "--against", str(backup))
    assert (broken.exit_code, "rows before it are missing" in broken.output) == (1, True)
    assert "cannot be read" in matcher("verify", "--against", __file__).output


def test_a_new_key_verifies_what_the_old_one_signed_when_it_is_given(matcher: Command) -> None:
    create_administrator(matcher)
    old = Path(matcher.env["MATCHER_INSTANCE"], "secret_key").read_text()
    new = "0123456789abcdefghijklmnopqrstuvwxyz"
    assert "MATCHER_OLD_SECRET_KEYS" in matcher("verify", MATCHER_SECRET_KEY=new).output
    assert matcher("verify", MATCHER_SECRET_KEY=new, MATCHER_OLD_SECRET_KEYS=old).exit_code == 0


def test_half_a_copy_is_neither_served_nor_worked_on(matcher: Command, served: list[tuple]) -> None:
    assert matcher("migrate").exit_code == 0
    store = matcher.store()
    copy_mark.begin(store, "elsewhere", ["need"])
    for words in (
        ["run"],
        ["work"],
        ["migrate"],
        ["demo"],
        ["backup", str(Path(matcher.env["MATCHER_INSTANCE"]) / "b")],
    ):
        result = matcher(*words)
        assert result.exit_code == 1, words
        assert "run the same `matcher copy-database`" in result.output
    assert "was not finished" in matcher("doctor").output
    assert served == []
    copy_mark.end(store)
    assert matcher("migrate").exit_code == 0
    store.close()


def test_a_copy_that_was_broken_off_is_told_and_goes_on(matcher: Command, tmp_path: Path) -> None:
    assert matcher("demo").exit_code == 0
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    source, half = matcher.store(), open_store(target)
    with pytest.raises(InterruptedError):
        databases.copy_database(source, half, _broken_off)
    half.close()
    result = matcher("copy-database", matcher.env["DATABASE_URL"], target)
    assert result.exit_code == 0
    assert "goes on where it stopped" in result.output
    assert re.search(r"167 +startup$", result.output, re.MULTILINE)
    source.close()


def _broken_off(table: str, done: int, total: int) -> None:
    if table == "startup":
        raise InterruptedError


def test_who_is_erased_again_with_a_restored_backup_leaves_the_record_whole(matcher: Command, tmp_path: Path) -> None:
    create_administrator(matcher)
    create_administrator(matcher, "other@example.org")
    backup = matcher("backup", str(tmp_path / "kept")).output.partition(":")[0]
    assert matcher("erase-person", "other@example.org", "--yes").exit_code == 0
    fresh = f"sqlite:///{tmp_path / 'fresh.db'}"
    restored = matcher("restore", backup, DATABASE_URL=fresh)
    assert "Erased again" in restored.output
    found = matcher("verify", DATABASE_URL=fresh)
    assert (found.exit_code, "The record is whole" in found.output) == (0, True), found.output
