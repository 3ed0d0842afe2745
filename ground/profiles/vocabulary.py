"""The closed lists a profile is written in. Every key is used with the same spelling everywhere."""

from enum import StrEnum


class Category(StrEnum):
    """The kinds of data that have a retention period."""

    RECORDING = "recording"
    TRANSCRIPT = "transcript"
    CALL_REPORT = "call_report"
    CALL_METADATA = "call_metadata"
    CONTACT = "contact"
    AGENT_ACTIVITY = "agent_activity"
    ACCESS_LOG = "access_log"
    PLATFORM_LOG = "platform_log"
    PROVIDER_EVENT = "provider_event"
    WEB_ANALYTICS = "web_analytics"
    ACCOUNT = "account"
    AGENT_CONFIGURATION = "agent_configuration"
    BILLING_RECORD = "billing_record"
    KYC_DOCUMENT = "kyc_document"
    DSAR_EVIDENCE = "dsar_evidence"
    DSAR_PACKAGE = "dsar_package"
    DSAR_REGISTER = "dsar_register"
    CONSENT_RECORD = "consent_record"
    SUPPORT_MESSAGE = "support_message"
    PROSPECT = "prospect"
    CANDIDATE = "candidate"
    SUPPLIER = "supplier"
    BACKUP = "backup"


class Clock(StrEnum):
    """The moment a period counts from."""

    CALL_END = "call_end"
    LAST_CONTACT = "last_contact"
    EVENT_TIME = "event_time"
    RECEIVED = "received"
    ACCOUNT_CLOSURE = "account_closure"
    INVOICE_DATE = "invoice_date"
    FINANCIAL_YEAR_END = "financial_year_end"
    CALENDAR_YEAR_END = "calendar_year_end"
    APPROVAL = "approval"
    DECISION = "decision"
    PACKAGE_READY = "package_ready"
    REQUEST_CLOSED = "request_closed"
    CONSENT_END = "consent_end"
    RELATION_END = "relation_end"
    BACKUP_TAKEN = "backup_taken"

    @property
    def words(self) -> str:
        """How people say it, to follow `90 days `."""
        return _CLOCK_WORDS[self]


_CLOCK_WORDS = {
    Clock.CALL_END: "after the call ended",
    Clock.LAST_CONTACT: "after the last contact",
    Clock.EVENT_TIME: "after it happened",
    Clock.RECEIVED: "after it was received",
    Clock.ACCOUNT_CLOSURE: "after the account is closed",
    Clock.INVOICE_DATE: "after the invoice date",
    Clock.FINANCIAL_YEAR_END: "after the end of the financial year",
    Clock.CALENDAR_YEAR_END: "after the end of the calendar year",
    Clock.APPROVAL: "after the phone provider approved it",
    Clock.DECISION: "after the decision",
    Clock.PACKAGE_READY: "after the package was made ready",
    Clock.REQUEST_CLOSED: "after the request was closed",
    Clock.CONSENT_END: "after the consent ended",
    Clock.RELATION_END: "after the relation ended",
    Clock.BACKUP_TAKEN: "after the backup was taken",
}


class ChangedBy(StrEnum):
    """Who may set a category's period, inside its bounds."""

    ORGANIZATION = "organization"
    OPERATOR = "operator"
    LAW = "law"

    @property
    def words(self) -> str:
        return _CHANGED_BY_WORDS[self]


_CHANGED_BY_WORDS = {
    ChangedBy.ORGANIZATION: "each organization can change it",
    ChangedBy.OPERATOR: "fixed by the operator",
    ChangedBy.LAW: "kept as long as the law requires",
}


class RegimeId(StrEnum):
    """The bodies of law whose clocks and rights the platform knows."""

    EU_GDPR = "EU-GDPR"
    FR = "FR"
    UK = "UK"
    US_CA = "US-CA"
    US_VA = "US-VA"
    US_CO = "US-CO"
    US_CT = "US-CT"
    US_TX = "US-TX"
    US_DE = "US-DE"
    US_NH = "US-NH"
    US_IN = "US-IN"
    US_KY = "US-KY"
    US_TN = "US-TN"
    US_NE = "US-NE"
    US_MT = "US-MT"
    US_MD = "US-MD"
    US_OR = "US-OR"
    US_NJ = "US-NJ"
    US_MN = "US-MN"
    US_IA = "US-IA"
    US_UT = "US-UT"
    US_FL = "US-FL"
    US_RI = "US-RI"
    US_NV = "US-NV"
    IN_SPDI = "IN-SPDI"
    IN_DPDP = "IN-DPDP"
    BR_LGPD = "BR-LGPD"
    CA_PIPEDA = "CA-PIPEDA"
    CA_QC = "CA-QC"


