"""Put the figures that `make bench` wrote as JSON into docs/performance.md.

python -m bench.document [.bench]

Between `<!-- NAME -->` and `<!-- end -->` stand the tables of NAME.json; what was not measured stays as it is.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import faults, kills, peers, pipeline, scale
from bench.local_server import ROOT
from bench.tables import Table, say

Figures = Sequence[Mapping[str, Any]]
GUIDE = ROOT / "docs" / "performance.md"
TABLES: Mapping[str, Callable[[Figures], list[Table]]] = {
    "pipeline": pipeline.tables,
    "kills": kills.tables,
    "faults": faults.tables,
    "scale": scale.tables,
    "peers": peers.tables,
}


def blocks(folder: Path) -> dict[str, str]:
    """The text of every block that there are figures for, by its name."""
    found: dict[str, str] = {}
    for name, tables in TABLES.items():
        file = folder / f"{name}.json"
        if not file.exists():
            continue
        content = json.loads(file.read_text("utf-8"))
        found["machine"] = "{cores} cores, {system} on {architecture}, Python {python}.\n".format(**content["machine"])
        found[name] = "\n".join(table.markdown() for table in tables(content["figures"]))
        if name == "scale":
            found["curves"] = f"```\n{scale.curves(content['figures'])}\n```\n"
    return found


def put(guide: str, found: Mapping[str, str]) -> str:
    """The guide with its blocks replaced."""

    def replaced(match: re.Match[str]) -> str:
        return f"{match[1]}\n{found[match[2]]}{match[4]}" if match[2] in found else match[0]

    return re.sub(r"(<!-- (\w+) -->)\n(.*?)(<!-- end -->)", replaced, guide, flags=re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(".bench"))
    found = blocks(parser.parse_args().folder)
    GUIDE.write_text(put(GUIDE.read_text("utf-8"), found), encoding="utf-8")
    say(f"docs/performance.md now shows: {', '.join(found) or 'nothing new'}")


if __name__ == "__main__":
    main()
