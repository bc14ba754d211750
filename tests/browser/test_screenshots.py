"""The pictures of docs/dashboard.md can be made, are small, and hold something."""

import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.browser.screenshots import MOST_BYTES, small

ROOT = Path(__file__).resolve().parents[2]


def test_the_command_makes_a_picture_of_a_page(chromium: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.browser.screenshots", "--page", "methods", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=250, check=False)
    assert done.returncode == 0, (chromium, done.stderr)
    picture = (tmp_path / "methods.png").read_bytes()
    assert len(picture) <= MOST_BYTES
    image = Image.open(io.BytesIO(picture)).convert("L")
    assert image.size == (1280, 900)
    dark = sum(image.histogram()[:128])
    assert 2_000 < dark < 400_000, f"{dark} dark pixels: an empty page, or none of it light"


def test_a_picture_of_many_colours_is_made_small() -> None:
    noise = Image.effect_noise((400, 300), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert len(small(out.getvalue())) < len(out.getvalue())
