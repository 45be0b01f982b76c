"""Pages: imports."""

from flask import Blueprint

blueprint = Blueprint("imports", __name__)
