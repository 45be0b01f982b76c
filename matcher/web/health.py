"""Pages: health."""

from flask import Blueprint

blueprint = Blueprint("health", __name__)
