"""Put the figures that `make bench` wrote as JSON into docs/performance.md and docs/statistics.md.

python -m bench.document [.bench]

Between `<!-- NAME -->` and `<!-- end -->` stand the tables of NAME.json; what was not measured stays as it is.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import dashboard, faults, kills, peers, pipeline, rescoring, scale, statistics
from bench.local_server import ROOT
from bench.tables import Table, say

Figures = Sequence[Mapping[str, Any]]
GUIDES = (ROOT / "docs" / "performance.md", ROOT / "docs" / "statistics.md")
TABLES: Mapping[str, Callable[[Figures], list[Table]]] = {
    "pipeline": pipeline.tables,
    "kills": kills.tables,
    "faults": faults.tables,
    "scale": scale.tables,
    "rescoring": rescoring.tables,
    "dashboard": dashboard.tables,
    "statistics": statistics.tables,
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
    for guide in GUIDES:
        guide.write_text(put(guide.read_text("utf-8"), found), encoding="utf-8")
    say(f"the guides now show: {', '.join(found) or 'nothing new'}")


if __name__ == "__main__":
    main()
