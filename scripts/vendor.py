"""Bring third-party front-end files into static/vendor/<name>/<version>/, with licence, hashes and no source maps.

    python scripts/vendor.py            # fetch with `npm pack`, copy, write static/vendor/VENDOR.json

npm is needed only here, never to run the platform. A test hashes every file again.
"""

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "static" / "vendor"
SUBSETS = ("cyrillic", "greek", "latin", "latin-ext", "vietnamese")

# package, version, licence, {file in the package: file here}
PACKAGES = [
    (
        "bootstrap",
        "5.3.9",
        "MIT",
        {
            "dist/css/bootstrap.min.css": "bootstrap.min.css",
            "dist/css/bootstrap.rtl.min.css": "bootstrap.rtl.min.css",
            "dist/js/bootstrap.bundle.min.js": "bootstrap.bundle.min.js",
            "LICENSE": "LICENSE",
        },
    ),
    (
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {
            **{f"files/inter-{s}-opsz-normal.woff2": f"files/inter-{s}-opsz-normal.woff2" for s in SUBSETS},
            "opsz.css": "inter.css",
            "LICENSE": "LICENSE",
        },
    ),
]
_SOURCE_MAP = re.compile(rb"\n?(/\*[#@]\s*sourceMappingURL=.*?\*/|//[#@]\s*sourceMappingURL=\S+)\s*$")


def _without_missing_subsets(css: bytes) -> bytes:
    """Only the @font-face rules whose file we carry."""
    rules = re.findall(rb"/\*.*?\*/\s*@font-face\s*\{.*?\}", css, re.DOTALL)
    return b"\n".join(r for r in rules if any(f"inter-{s}-opsz-normal".encode() in r for s in SUBSETS)) + b"\n"


def vendor(package: str, version: str, licence: str, files: dict[str, str]) -> dict[str, object]:
    name = package.rsplit("/", 1)[-1]
    target = ROOT / name / version
    with tempfile.TemporaryDirectory() as place:
        packed = subprocess.run(  # noqa: S603  (our own arguments; run by hand)
            ["npm", "pack", "--json", f"{package}@{version}"],  # noqa: S607  (our own arguments; run by hand)
            cwd=place,
            check=True,
            capture_output=True,
        )
        facts = json.loads(packed.stdout)[0]
        hashes = {}
        with tarfile.open(Path(place) / facts["filename"]) as archive:
            for source, destination in files.items():
                content = archive.extractfile(f"package/{source}").read()
                if destination.endswith((".css", ".js")):
                    content = _SOURCE_MAP.sub(b"", content).rstrip() + b"\n"
                if destination == "inter.css":
                    content = _without_missing_subsets(content)
                path = target / destination
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                hashes[f"{name}/{version}/{destination}"] = hashlib.sha256(content).hexdigest()
    return {
        "package": package,
        "version": version,
        "licence": licence,
        "integrity": facts["integrity"],
        "sha256": hashes,
    }


def main() -> None:
    entries = [vendor(*package) for package in PACKAGES]
    (ROOT / "VENDOR.json").write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    main()
