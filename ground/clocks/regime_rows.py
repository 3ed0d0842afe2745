"""The regime rows. Evidence: P primary text seen, S secondary source, M from memory (shown as unverified).

Names of authorities and figures are those known on `regimes.AS_OF`; what changes is a new row, never an edit of code.
"""

from datetime import date
from types import MappingProxyType
from typing import Final

from ground.clocks.exceptions import UnknownRegime
from ground.clocks.regimes import ClockKind, Phase, Regime
from ground.clocks.statutory import Evidence, PauseKind, PauseMode, Term, TermUnit
from ground.profiles import Refusal, RegimeId, Right

P, S, M = Evidence.PRIMARY, Evidence.SECONDARY, Evidence.MEMORY

_GDPR_RIGHTS: Final = (
    Right.ACCESS,
    Right.RECTIFY,
    Right.ERASE,
    Right.RESTRICT,
    Right.PORTABILITY,
    Right.OBJECT,
    Right.OBJECT_MARKETING,
    Right.WITHDRAW_CONSENT,
    Right.HUMAN_REVIEW,
)
_GDPR_REFUSALS: Final = (
    Refusal.UNFOUNDED,
    Refusal.EXCESSIVE,
    Refusal.IDENTITY_UNPROVEN,
    Refusal.NOT_IDENTIFIABLE,
    Refusal.LEGAL_RETENTION,
    Refusal.LEGAL_CLAIMS,
    Refusal.EXPRESSION,
    Refusal.PUBLIC_HEALTH,
    Refusal.ARCHIVING_RESEARCH,
    Refusal.THIRD_PARTY_RIGHTS,
)
_STATE_RIGHTS: Final = (Right.ACCESS, Right.RECTIFY, Right.ERASE, Right.PORTABILITY, Right.OPT_OUT_SALE)
_STATE_REFUSALS: Final = (Refusal.UNFOUNDED, Refusal.EXCESSIVE, Refusal.IDENTITY_UNPROVEN)


def _months(n: int, evidence: Evidence, source: str, *, rolls: bool = False) -> Term:
    return Term(n, TermUnit.MONTH, evidence, source, rolls=rolls)


def _days(n: int, evidence: Evidence, source: str, note: str = "", *, disputed: bool = False) -> Term:
    return Term(n, TermUnit.DAY, evidence, source, note, receipt_may_count=disputed)


def _business_days(n: int, evidence: Evidence, source: str, note: str = "") -> Term:
    return Term(n, TermUnit.BUSINESS_DAY, evidence, source, note)


_GDPR_TERMS: Final = {
    ClockKind.RESPOND: _months(1, P, "GDPR Art. 12(3)", rolls=True),
    ClockKind.EXTENSION: _months(2, P, "GDPR Art. 12(3)"),
    ClockKind.REFUSE: _months(1, S, "GDPR Art. 12(4)", rolls=True),
    ClockKind.BREACH_AUTHORITY: Term(72, TermUnit.HOUR, S, "GDPR Art. 33(1)"),
}
_EU_OPTIONAL_PAUSES: Final = {PauseKind.IDENTITY: PauseMode.EXCLUDE_DAYS}
_EU_NOTES: Final = (
    "No pause is stated; EDPB Guidelines 01/2022 §157 accept one for identity (unverified), off by default.",
    "A proposal of 96 hours for breaches is not in force.",
)

