"""Handing mail to a server. What to send and whether it was sent stands in the outbox (`matcher.hub.mail`)."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

TIMEOUT_SECONDS = 20  # to connect, for a word of log-in and for the good-bye
# For the whole of it. A server may look long at a letter before it says yes, and RFC 5321 asks for patience there:
# whoever hangs up sends it again, and the reader gets it twice. Well under `mail.LEASE_MINUTES`, when others may try.
MOST_SECONDS = 300


class _Limited(smtplib.SMTP):
    """A connection that ends after MOST_SECONDS, also when the server says a letter now and then to keep it open."""

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        self.limit = threading.Timer(MOST_SECONDS, self._cut)
        self.limit.daemon = True
        self.limit.start()
        try:
            return super().connect(*args, **kwargs)
        except BaseException:
            self.limit.cancel()
            raise

    def close(self) -> None:
        self.limit.cancel()
        super().close()

    def wait_for(self, seconds: float) -> None:
        """Set how long one answer is waited for."""
        if self.sock:
            self.sock.settimeout(seconds)

    def _cut(self) -> None:
        if self.sock:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


class _LimitedSsl(_Limited, smtplib.SMTP_SSL):
    """The same, encrypted from the start."""


def message(sender: str, recipient: str, subject: str, body: str, mail_id: str) -> EmailMessage:
    """Return a plain-text mail. The message id comes from the outbox row, so a second copy can be told apart."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, " ".join(subject.split())
    mail["Date"] = formatdate(localtime=False)
    domain = sender.rpartition("@")[2].rstrip(">") or "localhost"
    mail["Message-ID"] = f"<{mail_id}@{domain}>" if mail_id else make_msgid(domain=domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(body)
    return mail


def send(url: str, mail: EmailMessage) -> None:
    """Hand one mail to a server; raise OSError or SMTPException when it did not take it.

    `url` is `smtp://` (STARTTLS where the server offers it) or `smtps://`. A password only goes through encryption.
    """
    server = _connected(url)
    try:
        server.wait_for(MOST_SECONDS)
        server.send_message(mail)
    finally:
        server.wait_for(TIMEOUT_SECONDS)
        # A server that stumbles over the good-bye has taken the mail: saying it failed would send it twice.
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _connected(url: str) -> _Limited:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    secure = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: _Limited = _LimitedSsl(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=secure)
    else:
        server = _Limited(host, parts.port or 25, timeout=TIMEOUT_SECONDS)
    try:
        _log_in(server, parts, secure)
    except BaseException:
        server.close()
        raise
    return server


def _log_in(server: smtplib.SMTP, parts: SplitResult, secure: ssl.SSLContext) -> None:
    server.ehlo()
    if parts.scheme == "smtp" and server.has_extn("starttls"):
        server.starttls(context=secure)
        server.ehlo()
    elif parts.scheme == "smtp" and parts.password:
        raise smtplib.SMTPException("the server offers no encryption: the password was not sent")
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
