"""Certificates as they were once made, and the verifier keys that their holders pinned."""

from pathlib import Path
from typing import Final

FIRST: Final = "shop.example/log+ea2949c6+ATK3DegCeK6vu36Vlyi2HZC9ReJy0YXebKtzpTE4gQIq"
SECOND: Final = "shop.example/log+bae8d45a+AR/ymSwub/nm7C9VsSjj5/gSw822rBhRIhXrEfYvR0RL"
PINNED: Final = {
    "certificate-1.json": FIRST,
    "certificate-1-beyond-backups.json": FIRST,
    "certificate-2.json": SECOND,
    "certificate-2-beyond-backups.json": SECOND,
}


def golden(name: str) -> str:
    """The file's text."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
