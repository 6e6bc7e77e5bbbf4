"""Letters over SMTP. Synchronous; the adapter runs it in a thread. What may have been sent is told from what was not."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage

from services.gateway.adapters.email.settings import Sending

SECONDS = 30.0


class NotSent(Exception):
    """It did not leave. `again`: trying later may help."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.reason, self.again = reason, again


class PerhapsSent(Exception):
    """The connection broke after the letter was handed over and before it was acknowledged."""


def send(settings: Sending, letter: EmailMessage, sender: str, to: str) -> None:
    """Hand a letter over, once. Raises NotSent, PerhapsSent."""
    with _connected(settings) as server:
        for code, said in (server.mail(sender), server.rcpt(to)):
            if code not in (250, 251):
                raise NotSent(f"{code} {said.decode('utf-8', 'replace')}"[:200], again=400 <= code < 500)
        try:
            code, said = server.data(letter.as_bytes())
        except smtplib.SMTPDataError as error:
            raise NotSent(f"{error.smtp_code}", again=400 <= error.smtp_code < 500) from error
        except (OSError, smtplib.SMTPException) as error:
            raise PerhapsSent from error
        if code != 250:
            raise NotSent(f"{code} {said.decode('utf-8', 'replace')}"[:200], again=400 <= code < 500)


@contextlib.contextmanager
def _connected(settings: Sending) -> Iterator[smtplib.SMTP]:
    try:
        if settings.security == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=SECONDS)
            if settings.security == "starttls":
                server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if settings.user is not None:
            server.login(settings.user, settings.password)
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent("not signed in", again=False) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(type(error).__name__, again=True) from error
    try:
        yield server
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(type(error).__name__, again=True) from error
    finally:
        server.close()
