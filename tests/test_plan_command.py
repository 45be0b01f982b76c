"""`matcher plan`: the plan of a whole round on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from matcher import cli
from matcher.commands import planning
from matcher.hub import people, rounds
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store, open_store
from matcher.store.schema import migrate
from tests import factories


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[CliRunner, dict[str, str], Store]:
    """A hub with two needs, three startups and a testbed of one place; the tiny encoder stands in for the model."""
    env = {"MATCHER_INSTANCE": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'hub.db'}"}
    monkeypatch.setattr(planning, "load_encoder", lambda *_given: TinyEncoder())
    store = open_store(env["DATABASE_URL"])
    migrate(store)
    return CliRunner(), env, store


def fill(store: Store) -> None:
    for at in range(2):
        factories.create_need(store, published=True, title=f"Behov {at}", wanted_by=None)
    for at in range(3):
        factories.create_startup(store, published=True, name=f"Bolag {at}")
    factories.create_testbed(store, published=True, name="Bädden", places=1)
    while indexing.catch_up(store, TinyEncoder()):
        pass


def run(hub: tuple[CliRunner, dict[str, str], Store], *words: str) -> Result:
    runner, env, _ = hub
    return runner.invoke(cli.main, ["plan", *words], env=env)


def test_a_plan_is_made_without_keeping_anything(hub):
    fill(hub[2])
    answer = run(hub, "--least", "0", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)
    assert found["round"] is None
    assert set(found["figures"]) == {"plan", "greedy", "in_turn"}
    assert all(row["testbed"] == "Bädden" for row in found["rows"])
    assert hub[2].query("select * from round") == []


def test_text_says_what_was_chosen_why_not_and_what_it_gains(hub):
    fill(hub[2])
    answer = run(hub, "--least", "3")
    assert answer.exit_code == 0, answer.output
    assert "No startup reaches a score of 3.00." in answer.output
    assert "best pair first" in answer.output


def test_a_kept_round_is_planned_again_with_its_locks(hub):
    store = hub[2]
    fill(store)
    answer = run(hub, "--least", "0", "--no-places", "--save", "Vår")
    assert answer.exit_code == 0, answer.output
    [row] = store.query("select id, name from round")
    assert row["name"] == "Vår"
    assert f"/plans/{row['id']}" in answer.output
    kept = json.loads(run(hub, "--round", row["id"], "--json").output)
    for one in kept["rows"]:
        rounds.add_rule(store, people.SYSTEM, row["id"], one["need_id"], one["startup_id"], "forbid", factories.NOW)
    again = json.loads(run(hub, "--round", row["id"], "--json").output)
    pairs = [{(one["need_id"], one["startup_id"]) for one in found["rows"]} for found in (kept, again)]
    assert not pairs[0] & pairs[1]


def test_what_is_not_there_is_said(hub):
    answer = run(hub)
    assert answer.exit_code == 1
    assert "there is nothing to plan" in answer.output
    answer = run(hub, "--round", "nothing")
    assert answer.exit_code == 1
    assert "there is no round 'nothing'" in answer.output


def test_a_plan_of_texts_that_were_not_read_says_so(hub):
    fill(hub[2])
    assert "had not been read" not in run(hub, "--least", "0").output
    indexing.keep_words(hub[2], "startup", factories.create_startup(hub[2], published=True, name="Nytt bolag"))
    assert "1 text(s) had not been read: words alone ranked them" in run(hub, "--least", "0").output
