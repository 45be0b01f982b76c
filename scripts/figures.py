"""Run every notebook in full and write its pictures to docs/images, as the pages of docs show them: `make figures`.

Names after it choose some: `python scripts/figures.py speed`.
Sets beside the demo's judgements are named by MATCHER_EVAL, hubs beside the demo by MATCHER_HUBS; see the notebooks.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
SECONDS = 6 * 3600  # embedding a large set on a small machine takes hours, once; after that it is kept


def draw(path: Path) -> None:
    """Run one notebook; write its pictures, and what it prints to the terminal."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    sys.stdout.write("".join(output.get("text", "") for output in outputs))
    pictures = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    for number, picture in enumerate(pictures, 1):
        target = ROOT / "docs" / "images" / f"{path.stem}-{number}.png"
        target.write_bytes(base64.b64decode(picture))
        print(f"→ {target.relative_to(ROOT)}")


if __name__ == "__main__":
    chosen = sys.argv[1:]
    for notebook_path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if chosen and notebook_path.stem not in chosen:
            continue
        print(f"{notebook_path.name}")
        draw(notebook_path)
