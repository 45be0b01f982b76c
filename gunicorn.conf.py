"""How gunicorn serves the hub: `gunicorn wsgi:app` reads this file by its name.

Two workers of four threads were the best of what was tried on two cores; WEB_CONCURRENCY and MATCHER_THREADS
say otherwise. The workers hold no model: `matcher work` does.
"""

import os

from gunicorn.glogging import Logger


class NoVisits(Logger):
    """Writes no line for a visit, and does not put one together either, which costs each request a twentieth."""

    def access(self, *_: object) -> None:
        """See gunicorn.glogging.Logger."""


logger_class = NoVisits
bind = os.environ.get("MATCHER_BIND", f"127.0.0.1:{os.environ.get('PORT') or 8000}")
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = int(os.environ.get("MATCHER_THREADS") or 4)
worker_class = "gthread"
preload_app = True
timeout = 60
graceful_timeout = 10
keepalive = 5
control_socket_disable = True  # nothing asks there, and it would lie in the home of the user
max_requests = 0
limit_request_line = 8190
accesslog = None
errorlog = "-"
loglevel = os.environ.get("MATCHER_LOG_LEVEL", "warning")
# Ids only (matcher/logs.py): gunicorn itself would name the address of a request that failed, with what it asked for.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "matcher.logs.Line"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {"gunicorn.error": {"level": loglevel.upper(), "handlers": ["stderr"], "propagate": False}},
}
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 — heartbeat files only
# One BLAS thread a request: the threads of the workers already share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
