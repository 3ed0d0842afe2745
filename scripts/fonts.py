"""Make the font files of our PDFs from the web font in static/vendor: two fixed weights, all subsets in one file.

    pip install fonttools brotli && python scripts/fonts.py

fonttools is needed only here, never to run the platform.
"""

import tempfile
from pathlib import Path

from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "static" / "vendor" / "inter" / "5.3.0"
TARGET = ROOT / "retention" / "pdf" / "fonts"
SUBSETS = ("latin", "latin-ext", "greek", "cyrillic", "vietnamese")
WEIGHTS = {"Regular": 400, "SemiBold": 600}


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for style, weight in WEIGHTS.items():
        with tempfile.TemporaryDirectory() as place:
            parts = []
            for subset in SUBSETS:
                font = TTFont(SOURCE / "files" / f"inter-{subset}-opsz-normal.woff2")
                font.flavor = None
                part = Path(place) / f"{subset}.ttf"
                instantiateVariableFont(font, {"wght": weight, "opsz": 14}).save(part)
                parts.append(str(part))
            merged = Merger().merge(parts)
            merged["OS/2"].usWeightClass = weight
            for name, text in ((1, "Inter"), (2, style), (4, f"Inter {style}"), (6, f"Inter-{style}"), (16, "Inter")):
                merged["name"].setName(text, name, 3, 1, 0x409)
            merged["name"].setName(style, 17, 3, 1, 0x409)
            merged["head"].created = merged["head"].modified = 0
            merged.save(TARGET / f"Inter-{style}.ttf")
    (TARGET / "LICENSE").write_bytes((SOURCE / "LICENSE").read_bytes())


if __name__ == "__main__":
    main()
