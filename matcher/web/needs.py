"""Pages: needs."""

from flask import Blueprint

blueprint = Blueprint("needs", __name__)
