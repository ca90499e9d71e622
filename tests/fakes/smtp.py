"""A mail server that keeps what it receives, and refuses what it is told to.

Sources: RFC 5321 (SMTP), RFC 5322 section 3.6 (header fields), RFC 6531
(SMTPUTF8), RFC 4954 (AUTH).
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any, Final, Literal, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.fakes.local_server import LOCALHOST, bound_socket
from tests.fakes.serving import Recording, utc_now
from tests.servers import held_port

Stage = Literal["MAIL", "RCPT", "DATA"]

OK: Final = "250 2.0.0 OK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One accepted message, with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    authenticated_as: str | None
    at: datetime

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """The plain text part, decoded; empty without one."""
        part = self.message.get_body(("plain",))
        return part.get_content() if isinstance(part, EmailMessage) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that a rule or a scripted failure answered with 4xx or 5xx."""

    stage: Stage
    reply: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Failure:
    """What goes wrong with the next commands of one stage."""

    left: int | None
    stage: Stage
    reply: str | None  # None: the connection is cut
    processes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One clause: what makes the content of a mail unacceptable."""

    clause: str
    reply: str
    broken: Callable[[EmailMessage, bytes, bool], bool]  # message, header bytes, SMTPUTF8


RULES: Final = (
    Rule(
        clause="RFC 5322, 3.6: Date and From are required, once",
        reply="550 5.6.0 Date and From are required, once",
        broken=lambda mail, _head, _utf8: any(
            len(mail.get_all(name, [])) != 1 for name in ("Date", "From")
        ),
    ),
    Rule(
        clause="RFC 5322, 3.6: To, Subject and Message-ID appear at most once",
        reply="550 5.6.0 Repeated header field",
        broken=lambda mail, _head, _utf8: any(
            len(mail.get_all(name, [])) > 1
            for name in ("To", "Subject", "Message-ID", "In-Reply-To", "References", "List-Id")
        ),
    ),
    Rule(
        clause="RFC 6531, 3.6: header fields are ASCII unless SMTPUTF8 was asked for",
        reply="550 5.6.7 Non-ASCII header field without SMTPUTF8",
        broken=lambda _mail, head, utf8: not utf8 and not head.isascii(),
    ),
)


class SmtpFake(Recording):
    """A mail server at 127.0.0.1.

    users: name -> password; when given, mail is only taken after AUTH.
    mailboxes: addresses that exist; None takes every address.
    tls: offers STARTTLS with this context; `requires_tls` refuses mail without.
    implicit_tls: encrypts from the first byte with this context instead.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        mailboxes: frozenset[str] | None = None,
        tls: ssl.SSLContext | None = None,
        requires_tls: bool = False,
        implicit_tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(now=now)
        self.users = users
        self.mailboxes = mailboxes
        self._tls = tls
        self._requires_tls = requires_tls
        self._implicit_tls = implicit_tls
        self._mails: list[Mail] = []
        self._refused: list[Refused] = []
        self._failures: list[Failure] = []
        self._controller: _Controller | None = None
        self.host = LOCALHOST
        self.port = 0

    # Life

    def start(self, port: int = 0) -> Self:
        controller = _Controller(
            self,
            port=port,
            tls=self._tls,
            requires_tls=self._requires_tls,
            implicit_tls=self._implicit_tls,
        )
        controller.start()
        self._controller = controller
        self.port = controller.port
        return self

    def stop(self) -> None:
        """Stop; a second call does nothing."""
        controller, self._controller = self._controller, None
        if controller is not None:
            controller.stop()

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[Self]:
        """Serve within the block."""
        self.start(port)
        try:
            yield self
        finally:
            self.stop()

    @contextmanager
    def refusing_connections(self) -> Iterator[Self]:
        """Do not listen within the block, then listen at the same port again."""
        self.stop()
        with held_port(self.port):
            try:
                yield self
            finally:
                self.start(self.port)

    # Records and failures

    @property
    def mails(self) -> tuple[Mail, ...]:
        """Every accepted mail, in order."""
        with self.changed:
            return tuple(self._mails)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Every command answered with an error, in order."""
        with self.changed:
            return tuple(self._refused)

    def fail_next(
        self,
        times: int | None = 1,
        *,
        stage: Stage = "RCPT",
        reply: str | None = "451 4.3.0 Try again later",
        processes: bool = False,
    ) -> None:
        """Let the next commands of `stage` fail (None: all, until `heal`).

        reply None cuts the connection instead. `processes` keeps the mail
        before that (at DATA), so that only the sender does not learn of it.
        """
        with self.changed:
            self._failures.append(
                Failure(left=times, stage=stage, reply=reply, processes=processes)
            )

    def heal(self) -> None:
        """Forget the failures still to come."""
        with self.changed:
            self._failures.clear()

    # The hooks of aiosmtpd; N802: their names are its own

    async def handle_MAIL(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self.users is not None and not session.authenticated:
            return self._refuse("MAIL", "530 5.7.0 Authentication required")
        failed = self._fail("MAIL", server)
        if failed is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return failed or OK

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        failed = self._fail("RCPT", server)
        if failed is not None:
            return failed
        if self.mailboxes is not None and address not in self.mailboxes:
            return self._refuse("RCPT", "550 5.1.1 No such mailbox")
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return OK

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        failure = self._take_failure("DATA")
        if failure is not None and not failure.processes:
            return self._carry_out(failure, server)
        content = envelope.content
        if not isinstance(content, bytes):
            raise TypeError("aiosmtpd decodes the content only with decode_data")
        mail = message_from_bytes(content, EmailMessage, policy=SMTP_POLICY)
        head = content.partition(b"\r\n\r\n")[0]
        for rule in RULES:
            if rule.broken(mail, head, envelope.smtp_utf8):
                return self._refuse("DATA", rule.reply)
        self._keep(mail, session, envelope)
        return OK if failure is None else self._carry_out(failure, server)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        # With handled=True (the default) aiosmtpd leaves a refusal without an answer.
        refusal = AuthResult(success=False, handled=False)
        if self.users is None or not isinstance(given, LoginPassword):
            return refusal
        name = given.login.decode()
        if self.users.get(name) != given.password.decode():
            return refusal
        return AuthResult(success=True, auth_data=given)

    def _keep(self, mail: EmailMessage, session: Session, envelope: Envelope) -> None:
        given: Any = session.auth_data  # what `authenticate` put there
        with self.changed:
            self._mails.append(
                Mail(
                    sender=envelope.mail_from or "",
                    recipients=tuple(envelope.rcpt_tos),
                    message=mail,
                    authenticated_as=(
                        given.login.decode() if isinstance(given, LoginPassword) else None
                    ),
                    at=self.now(),
                )
            )
            self.changed.notify_all()

    def _take_failure(self, stage: Stage) -> Failure | None:
        with self.changed:
            for failure in self._failures:
                if failure.stage == stage and failure.left != 0:
                    if failure.left is not None:
                        failure.left -= 1
                    return failure
        return None

    def _fail(self, stage: Stage, server: SMTP) -> str | None:
        failure = self._take_failure(stage)
        return None if failure is None else self._carry_out(failure, server)

    def _carry_out(self, failure: Failure, server: SMTP) -> str:
        if failure.reply is None and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return self._refuse(failure.stage, failure.reply or "421 4.4.2 Connection cut")

    def _refuse(self, stage: Stage, reply: str) -> str:
        with self.changed:
            self._refused.append(Refused(stage=stage, reply=reply, at=self.now()))
            self.changed.notify_all()
        return reply


class _Controller(Controller):
    """aiosmtpd's thread on a socket that is bound first, so that port 0 works."""

    def __init__(
        self,
        fake: SmtpFake,
        *,
        port: int,
        tls: ssl.SSLContext | None,
        requires_tls: bool,
        implicit_tls: ssl.SSLContext | None,
    ) -> None:
        self._listener = bound_socket(port)
        super().__init__(
            fake,
            hostname=LOCALHOST,
            port=self._listener.getsockname()[1],
            server_hostname="mail.example",  # else aiosmtpd asks DNS for our own name
            ssl_context=implicit_tls,
            tls_context=tls,
            require_starttls=requires_tls,
            authenticator=fake.authenticate if fake.users is not None else None,
            auth_require_tls=tls is not None,
            auth_exclude_mechanism=() if fake.users is not None else ("LOGIN", "PLAIN"),
        )

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(
            self._factory_invoker, sock=self._listener, ssl=self.ssl_context
        )
