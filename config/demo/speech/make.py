"""How the speech files were made: `python make.py` beside this file, on a machine with espeak-ng and sox.

Users never run this; the WAV files are part of the repository. Every word is invented and spoken by a synthesiser:
no person's voice is in them. Mono, 8 kHz, G.711 µ-law, which browsers play and the waveform reader understands.
`dialogues.json` says who speaks when; the transcripts of demo calls are taken from it.
"""

import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

HERE = Path(__file__).parent
RATE, PAUSE_MS = 8000, 260
VOICES = {  # language -> (the agent's voice, the caller's voice)
    "fr": ("fr-fr+f3", "fr-fr+m3"),
    "de": ("de+f3", "de+m7"),
    "en": ("en-gb-x-rp+f3", "en-gb+m3"),
}
SUMMARIES = {
    "fr-lunettes": "Lunettes prêtes depuis ce matin ; la personne passe demain.",
    "fr-rendez-vous": "Examen de vue déplacé de mardi à jeudi, 16 h 20.",
    "fr-lentilles": "Lentilles pour trois mois, les mêmes que la dernière fois ; livraison vendredi.",
    "de-rezept": "Folgerezept bestellt, Abholung ab morgen, neun Uhr.",
    "de-termin": "Termin zur Nachsorge vereinbart: Montag, 10:15 Uhr.",
    "en-leak": "Water under the kitchen sink. Told to turn the stop tap off; somebody comes by noon.",
    "en-boiler": "Yearly boiler service booked for Wednesday, half past nine.",
    "en-quote": "Free visit for a shower quote booked for Friday at nine.",
}
DIALOGUES: dict[str, tuple[str, list[str]]] = {  # name -> (language, turns; the agent begins)
    "fr-lunettes": (
        "fr",
        [
            "Delorme Optique, bonjour. Je suis Camille, assistante automatique. Cet appel est enregistré, d'accord ?",
            "Oui, d'accord. Mes lunettes sont-elles prêtes ?",
            "Oui, elles vous attendent au magasin depuis ce matin.",
            "Parfait, je passe demain.",
            "C'est noté. À demain, au revoir.",
        ],
    ),
    "fr-rendez-vous": (
        "fr",
        [
            "Delorme Optique, bonjour. Ici Camille, assistante automatique. L'appel est enregistré, cela vous va ?",
            "Oui. Je voudrais déplacer mon examen de vue de mardi.",
            "Jeudi à seize heures vingt, cela vous convient ?",
            "Très bien, jeudi.",
            "C'est changé. Bonne journée.",
        ],
    ),
    "fr-lentilles": (
        "fr",
        [
            "Delorme Optique, bonjour. Camille, assistante automatique. Nous enregistrons cet appel, d'accord ?",
            "D'accord. Il me faut des lentilles pour trois mois.",
            "Les mêmes que la dernière fois ?",
            "Oui, les mêmes, s'il vous plaît.",
            "Elles arrivent vendredi. Au revoir.",
        ],
    ),
    "de-rezept": (
        "de",
        [
            "Klinik Sankt Aurelia, guten Tag. Hier ist Lena, ein Sprachassistent. Der Anruf wird aufgezeichnet, ja?",
            "Ja, in Ordnung. Ich brauche ein Folgerezept.",
            "Gern. Sie können es ab morgen neun Uhr abholen.",
            "Danke, das passt.",
            "Vielen Dank für Ihren Anruf.",
        ],
    ),
    "de-termin": (
        "de",
        [
            "Klinik Sankt Aurelia, guten Tag. Hier ist Lena, ein Sprachassistent. Der Anruf wird aufgezeichnet, ja?",
            "Ja. Ich möchte einen Termin zur Nachsorge.",
            "Am Montag um zehn Uhr fünfzehn ist etwas frei.",
            "Montag ist gut.",
            "Dann bis Montag. Auf Wiederhören.",
        ],
    ),
    "en-leak": (
        "en",
        [
            "Ashby Plumbing, good morning. I am Robin, an automated assistant. This call is recorded, all right?",
            "Yes. There is water under my kitchen sink.",
            "Please turn the stop tap off. Somebody can be with you by noon.",
            "Thank you, that helps.",
            "They will ring before they come. Goodbye.",
        ],
    ),
    "en-boiler": (
        "en",
        [
            "Ashby Plumbing, hello. I am Robin, an automated assistant. This call is recorded, all right?",
            "That's fine. My boiler is due for its yearly service.",
            "I have Wednesday at half past nine.",
            "Wednesday works for me.",
            "You are booked. Goodbye.",
        ],
    ),
    "en-quote": (
        "en",
        [
            "Ashby Plumbing, good afternoon. This is Robin, an automated assistant. We record this call, all right?",
            "Sure. What would a new shower cost?",
            "A visit for a quote is free. Would Friday suit you?",
            "Friday morning, please.",
            "Friday at nine, then. Goodbye.",
        ],
    ),
}


def spoken(text: str, voice: str, folder: Path) -> bytes:
    """16-bit samples at 8 kHz, without the silence around them."""
    raw, ready = folder / "raw.wav", folder / "ready.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", "172", "-w", str(raw), text], check=True)  # noqa: S603, S607  (our own arguments; run by hand)
    trim = ["silence", "1", "0.01", "0.5%", "reverse", "silence", "1", "0.01", "0.5%", "reverse"]
    filters = ["highpass", "200", "lowpass", "3400", *trim, "gain", "-n", "-4"]
    subprocess.run(["sox", str(raw), "-r", str(RATE), "-c", "1", "-b", "16", str(ready), *filters], check=True)  # noqa: S603, S607  (our own arguments; run by hand)
    with wave.open(str(ready)) as sound:
        samples: bytes = sound.readframes(sound.getnframes())
    return samples


def main() -> None:
    index = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, (language, texts) in DIALOGUES.items():
            samples, turns = b"\0\0" * (RATE * 150 // 1000), []
            for number, text in enumerate(texts):
                speaker = "user" if number % 2 else "agent"
                start = len(samples) // 2 * 1000 // RATE
                samples += spoken(text, VOICES[language][number % 2], folder)
                turns.append([speaker, text, start, len(samples) // 2 * 1000 // RATE])
                samples += b"\0\0" * (RATE * PAUSE_MS // 1000)
            joined, file = folder / "joined.wav", HERE / f"{name}.wav"
            with wave.open(str(joined), "wb") as sound:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(RATE)
                sound.writeframes(samples)
            subprocess.run(["sox", str(joined), "-e", "mu-law", "-b", "8", str(file)], check=True)  # noqa: S603, S607  (our own arguments; run by hand)
            index[name] = {
                "language": language,
                "summary": SUMMARIES[name],
                "duration_ms": len(samples) // 2 * 1000 // RATE,
                "turns": turns,
            }
            sys.stdout.write(f"{name}: {index[name]['duration_ms']} ms, {file.stat().st_size} bytes\n")
    (HERE / "dialogues.json").write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