_EUROPE: Final = (
    Regime(
        RegimeId.EU_GDPR,
        "General Data Protection Regulation",
        "the supervisory authority of the person's residence, workplace or the infringement",
        _GDPR_RIGHTS,
        MappingProxyType(_GDPR_TERMS),
        refusals=_GDPR_REFUSALS,
        optional_pause_modes=_EU_OPTIONAL_PAUSES,
        fee="free; a reasonable fee or refusal if manifestly unfounded or excessive (Art. 12(5))",
        verification="only on reasonable doubt (Art. 12(6))",
        notes=_EU_NOTES,
    ),
    Regime(
        RegimeId.FR,
        "GDPR with the French Data Protection Act (loi 78-17)",
        "CNIL (Commission nationale de l'informatique et des libertés)",
        (*_GDPR_RIGHTS, Right.POST_MORTEM_DIRECTIVE),
        MappingProxyType({**_GDPR_TERMS, ClockKind.COOKIE_CHOICE: _months(6, S, "CNIL 2020-091 §39")}),
        calendar_code="FR",
        refusals=_GDPR_REFUSALS,
        optional_pause_modes=_EU_OPTIONAL_PAUSES,
        notes=_EU_NOTES,
    ),
    Regime(
        RegimeId.UK,
        "UK GDPR and Data Protection Act 2018",
        "Information Commissioner",
        (*_GDPR_RIGHTS, Right.COMPLAINT),
        MappingProxyType(
            {
                ClockKind.RESPOND: _months(1, P, "UK GDPR Art. 12A", rolls=True),
                ClockKind.EXTENSION: _months(2, P, "UK GDPR Art. 12A"),
                ClockKind.REFUSE: _months(1, S, "UK GDPR Art. 12(4)", rolls=True),
                ClockKind.COMPLAINT: _days(30, P, "DPA 2018 s. 164A", "acknowledge the complaint", disputed=True),
                ClockKind.BREACH_AUTHORITY: Term(72, TermUnit.HOUR, S, "UK GDPR Art. 33(1)"),
            }
        ),
        calendar_code="GB-EW",
        refusals=_GDPR_REFUSALS,
        pause_modes={
            PauseKind.IDENTITY: PauseMode.RESTART,
            PauseKind.FEE: PauseMode.RESTART,
            PauseKind.CLARIFICATION: PauseMode.EXCLUDE_DAYS,
        },
        phases=(
            Phase("data_use_and_access_act", date(2026, 2, 5), S),
            Phase("complaints", date(2026, 6, 19), S),
        ),
        notes=("Art. 12A was read through its Part 3 twin (s. 54) only.",),
    ),
)

_CALIFORNIA: Final = Regime(
    RegimeId.US_CA,
    "California Consumer Privacy Act",
    "California Privacy Protection Agency and Attorney General",
    (
        Right.KNOW_CATEGORIES,
        Right.KNOW_SPECIFIC,
        Right.ERASE,
        Right.RECTIFY,
        Right.OPT_OUT_SALE,
        Right.LIMIT_SENSITIVE,
        Right.PORTABILITY,
    ),
    MappingProxyType(
        {
            ClockKind.ACKNOWLEDGE: _business_days(
                10, P, "11 CCR §7021(a)", "holidays are not defined in the text seen"
            ),
            ClockKind.RESPOND: _days(45, P, "11 CCR §7021(b)", "begins on the day of receipt: disputed", disputed=True),
            ClockKind.EXTENSION: _days(45, P, "11 CCR §7021(b)"),
            ClockKind.OPT_OUT: _business_days(15, S, "11 CCR §7026(f), §7027(g)"),
            ClockKind.KEEP_REQUEST_LOG: _months(24, P, "11 CCR §7101"),
            ClockKind.ASK_AGAIN_AFTER: _months(12, S, "Cal. Civ. Code 1798.135(c)(4)"),
        }
    ),
    calendar_code="US",
    refusals=_STATE_REFUSALS,
    fee="free; no fee for verification",
    verification="account login, or two to three matching data points; none for opt-outs",
)


