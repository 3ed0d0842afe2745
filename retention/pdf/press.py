"""Set one document as a tagged PDF (PDF/UA-1). Runs as a process of its own: data in on stdin, PDF out on stdout.

The template is ours and fixed; what varies arrives as JSON and is only ever shown, never read as markup. Fonts are the
files beside it and those inside typst; system fonts, packages and the clock are out of reach, so the same data gives
the same bytes. Imports nothing of Django, so that it starts fast and knows no secret.
"""

import json
import re
import resource
import sys
import unicodedata
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).resolve().parent
CPU_SECONDS = 20
MEMORY_BYTES = 2 * 1024**3
MOST_REPLACED = 300  # characters no font of ours can draw, before everything unusual is replaced at once
UNDRAWABLE = "\N{REPLACEMENT CHARACTER}"
_COULD_NOT = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


def shown(text: str) -> str:
    """Without control characters and marks that turn the writing direction of what follows."""
    kept = (character for character in text if unicodedata.category(character) not in {"Cc", "Cs", "Co", "Cn"})
    return "".join(character for character in kept if not 0x202A <= ord(character) <= 0x202E)


def cleaned(value: Any) -> Any:
    """The same value with every text in it made showable."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list):
        return [cleaned(entry) for entry in value]
    if isinstance(value, dict):
        return {key: cleaned(entry) for key, entry in value.items()}
    return value


def press(template: str, data: dict[str, Any], attachment: str, timestamp: int) -> bytes:
    """The PDF. What our fonts cannot draw stands as a replacement character."""
    text = json.dumps(cleaned(data), ensure_ascii=False, sort_keys=True)
    for _attempt in range(MOST_REPLACED):
        try:
            return _compile(template, text, attachment, timestamp)
        except typst.TypstError as error:
            refused = _COULD_NOT.search(str(error))
            if refused is None:
                raise
            drawn = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), refused[1])
            for character in drawn:
                if ord(character) > 0x7F:
                    text = text.replace(character, UNDRAWABLE)
    return _compile(template, re.sub(r"[^\x00-\u024f]", UNDRAWABLE, text), attachment, timestamp)


def _compile(template: str, data: str, attachment: str, timestamp: int) -> bytes:
    pdf: bytes = typst.compile(
        str(HERE / template),
        root=str(HERE),
        font_paths=[str(HERE / "fonts")],
        ignore_system_fonts=True,
        package_path=str(HERE / "no-packages"),
        package_cache_path=str(HERE / "no-packages"),
        format="pdf",
        sys_inputs={"data": data, "attachment": attachment},
        pdf_standards=["ua-1"],
        timestamp=timestamp,
    )
    return pdf


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    order = json.load(sys.stdin.buffer)
    sys.stdout.buffer.write(press(order["template"], order["data"], order["attachment"], order["timestamp"]))


if __name__ == "__main__":
    main()
