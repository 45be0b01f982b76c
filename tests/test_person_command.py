"""`matcher export-person` and `matcher erase-person`, and a restore that says whom it erased again."""

from __future__ import annotations

import json
from pathlib import Path

from tests.factories import create_person
from tests.test_cli import Command, create_administrator, matcher  # noqa: F401 — a fixture


def test_a_person_is_written_to_a_new_file_that_only_the_operator_reads(matcher: Command, tmp_path: Path) -> None:  # noqa: F811
    create_administrator(matcher)
    file = tmp_path / "kim.json"
    answer = matcher("export-person", "Kim@example.org", str(file))
    assert answer.exit_code == 0, answer.output
    assert json.loads(file.read_text())["person"]["email"] == "kim@example.org"
    assert file.stat().st_mode & 0o077 == 0
    assert "nothing is written over" in matcher("export-person", "kim@example.org", str(file)).output
    assert "nobody has an account" in matcher("export-person", "no@example.org", str(tmp_path / "x.json")).output


def test_a_person_is_erased_and_stays_so_after_an_older_backup_is_restored(matcher: Command, tmp_path: Path) -> None:  # noqa: F811
    create_administrator(matcher)
    last = matcher("erase-person", "kim@example.org", "--yes")
    assert last.exit_code == 1
    assert "last administrator" in last.output
    lee = create_person(matcher.store(), "owner", name="Lee Lund", email="lee@example.org")
    assert matcher("backup", str(tmp_path / "backups")).exit_code == 0
    assert matcher("erase-person", "lee@example.org").exit_code == 1, "nobody said yes"
    done = matcher("erase-person", "lee@example.org", "--yes")
    assert done.exit_code == 0, done.output
    assert "organisation that nobody acts for then" in done.output
    [file] = (tmp_path / "backups").glob("*.db")
    matcher.env["DATABASE_URL"] = f"sqlite:///{tmp_path / 'new.db'}"
    back = matcher("restore", str(file))
    assert back.exit_code == 0, back.output
    assert f"Erased again, as it was after this backup: 1 ({lee.person_id})." in back.output
    held = matcher.store().query("select name, email from person where id = :id", {"id": lee.person_id})[0]
    assert "lee" not in f"{held['name']} {held['email'].replace(lee.person_id, '')}".lower()
