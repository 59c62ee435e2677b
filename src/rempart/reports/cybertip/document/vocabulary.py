"""The closed words of a CyberTipline report, exactly as they are sent.

Some of them are a partner's outdated terms; they stand only here, because the service refuses any other spelling.
"""

from __future__ import annotations

from enum import StrEnum


class IncidentType(StrEnum):
    """What kind of incident is reported."""

    IMAGES = "Child Pornography (possession, manufacture, and distribution)"
    TRAFFICKING = "Child Sex Trafficking"
    TOURISM = "Child Sex Tourism"
    MOLESTATION = "Child Sexual Molestation"
    DOMAIN = "Misleading Domain Name"
    WORDS = "Misleading Words or Digital Images on the Internet"
    ENTICEMENT = "Online Enticement of Children for Sexual Acts"
    UNSOLICITED = "Unsolicited Obscene Material Sent to a Child"


class BatchReason(StrEnum):
    """Why many reports are sent as one."""

    VIRAL_POTENTIAL_MEME = "VIRAL_POTENTIAL_MEME"


class ReportAnnotation(StrEnum):
    """What a report as a whole is about besides its type. The last three are not in every edition."""

    SEXTORTION = "sextortion"
    SOLICITATION = "csamSolicitation"
    MINOR_TO_MINOR = "minorToMinorInteraction"
    SPAM = "spam"
    SADISTIC_EXPLOITATION = "sadisticOnlineExploitation"
    INFORMATIONAL = "informational"
    AGGRAVATING_FACTORS = "potentialAggravatingFactors"
    INSTRUMENTAL_USE = "instrumentalUse"


class FileAnnotation(StrEnum):
    """What people say of one file."""

    DRAWN = "animeDrawingVirtualHentai"
    POTENTIAL_MEME = "potentialMeme"
    VIRAL = "viral"
    SELF_PRODUCED = "possibleSelfProduction"
    PHYSICAL_HARM = "physicalHarm"
    VIOLENCE = "violenceGore"
    BESTIALITY = "bestiality"
    LIVE_STREAMING = "liveStreaming"
    INFANT = "infant"
    GENERATIVE_AI = "generativeAi"


class Relevance(StrEnum):
    """Whether a file is what is reported, or tells more about it."""

    REPORTED = "Reported"
    SUPPLEMENTAL = "Supplemental Reported"


class Classification(StrEnum):
    """The industry's own classes, for those who signed its memorandum."""

    A1 = "A1"
    A2 = "A2"
    B1 = "B1"
    B2 = "B2"


class EventName(StrEnum):
    """What somebody did when an address or a device was seen."""

    LOGIN = "Login"
    REGISTRATION = "Registration"
    PURCHASE = "Purchase"
    UPLOAD = "Upload"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class EmailType(StrEnum):
    """What an e-mail address is for."""

    HOME = "Home"
    WORK = "Work"
    BUSINESS = "Business"
    RECOVERY = "Recovery"


class PhoneType(StrEnum):
    """What a telephone number is for."""

    MOBILE = "Mobile"
    HOME = "Home"
    BUSINESS = "Business"
    WORK = "Work"
    FAX = "Fax"
    INTERNET = "Internet"
    RECOVERY = "Recovery"


class AddressType(StrEnum):
    """What a postal address is for."""

    HOME = "Home"
    BUSINESS = "Business"
    BILLING = "Billing"
    SHIPPING = "Shipping"
    TECHNICAL = "Technical"


class AccountType(StrEnum):
    """How another account hangs together with the one that is reported."""

    BILLING = "Billing"
    LINKED = "Linked"
    BUSINESS = "Business"
    CREATOR = "Creator"
    GUARDIAN = "Parent/Guardian"
    OTHER = "Other"


class MetadataKind(StrEnum):
    """Where names and values about a file come from."""

    EXIF = "EXIF"
    HASH = "HASH"
