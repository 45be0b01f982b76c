"""Pages: testbeds."""

from flask import Blueprint

blueprint = Blueprint("testbeds", __name__)
