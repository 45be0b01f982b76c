"""A Flask page with nothing behind it: what the catalogue is held against."""

from __future__ import annotations

from flask import Flask, render_template

app = Flask(__name__)


@app.get("/")
def page() -> str:
    """Render a template of a heading and 25 lines."""
    return render_template("bare.html", title="Bare", rows=range(25))
