"""Files that are handed out: always as a download, never shown inside the hub's own pages."""

from __future__ import annotations

import io

from flask import Response, send_file


def download(content: bytes, name: str, media_type: str) -> Response:
    """Hand out a file under a name; whatever it holds, nothing in it runs as a page of ours.

    Asked for again each time, unless the view says otherwise: the year that style sheets are kept is not for it.
    """
    response = send_file(io.BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name, max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
