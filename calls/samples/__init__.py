"""The call an organization sends itself to see that everything works: invented words, spoken by a synthesiser.

Nobody is called and no person's voice is in it. The sound is mono, 8 kHz, G.711 µ-law, made by espeak-ng (voices
en-gb-x-rp+f3, fr-fr+f3, de+f3 at 165 words a minute) with 300 ms of silence after each sentence. It has an address
like every recording, below `.invalid` (RFC 2606: no name server ever answers for it), so that it is fetched, recognised
and sealed as any other; only its bytes come from this folder instead of the network.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent
HOST = "https://test-call.invalid/"
END_REASON = "test-call"
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """What is said, and when each sentence begins and ends (milliseconds)."""

    language: str
    turns: tuple[tuple[str, int, int], ...]
    duration_ms: int
    summary: str

    @property
    def address(self) -> str:
        """Where its recording claims to be."""
        return f"{HOST}{self.language}.wav"


SAMPLES = {
    sample.language: sample
    for sample in (
        Sample(
            "en",
            (
                ("This is a test call. Nobody was called, and nobody spoke.", 0, 4064),
                ("It came in as every call does, and it leaves when its time is over.", 4364, 8320),
            ),
            8620,
            "A test call. Nobody was called.",
        ),
        Sample(
            "fr",
            (
                ("Ceci est un appel d’essai. Personne n’a été appelé, personne n’a parlé.", 0, 4274),
                ("Il est arrivé comme tous les appels, et il part quand son temps est écoulé.", 4574, 8193),
            ),
            8493,
            "Un appel d’essai. Personne n’a été appelé.",
        ),
        Sample(
            "de",
            (
                ("Das ist ein Testanruf. Niemand wurde angerufen, niemand hat gesprochen.", 0, 4511),
                ("Er kam herein wie jeder Anruf, und er geht, wenn seine Zeit um ist.", 4811, 9328),
            ),
            9628,
            "Ein Testanruf. Niemand wurde angerufen.",
        ),
    )
}


def sample_for(language: str) -> Sample:
    """The sample in this language (BCP 47), or the English one."""
    return SAMPLES.get(language.partition("-")[0].lower(), SAMPLES["en"])


def at_address(url: str) -> Sample | None:
    """The sample that claims to be at `url`; None for every other address."""
    return next((sample for sample in SAMPLES.values() if sample.address == url), None)


class OpenedSample:
    """A sample's sound, used as a download is: a context manager whose `pieces()` are iterated once."""

    def __init__(self, sample: Sample) -> None:
        self._path = HERE / f"{sample.language}.wav"

    def __enter__(self) -> "OpenedSample":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def pieces(self) -> Iterator[bytes]:
        """The bytes, at most 64 KiB each."""
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
