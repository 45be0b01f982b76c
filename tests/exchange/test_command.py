"""`matcher import` on the command line: what it prints, what it changes, how it ends."""

import json

import pytest
from click.testing import CliRunner

from matcher.cli import main
from matcher.exchange import batches, command, errors, imports, working
from matcher.hub.people import SYSTEM
from matcher.store import open_store

CSV = "id;titel;beställare;orgnr;antal\n1;Snö;Lunds kommun;;4\n2;;Lunds kommun;;5\n3;Is;Malmö stad;212000-1133;6\n"


@pytest.fixture
def hub(tmp_path, monkeypatch, migrated_file):
    database = tmp_path / "hub.db"
    database.write_bytes(migrated_file.read_bytes())
    monkeypatch.setenv("MATCHER_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    store = open_store(f"sqlite:///{database}")
    yield store
    store.close()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "behov.csv"
    path.write_text(CSV, encoding="utf8")
    return path


def run(*given):
    return CliRunner().invoke(main, ["import", *map(str, given)])


def count(store, table="need"):
    return store.query(f"select count(*) as n from {table}")[0]["n"]


def test_the_last_line_counts_and_each_row_not_taken_has_a_line(hub, file):
    done = run("needs", file)
    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[-1] == "2 created, 0 updated, 0 unchanged, 1 refused"
    assert "line 3: : not taken: title: it is empty" in lines
    assert any(line.startswith("line 4: Is: taken, but: orgnr: '212000-1133'") for line in lines)
    assert count(hub) == 2


def test_what_was_recognised_and_what_not_is_said(hub, file):
    said = run("needs", file).stderr
    assert "4 rows" not in said
    assert "3 rows (encoding utf-8, delimiter ;), source 'behov'" in said
    assert "organisation ← beställare" in said
    assert "not used: antal" in said


def test_a_dry_run_says_the_same_and_changes_nothing(hub, file):
    tried = run("needs", file, "--dry-run")
    assert tried.stdout.splitlines()[-1] == "would be: 2 created, 0 updated, 0 unchanged, 1 refused"
    assert (count(hub), count(hub, "organisation"), count(hub, "import_batch"), count(hub, "audit")) == (0, 0, 0, 0)
    assert tried.stdout.replace("would be: ", "") == run("needs", file).stdout


def test_the_same_command_again_changes_nothing(hub, file):
    run("needs", file)
    assert run("needs", file).stdout.splitlines()[-1] == "0 created, 0 updated, 2 unchanged, 1 refused"


def test_columns_are_mapped_by_hand_again_and_again(hub, tmp_path):
    path = tmp_path / "upphandlingar.csv"
    path.write_text("Nr;Vad;Vem;Mer\n7;Snö;Lund;Halt\n", encoding="utf8")
    done = run(
        "needs", path, "--map", "id=Nr", "--map", "title=Vad", "--map", "organisation=Vem", "--map", "description=Mer"
    )
    assert done.stdout.splitlines()[-1] == "1 created, 0 updated, 0 unchanged, 0 refused"
    assert hub.query("select external_id, title, description from need") == [
        {"external_id": "7", "title": "Snö", "description": "Halt"}
    ]


def test_publish_and_source(hub, file):
    run("needs", file, "--publish", "--source", "kommunerna")
    assert all(row["published_at"] for row in hub.query("select published_at from need where source = 'kommunerna'"))
    assert run("needs", file).stdout.splitlines()[-1].startswith("2 created")


def test_rows_not_taken_are_written_to_a_file(hub, file, tmp_path):
    run("needs", file, "--refused", tmp_path / "rest.csv")
    assert (tmp_path / "rest.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "line;reason;id;titel;beställare;orgnr;antal",
        "3;title: it is empty;2;;Lunds kommun;;5",
    ]


def test_quiet_prints_the_last_line_only(hub, file):
    done = run("needs", file, "--quiet")
    assert done.output == "2 created, 0 updated, 0 unchanged, 1 refused\n"


@pytest.mark.parametrize(
    ("name", "content", "given", "said"),
    [
        ("borta.csv", None, [], "borta.csv cannot be opened: No such file"),
        ("tom.csv", "", [], "The file is empty"),
        ("half.json", '[{"titel": "S', [], "Line 1 is not JSON"),
        ("fel.csv", "a;b\n1;2\n", [], "No column holds the field “title”. The headings are: a, b"),
        ("fel.csv", "a;b\n1;2\n", ["--map", "titel=a"], "There is no field “titel”. The fields are: id,"),
        ("fel.csv", "a;b\n1;2\n", ["--map", "title=c"], "There is no heading “c”. The headings are: a, b"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_changes(hub, tmp_path, name, content, given, said):
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf8")
    done = run("needs", tmp_path / name, *given)
    assert done.exit_code == 1
    assert said in done.stderr
    assert count(hub, "import_batch") == 0


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(hub, tmp_path, monkeypatch):
    path = tmp_path / "behov.jsonl"
    path.write_text(
        "\n".join(json.dumps({"id": n, "titel": f"B{n}", "kommun": "Lund"}) for n in range(60)), encoding="utf8"
    )
    monkeypatch.setattr(working, "PORTION", 20)
    real, done = working.advance, []

    def advance(store, batch, position):
        if position == 60 and not done:
            done.append(position)
            raise KeyboardInterrupt
        real(store, batch, position)

    monkeypatch.setattr(working, "advance", advance)
    stopped = run("needs", path)
    assert stopped.exit_code != 0
    assert "stopped after 40 rows" in stopped.stderr
    assert imports.run_due(hub) == 0
    assert run("needs", path).stdout.splitlines()[-1] == "20 created, 0 updated, 40 unchanged, 0 refused"


def test_an_import_of_the_command_line_can_be_undone_in_the_browser(hub, file):
    run("needs", file)
    [batch] = batches.recent(hub)[0]
    assert (batch["state"], batch["filename"], batch["person"]) == ("finished", "behov.csv", None)
    batches.want(hub, SYSTEM, batch["id"], "undo", "2027-01-01T00:00:00.000000Z")
    imports.run_due(hub)
    assert count(hub) == 0


def test_every_code_of_a_row_comes_out_as_words():
    for code in errors.ROW_MESSAGES:
        given = dict.fromkeys(("line", "cells", "headings", "organisation", "detail"), "x")
        assert command.reason({"": (code, given)}) == errors.ROW_MESSAGES[code] % given
    assert command.reason({"a": ("new_code", {})}) == "a: new_code"
