"""The notebooks run from start to end, with the real model, on the demo hub's judgements."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


@pytest.mark.model
def test_ranking_quality_draws_its_figures(model_instance, monkeypatch):
    monkeypatch.setenv("MATCHER_INSTANCE", str(model_instance))
    monkeypatch.delenv("MATCHER_EVAL", raising=False)
    notebook = nbformat.read(NOTEBOOKS / "ranking_quality.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    printed = "".join(output.get("text", "") for output in outputs)
    assert len(pictures) == 2
    assert "demo" in printed
    assert "hybrid" in printed


def test_no_notebook_carries_outputs_of_one_machine():
    for path in NOTEBOOKS.glob("*.ipynb"):
        text = path.read_text(encoding="utf8")
        assert os.path.expanduser("~") not in text
        assert all(not cell.get("outputs") for cell in json.loads(text)["cells"])