def _state(
    regime: RegimeId,
    name: str,
    *,
    respond: int = 45,
    extension: Term | None = None,
    appeal: Term | None = None,
    rights: tuple[Right, ...] = _STATE_RIGHTS,
    more: dict[ClockKind, Term] | None = None,
) -> Regime:
    """A US state of the common kind: 45 calendar days, 45 more with notice, an appeal, its Attorney General."""
    terms = {
        ClockKind.RESPOND: _days(respond, S, f"{name} privacy act"),
        ClockKind.EXTENSION: extension or _days(45, M, f"{name} privacy act"),
        **(more or {}),
    }
    if appeal is not None:
        terms[ClockKind.APPEAL] = appeal
    return Regime(
        regime,
        f"{name} consumer privacy law",
        f"{name} Attorney General",
        rights,
        MappingProxyType(terms),
        calendar_code="US",
        has_appeal=appeal is not None,
        refusals=_STATE_REFUSALS,
    )


def _appeal(n: int, evidence: Evidence = M) -> Term:
    return _days(n, evidence, "state law", "answer to the appeal")


_NO_CORRECTION: Final = (Right.ACCESS, Right.ERASE, Right.PORTABILITY, Right.OPT_OUT_SALE)
_STATES: Final = (
    _state(RegimeId.US_VA, "Virginia", extension=_days(45, S, "Va. Code §59.1-577(B)"), appeal=_appeal(60, S)),
    _state(
        RegimeId.US_CO,
        "Colorado",
        appeal=_appeal(45),
        more={
            ClockKind.APPEAL_EXTENSION: _appeal(60),
            ClockKind.KEEP_REQUEST_LOG: _months(24, M, "4 CCR 904-3 r. 6.11"),
        },
    ),
    _state(RegimeId.US_CT, "Connecticut", appeal=_appeal(60)),
    _state(RegimeId.US_TX, "Texas", appeal=_appeal(60)),
    _state(RegimeId.US_DE, "Delaware", appeal=_appeal(60)),
    _state(RegimeId.US_NH, "New Hampshire", appeal=_appeal(60)),
    _state(RegimeId.US_IN, "Indiana", appeal=_appeal(60)),
    _state(RegimeId.US_KY, "Kentucky", appeal=_appeal(60)),
    _state(RegimeId.US_TN, "Tennessee", appeal=_appeal(60)),
    _state(RegimeId.US_NE, "Nebraska", appeal=_appeal(60)),
    _state(RegimeId.US_MT, "Montana", appeal=_appeal(60)),
    _state(RegimeId.US_MD, "Maryland", appeal=_appeal(60)),
    _state(RegimeId.US_OR, "Oregon", appeal=_appeal(45)),
    _state(RegimeId.US_NJ, "New Jersey", appeal=_appeal(45)),
    _state(RegimeId.US_MN, "Minnesota", appeal=_appeal(45)),
    _state(RegimeId.US_IA, "Iowa", respond=90, appeal=_appeal(60), rights=_NO_CORRECTION),
    _state(RegimeId.US_UT, "Utah", rights=_NO_CORRECTION),
    _state(RegimeId.US_FL, "Florida", extension=_days(15, M, "Florida privacy act"), appeal=_appeal(60)),
    _state(
        RegimeId.US_RI,
        "Rhode Island",
        appeal=_appeal(45),
        more={ClockKind.OPT_OUT: _days(15, S, "Rhode Island privacy act", "consent revoked")},
    ),
    _state(
        RegimeId.US_NV,
        "Nevada",
        respond=60,
        extension=_days(30, S, "NRS 603A.345"),
        rights=(Right.OPT_OUT_SALE,),
    ),
)

