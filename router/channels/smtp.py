"""E-mail over SMTP."""

import hashlib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Final, Self

from router.channels.outcome import FailureReason, Outcome, Refused, Retry, Sent
from router.channels.rate import Rate
from router.channels.secret import SecretError, SecretUnavailableError, read_secret
from router.intake.mail_link import parse_keys, sign_link
from router.message.email import EMAIL_POLICY, render_email
from router.message.model import MessageContext
from router.settings import LINK_KEY, Settings, SmtpTls

TIMEOUT_SECONDS: Final = 8
RATE: Final = Rate(burst=60, every=timedelta(seconds=1), spared=15)


class Email:
    """Informs mailboxes. With a user, the password is the secret `smtp-password`."""

    closes_pages = False
    edits_notices = False
    has_threads = False
    rate = RATE
    settles_within = timedelta()

    def __init__(
        self,
        *,
        host: str | None,
        port: int,
        sender: str,
        tls: SmtpTls,
        user: str | None,
        secrets_dir: Path,
        external_url: str | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._tls = tls
        self._user = user
        self._secrets_dir = secrets_dir
        self._external_url = external_url

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Return the channel of this installation."""
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_from,
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            secrets_dir=settings.secrets_dir,
            external_url=settings.external_url,
        )

    def prepare(self) -> None:
        """Load aiosmtplib."""
        import aiosmtplib  # noqa: F401  # loading it is the purpose

    def secrets(self, address: str) -> tuple[str, ...]:
        """Return the name of the password, if the server wants one."""
        return () if self._user is None else ("smtp-password",)

    async def attempt(self, context: MessageContext) -> Outcome:
        """Hand one mail to the server; a retry has the same Message-ID, by which some join them."""
        if self._host is None:
            return Refused(reason=FailureReason.CREDENTIALS, detail="GUARDIA_SMTP_HOST is not set")
        try:
            password = None
            if self._user is not None:
                password = read_secret(self._secrets_dir, "smtp-password")
        except SecretError as error:
            return Refused(reason=FailureReason.CREDENTIALS, detail=str(error))
        except SecretUnavailableError as error:
            return Retry(reason=FailureReason.UNREACHABLE, detail=str(error))
        to = context.message.address.address
        return await self._send(self._compose(context), password, to=to)

    def _compose(self, context: MessageContext) -> EmailMessage:
        written = render_email(context, answer_url=self._answer_url(context))
        mail = EmailMessage(policy=EMAIL_POLICY)
        mail["From"] = self._sender
        mail["To"] = context.message.address.address
        mail["Subject"] = written.subject
        mail["Date"] = format_datetime(context.now)
        mail["Message-ID"] = message_id(context.message.dedup_key, self._sender)
        # One thread an incident. Its root is never sent: whichever mail a reader gets first,
        # all refer to the same (RFC 5322, 3.6.4, demands no more of an identifier).
        root = message_id(context.message.thread_key, self._sender)
        mail["In-Reply-To"] = root
        mail["References"] = root
        mail["List-Id"] = f"Guardia <guardia.{_domain(self._sender)}>"  # RFC 2919: for filters
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange (MS-OXCMAIL, 2.2.3.2.14)
        if context.message.kind.wakes:
            mail["Importance"] = "high"  # RFC 2156, 5.3.6
        mail.set_content(written.text)
        mail.add_alternative(written.html, subtype="html")
        return mail

    def _answer_url(self, context: MessageContext) -> str:
        """Return where the person answers whom this page is for; empty where nobody can.

        Only pages to people have one: what goes to a list of readers would let
        each of them act as another.
        """
        message = context.message
        if self._external_url is None or message.person is None or not message.kind.wakes:
            return ""
        try:
            keys = parse_keys(read_secret(self._secrets_dir, LINK_KEY))
        except (SecretError, SecretUnavailableError):
            return ""  # the page is worth more than its link
        if not keys:
            return ""
        token = sign_link(message.dedup_key, message.person, keys, now=context.now)
        return f"{self._external_url}/act/{token}"

    async def _send(self, mail: EmailMessage, password: str | None, *, to: str) -> Outcome:
        import aiosmtplib

        try:
            # As bytes: aiosmtplib would write the mail under a policy of its own, whose
            # folding breaks words of a subject with letters such as `ó`.
            await aiosmtplib.send(
                mail.as_bytes(policy=EMAIL_POLICY),
                sender=parseaddr(self._sender)[1],
                recipients=[to],
                hostname=self._host,
                port=self._port,
                # Never by chance: with None, aiosmtplib sends in the clear where a server
                # (or somebody between) does not offer STARTTLS.
                start_tls=self._tls is SmtpTls.STARTTLS,
                use_tls=self._tls is SmtpTls.IMPLICIT,
                username=self._user,
                password=password,
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            return _answered(error.code, error.message, FailureReason.CREDENTIALS)
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]  # there is only one
            return _answered(first.code, first.message, FailureReason.ADDRESS)
        except aiosmtplib.SMTPResponseException as error:
            return _answered(error.code, error.message, FailureReason.CONTENT)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            detail = f"no answer from the mail server: {type(error).__name__}: {error}"
            return Retry(reason=FailureReason.UNREACHABLE, detail=detail[:300])
        return Sent()


def message_id(dedup_key: str, sender: str) -> str:
    """Return the Message-ID of a message: the same for every attempt, and no text from outside."""
    return f"<{hashlib.sha256(dedup_key.encode()).hexdigest()[:32]}@{_domain(sender)}>"


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "guardia.invalid"


def _answered(code: int, text: str, reason: FailureReason) -> Outcome:
    """Return what an error reply means: 4yz may pass later, 5yz will not (RFC 5321, 4.2.1)."""
    detail = f"the mail server answered {code}: {text}"[:300]
    if 500 <= code < 600:
        return Refused(reason=reason, detail=detail)
    return Retry(reason=FailureReason.PROVIDER_ERROR, detail=detail)
