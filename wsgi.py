"""What a WSGI server runs: `gunicorn wsgi:app`."""

from matcher import create_app
from matcher.commands import opening
from matcher.ranking import memory

memory.one_heap()
app = create_app()
opening.check(app.extensions["store"])
