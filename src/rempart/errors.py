"""The one tree of errors.

Four reasons are told apart, because each asks for something else of the reader: *refused* (change the
input), *tampered* (distrust the file), *incomplete* (something is missing, fetch or finish it) and
*unavailable* (try again, or free the resource). Every class carries its docstring's first line as default message.
"""

import errno
from collections.abc import Sequence

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when there is no room left, or no more is allowed: StorageFullError."""


class RempartError(Exception):
    """Something in Rempart could not be done."""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        doc = (type(self).__doc__ or RempartError.__doc__ or "").strip().splitlines()[0]
        self.message = message or doc
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class RefusedError(RempartError):
    """The input was refused; change it as the message says."""


class TamperedError(RempartError):
    """The data does not agree with its own checksums; do not rely on it."""


class IncompleteError(RempartError):
    """Something that is needed is missing or was cut short."""


class UnavailableError(RempartError):
    """A resource could not be used now; nothing was lost, try again."""


class NotFoundError(RefusedError):
    """There is nothing of that name here."""


class FilingRefusedError(RefusedError):
    """The transparency database takes nothing from this deployment; look at the token and the address."""


class ConflictError(RefusedError):
    """It was done already, or has changed meanwhile; look at it again."""


class BudgetReachedError(RefusedError):
    """Today's budget for looking at pictures is used up."""


class LookOverError(RefusedError):
    """This look is over."""


class InvalidSignalError(RefusedError):
    """This is not a signal in any form that is known here."""


class UnreadableImageError(RefusedError):
    """The bytes are a picture format, but could not be decoded."""


class NotMediaError(RefusedError):
    """The bytes are no picture format that is known here."""


class TooLargeError(RefusedError):
    """The picture is over a limit of bytes, pixels or memory."""


class NotStampableError(RefusedError):
    """The picture is of a kind that is not stamped."""


class CertificateError(RefusedError):
    """The certificate does not sign credentials that would be trusted."""


class ListFormatError(RefusedError):
    """The file is not a hash list in the format that was expected."""


class SchemeUnknownError(RefusedError):
    """The category scheme could not be told; name it."""


class PolicyError(RefusedError):
    """The policy cannot be read; mend the lines that are named.

    `problems` holds every mistake as (line, what is wrong), by line; `line` is the first one's.
    """

    def __init__(self, problems: Sequence[tuple[int, str]] = ()) -> None:
        self.problems = tuple(problems)
        self.line = self.problems[0][0] if self.problems else None
        super().__init__("\n".join(f"Line {line}: {text}" for line, text in self.problems))


class WorkSettingsError(RefusedError):
    """The team's settings cannot be read; mend what is named.

    `problems` holds every mistake with its place in the document.
    """

    def __init__(self, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class CorruptFileError(TamperedError):
    """The file is damaged or was altered."""


class ForeignFileError(RefusedError):
    """The file was not written by Rempart, or by a version that is not known here."""


class NotSignedInError(RefusedError):
    """Who is asking is not known; sign in, or send a key that is valid."""


class NotPermittedError(RefusedError):
    """Who is asking is known, and may not do this."""


class ProofNeededError(NotPermittedError):
    """This needs a fresh proof of who you are; sign in again."""


class TooManyRequestsError(UnavailableError):
    """Too many requests; wait, then try again."""

    def __init__(self, message: str = "", *, hint: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class StorageFullError(UnavailableError):
    """The disk is full, or a file could not be written."""


class StoreUnavailableError(UnavailableError):
    """The database could not be used now."""


class LeaseLostError(UnavailableError):
    """This process stood still for too long and another took its work over; nothing was written."""


class SettingsError(RefusedError):
    """A setting is wrong or unknown."""


class MailUnavailableError(UnavailableError):
    """The mail server could not be used now; the mail waits and is tried again."""


class BlobStoreUnavailableError(UnavailableError):
    """The place where sealed bytes lie did not answer; nothing was lost, try again."""


class BlobMissingError(IncompleteError):
    """Sealed bytes that should be there are not; take them from a backup."""


class ServiceKeyMissingError(IncompleteError):
    """The service key that this was sealed under is not in the keyring; bring it back."""


class TiplineUnavailableError(UnavailableError):
    """The CyberTipline gave no whole answer; it is tried again.

    `arrived` says whether what was sent may have reached it.
    """

    def __init__(self, message: str = "", *, hint: str = "", arrived: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.arrived = arrived


class KeyServiceUnavailableError(UnavailableError):
    """The command that guards the service key failed or took too long."""


class SigningUnavailableError(UnavailableError):
    """Nothing signs now: the command or the time-stamping authority gave no answer."""


class ObjectDestroyedError(RefusedError):
    """This object was destroyed; nothing can bring it back."""


class LegalHoldError(RefusedError):
    """A legal hold stands on this object; release it first."""


class BackupFormatError(RefusedError):
    """This is not a backup of Rempart, or of a version that is not known here."""


class RestorePendingError(RefusedError):
    """A restore is not finished: later destructions must be repeated before anything is served."""


class TimestampUnavailableError(UnavailableError):
    """The time-stamping authority could not be asked now; a later checkpoint is stamped."""


class LedgerChangedError(TamperedError):
    """Something in the ledger is not what was signed."""


class LedgerRemovedError(TamperedError):
    """Something that was in the ledger when it was signed was taken out."""


class LedgerReorderedError(TamperedError):
    """The ledger's leaves do not stand in the order that was signed."""


class LedgerForkedError(TamperedError):
    """Two signed histories of the same ledger contradict each other."""


class LedgerIncompleteError(IncompleteError):
    """The ledger ends before the place up to which it was signed."""


class LedgerKeyError(RefusedError):
    """None of the given keys signed this checkpoint."""


class ServerUnreachableError(UnavailableError):
    """Rempart could not be reached, or could not answer now."""


class ServerAnswerError(ServerUnreachableError):
    """The server's answer cannot be understood; it may be of another version, or no Rempart at all."""


class RequestRefusedError(RefusedError):
    """The server refused the request; change it as the message says.

    `status` is the HTTP status.
    """

    def __init__(self, message: str = "", *, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class WebhookRefusedError(RefusedError):
    """The message is not from your Rempart, or not of now; do nothing and answer with 400."""