_ELSEWHERE: Final = (
    Regime(
        RegimeId.IN_DPDP,
        "Digital Personal Data Protection Act 2023",
        "Data Protection Board of India",
        (Right.ACCESS, Right.RECTIFY, Right.ERASE, Right.GRIEVANCE, Right.NOMINATE, Right.WITHDRAW_CONSENT),
        MappingProxyType(
            {
                ClockKind.GRIEVANCE: _days(90, S, "DPDP Rules 2025", "the number of the rule is disputed"),
                ClockKind.BREACH_DETAIL: Term(72, TermUnit.HOUR, S, "DPDP Rules 2025", "to the Board"),
            }
        ),
        calendar_code="IN",
        phases=(
            Phase("board", date(2025, 11, 13), S, "rules 1, 2, 17-21; published on the 14th"),
            Phase("rule4_consent_managers", date(2026, 11, 13), S, "13 or 14 November"),
            Phase("rule3_notice", date(2027, 5, 13), S, "13 or 14 May: sources are split, the earlier day is kept"),
        ),
        notes=("Requests for rights: the period the company publishes (unverified).",),
    ),
    Regime(
        RegimeId.IN_SPDI,
        "IT Act s. 43A and SPDI Rules 2011",
        "MeitY and CERT-In",
        (Right.ACCESS, Right.RECTIFY, Right.GRIEVANCE),
        MappingProxyType(
            {
                ClockKind.GRIEVANCE: _months(1, M, "SPDI Rules 2011 r. 5(9)"),
                ClockKind.BREACH_AUTHORITY: Term(6, TermUnit.HOUR, M, "CERT-In Directions 2022"),
            }
        ),
        calendar_code="IN",
    ),
    Regime(
        RegimeId.BR_LGPD,
        "Lei Geral de Proteção de Dados",
        "ANPD",
        (Right.ACCESS, Right.RECTIFY, Right.ERASE, Right.PORTABILITY, Right.OBJECT, Right.WITHDRAW_CONSENT),
        MappingProxyType(
            {
                ClockKind.RESPOND: _days(15, P, "LGPD Art. 19 II"),
                ClockKind.BREACH_AUTHORITY: _business_days(3, S, "Res. CD/ANPD 15/2024"),
                ClockKind.BREACH_PEOPLE: _business_days(3, S, "Res. CD/ANPD 15/2024"),
                ClockKind.BREACH_SMALL_AGENT: _business_days(6, S, "Res. CD/ANPD 15/2024", "small agents: doubled"),
                ClockKind.BREACH_DETAIL: _business_days(20, S, "Res. CD/ANPD 15/2024"),
                ClockKind.KEEP_BREACH_LOG: _months(60, S, "Res. CD/ANPD 15/2024"),
            }
        ),
        calendar_code="BR",
        refusals=(Refusal.NOT_CONTROLLER, Refusal.LEGAL_RETENTION),
    ),
    Regime(
        RegimeId.CA_PIPEDA,
        "Personal Information Protection and Electronic Documents Act",
        "Office of the Privacy Commissioner of Canada",
        (Right.ACCESS, Right.RECTIFY, Right.COMPLAINT),
        MappingProxyType(
            {
                ClockKind.RESPOND: _days(30, P, "PIPEDA s. 8(3)"),
                ClockKind.EXTENSION: _days(30, P, "PIPEDA s. 8(4)"),
                ClockKind.KEEP_BREACH_LOG: _months(24, S, "PIPEDA breach regulations"),
            }
        ),
        calendar_code="CA",
    ),
    Regime(
        RegimeId.CA_QC,
        "Québec Law 25",
        "Commission d'accès à l'information",
        (Right.ACCESS, Right.RECTIFY, Right.PORTABILITY, Right.HUMAN_REVIEW),
        MappingProxyType(
            {
                ClockKind.RESPOND: _days(30, M, "Law 25 s. 32"),
                ClockKind.KEEP_BREACH_LOG: _months(60, S, "Québec breach regulation"),
            }
        ),
        calendar_code="CA-QC",
    ),
)

REGIMES: Final = MappingProxyType({row.id: row for row in (*_EUROPE, _CALIFORNIA, *_STATES, *_ELSEWHERE)})


def regime(regime_id: RegimeId | str) -> Regime:
    """The row of that regime. Raises UnknownRegime."""
    try:
        return REGIMES[RegimeId(regime_id)]
    except ValueError as problem:
        raise UnknownRegime(f"No regime is known as {regime_id!r}.") from problem
