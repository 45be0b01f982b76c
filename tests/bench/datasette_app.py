"""Datasette on one SQLite file, run by the environment that the bench makes for it: uvicorn --workers 2."""

from __future__ import annotations

import os

from datasette.app import Datasette

app = Datasette([os.environ["BENCH_FILE"]]).app()
