"""The notebooks run from start to end, with the real model, on the demo hub's judgements."""

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from matcher.hub.reference import DATA
from matcher.ranking import evaluation, shipped
from matcher.ranking.encoder import TinyEncoder
from matcher.store import open_store
from tests.ranking import hub

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def run(name: str) -> tuple[int, str]:
    """Run a notebook; return how many pictures it draws and what it prints."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    return len(pictures), "".join(output.get("text", "") for output in outputs)


@pytest.fixture
def judged(model_instance, reader):
    """The vectors of the judged texts lie where any run of a notebook but the first finds them."""
    background = shipped.load_background(model_instance, reader)
    evaluation.scored(DATA / "demo" / "judgements", reader, model_instance / "evaluation", background)


@pytest.mark.model
@pytest.mark.usefixtures("judged")
def test_ranking_quality_draws_its_figures(model_instance, monkeypatch):
    monkeypatch.setenv("MATCHER_INSTANCE", str(model_instance))
    monkeypatch.delenv("MATCHER_EVAL", raising=False)
    pictures, printed = run("ranking_quality.ipynb")
    assert pictures == 3
    assert "demo            sentences" in printed
    assert "hybrid" in printed


@pytest.mark.model
@pytest.mark.usefixtures("judged")
def test_hubness_draws_its_figures_also_of_a_hub(model_instance, tmp_path, migrated_file, monkeypatch):
    (tmp_path / "hub.db").write_bytes(migrated_file.read_bytes())
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}")
    for number in range(4):
        hub.create_need(store, f"behov nummer {number}")
        hub.create_startup(store, f"bolag nummer {number}")
    hub.embed(store, TinyEncoder())
    store.close()
    monkeypatch.setenv("MATCHER_INSTANCE", str(model_instance))
    monkeypatch.setenv("MATCHER_HUBS", f"sqlite:///{tmp_path / 'hub.db'}")
    monkeypatch.delenv("MATCHER_EVAL", raising=False)
    pictures, printed = run("hubness.ipynb")
    assert pictures == 2
    skewness = {line.split()[1]: float(line.split()[4]) for line in printed.splitlines() if line.startswith("demo")}
    assert skewness["hybrid"] < skewness["dense"] / 3
    assert re.search(r"^hub 1 +hybrid +1\.00 ", printed, re.MULTILINE)


@pytest.mark.model
@pytest.mark.usefixtures("judged")
def test_calibration_draws_its_figures(model_instance, monkeypatch):
    monkeypatch.setenv("MATCHER_INSTANCE", str(model_instance))
    monkeypatch.setenv("MATCHER_REPEATS", "1")
    monkeypatch.delenv("MATCHER_EVAL", raising=False)
    pictures, printed = run("calibration.ipynb")
    assert pictures == 3
    steady = re.search(r"^steady +1000 +(\S+) +(\S+) +(\S+)", printed, re.MULTILINE)
    brier, least, mean = map(float, steady.groups())
    assert brier < least + 0.02 < mean
    demo = re.search(r"^demo +\d+ +\d+ +(\S+) +(\S+)", printed, re.MULTILINE)
    assert float(demo[1]) < 0.7 * float(demo[2])  # far better than saying the mean of the judgements every time


@pytest.mark.model
def test_speed_draws_its_figures_of_a_small_slice(model_instance, monkeypatch):
    monkeypatch.setenv("MATCHER_INSTANCE", str(model_instance))
    monkeypatch.setenv("MATCHER_SPEED_SIZES", "200 1000")
    monkeypatch.setenv("MATCHER_SPEED_ROUNDS", "1")
    monkeypatch.setenv("MATCHER_BENCH_ROWS", "10")
    pictures, printed = run("speed.ipynb")
    assert pictures == 2
    sizes = re.findall(r"^ *([\d,]+)  exact top 10 \S+  reading the bytes once \S+ .* all that a worker", printed, re.M)
    assert sizes == ["200", "1,000"]


def test_no_notebook_carries_outputs_of_one_machine():
    for path in NOTEBOOKS.glob("*.ipynb"):
        text = path.read_text(encoding="utf8")
        assert os.path.expanduser("~") not in text
        assert all(not cell.get("outputs") for cell in json.loads(text)["cells"])
