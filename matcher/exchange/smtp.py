"""Handing mail to a server. What to send and whether it was sent stands in the outbox (`matcher.hub.mail`)."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

TIMEOUT_SECONDS = 20


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
        server.send_message(mail)
    finally:
        # A server that stumbles over the good-bye has taken the mail: saying it failed would send it twice.
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _connected(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    secure = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=secure)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_SECONDS)
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
