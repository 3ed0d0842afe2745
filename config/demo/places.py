"""The three organizations of the demo: where they are, what they speak, which agents they rent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.demo.scripts import Language
from config.demo.scripts.english import ENGLISH
from config.demo.scripts.french import FRENCH
from config.demo.scripts.german import GERMAN

DISCLOSURES = {
    "fr": "Bonjour, vous parlez à une assistante automatique. Cet appel est enregistré et détruit après son délai.",
    "de": "Guten Tag, Sie sprechen mit einem Sprachassistenten. Der Anruf wird aufgezeichnet und später vernichtet.",
    "en": "Hello, you are speaking with an automated assistant. This call is recorded and destroyed in time.",
}


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """One voice agent. `share`: of the organization's calls; `recorded`: of its recent calls that have a recording."""

    key: str
    name: str
    first_name: str
    provider: str
    share: float
    direction: str = "inbound"
    recording: bool = True
    recorded: float = 0.45
    retention_days: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """One organization. `numbers`: ranges kept free for fiction, `#` is any digit; `line`: its own number."""

    slug: str
    name: str
    country: str
    time_zone: str
    language: Language
    calls: int
    contacts: int
    line: str
    numbers: tuple[str, ...]
    agents: tuple[DemoAgent, ...]
    dialogues: tuple[str, ...]
    owner: tuple[str, str]
    others: tuple[tuple[str, str, str], ...]  # name, e-mail, role


LYON = Place(
    slug="delorme-optique",
    name="Delorme Optique",
    country="FR",
    time_zone="Europe/Paris",
    language=FRENCH,
    calls=480,
    contacts=70,
    line="+33199004400",
    numbers=("+3319900####", "+3363998####"),
    agents=(
        DemoAgent("camille", "Camille, accueil", "Camille", "generic", 0.68),
        DemoAgent("rappels", "Rappels et suivi", "Camille", "vapi", 0.32, direction="outbound", recording=False),
    ),
    dialogues=("fr-lunettes", "fr-rendez-vous", "fr-lentilles"),
    owner=("Inès Moreau", "owner@delorme.example"),
    others=(("Paul Lefèvre", "member@delorme.example", "member"),),
)
COLOGNE = Place(
    slug="klinik-sankt-aurelia",
    name="Klinik Sankt Aurelia",
    country="DE",
    time_zone="Europe/Berlin",
    language=GERMAN,
    calls=330,
    contacts=45,
    line="+492214710100",
    numbers=("+492214710###", "+493023125###", "+491713920###"),
    agents=(
        DemoAgent("lena", "Lena, Empfang", "Lena", "vapi", 0.7, recorded=0.3),
        DemoAgent(
            "nachsorge",
            "Nachsorge",
            "Lena",
            "generic",
            0.3,
            direction="outbound",
            recording=False,
            retention_days={"call_report": 120},
        ),
    ),
    dialogues=("de-rezept", "de-termin"),
    owner=("Katrin Bergmann", "owner@aurelia.example"),
    others=(
        ("Jörg Winter", "member@aurelia.example", "member"),
        ("Silke Adam", "auditor@aurelia.example", "auditor"),
    ),
)
LEEDS = Place(
    slug="ashby-and-daughters",
    name="Ashby & Daughters Plumbing",
    country="GB",
    time_zone="Europe/London",
    language=ENGLISH,
    calls=190,
    contacts=25,
    line="+441134960100",
    numbers=("+441134960###", "+447700900###"),
    agents=(
        DemoAgent("robin", "Robin, front desk", "Robin", "generic", 0.72),
        DemoAgent("night", "Night line", "Robin", "generic", 0.28, recorded=0.5, retention_days={"recording": 30}),
    ),
    dialogues=("en-leak", "en-boiler", "en-quote"),
    owner=("Ruth Ashby", "owner@ashby.example"),
    others=(("Tom Ashby", "member@ashby.example", "member"),),
)
PLACES = (LYON, COLOGNE, LEEDS)