class Right(StrEnum):
    """What a data subject can ask for."""

    ACCESS = "access"
    KNOW_CATEGORIES = "know_categories"
    KNOW_SPECIFIC = "know_specific"
    RECTIFY = "rectify"
    ERASE = "erase"
    RESTRICT = "restrict"
    PORTABILITY = "portability"
    OBJECT = "object"
    OBJECT_MARKETING = "object_marketing"
    DO_NOT_CALL = "do_not_call"
    OPT_OUT_SALE = "opt_out_sale"
    LIMIT_SENSITIVE = "limit_sensitive"
    WITHDRAW_CONSENT = "withdraw_consent"
    HUMAN_REVIEW = "human_review"
    POST_MORTEM_DIRECTIVE = "post_mortem_directive"
    NOMINATE = "nominate"
    COMPLAINT = "complaint"
    GRIEVANCE = "grievance"
    LOG_LIMITATION = "log_limitation"
    AGGREGATE_OPT_OUT = "aggregate_opt_out"


class Refusal(StrEnum):
    """Why a request may be refused, wholly or in part."""

    UNFOUNDED = "unfounded"
    EXCESSIVE = "excessive"
    IDENTITY_UNPROVEN = "identity_unproven"
    NOT_IDENTIFIABLE = "not_identifiable"
    LEGAL_RETENTION = "legal_retention"
    LEGAL_CLAIMS = "legal_claims"
    EXPRESSION = "expression"
    PUBLIC_HEALTH = "public_health"
    ARCHIVING_RESEARCH = "archiving_research"
    THIRD_PARTY_RIGHTS = "third_party_rights"
    SECURITY_INTEGRITY = "security_integrity"
    TRADE_SECRET = "trade_secret"  # noqa: S105 - a ground for refusal, not a credential
    NOT_CONTROLLER = "not_controller"


class Channel(StrEnum):
    """How a change of the policy is announced."""

    WEBSITE = "website"
    EMAIL = "email"
    BANNER = "banner"
    IN_APP = "in_app"


class Publication(StrEnum):
    """How much of the list of sub-processors people can see."""

    CATEGORIES_IN_TEXT = "categories_in_text"
    CATEGORIES_ON_REQUEST = "categories_on_request"
    EXAMPLES_IN_TEXT = "examples_in_text"
    PUBLIC_LIST = "public_list"
    PUBLIC_TABLE = "public_table"


class MarketingBasis(StrEnum):
    """Why promotional messages may be sent."""

    CONSENT = "consent"
    CONSENT_WHERE_REQUIRED = "consent_where_required"
    LEGITIMATE_INTEREST = "legitimate_interest"


class TransferMechanism(StrEnum):
    """What makes a transfer to another country lawful."""

    ADEQUACY = "adequacy"
    DATA_PRIVACY_FRAMEWORK = "dpf"
    SCC_CONTROLLER_TO_CONTROLLER = "scc_m1"
    SCC_CONTROLLER_TO_PROCESSOR = "scc_m2"
    SCC_PROCESSOR_TO_PROCESSOR = "scc_m3"
    SCC_PROCESSOR_TO_CONTROLLER = "scc_m4"
    STANDARD_CLAUSES = "scc"
    BINDING_RULES = "bcr"
    UK_AGREEMENT = "idta"
    UK_ADDENDUM = "uk_addendum"
    DEROGATION = "derogation_49"
    INDIA_UNRESTRICTED = "dpdp_unrestricted"


class Concern(StrEnum):
    """What kind of gap or weakness a finding points at."""

    UNSTATED = "unstated"
    CONTRADICTION = "contradiction"
    WEAK = "weak"
    UNVERIFIED = "unverified"
