"""Every released schema is brought to the current one, all or nothing, by one process, with every row kept."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from service.store import Store
from service.store.holder import Holder
from service.store.migrating import upgrade
from service.store.schema import SCHEMA_VERSION, metadata
from tests.service.processes import Running

RELEASED = [f"{n:04}" for n in range(1, int(SCHEMA_VERSION) + 1)]


def old_database(file: Path, revision: str) -> dict[str, int]:
    """A database as that version made it, with two rows in every table; the row counts."""
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        upgrade(connection, revision)
        connection.commit()
        tables = sa.MetaData()
        tables.reflect(connection)
        for number in (1, 2):
            for table in tables.sorted_tables:
                if table.name != "alembic_version":
                    connection.execute(table.insert().values({c.name: _value(c, number) for c in table.columns}))
        connection.commit()
        counts = {
            t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables.sorted_tables
        }
    engine.dispose()
    return counts


def _value(column: sa.Column[Any], number: int) -> object:
    if isinstance(column.type, sa.Boolean):
        return number == 1
    if isinstance(column.type, sa.Integer | sa.Float):
        return number
    if column.name == "work_key":
        return bytes([number] * 32) if isinstance(column.type, sa.LargeBinary) else f"{number:064x}"
    if column.name == "holder":
        return replace(Holder.this_process(), pid=(1 << 22) + number).to_json()  # more than Linux gives out: it is gone
    if column.name == "plan":
        return json.dumps({"samples": number, "question_digests": [f"{n:064x}" for n in range(number)]})
    return str(number) if column.foreign_keys or column.primary_key else f"글 {number}"


def normal_form(file: Path) -> dict[str, Any]:
    """What a schema means: neither the order of columns nor the wording of its SQL."""
    connection = sqlite3.connect(file)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    form: dict[str, Any] = {}
    for table in tables:
        columns = connection.execute(
            f"SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('{table}')"
        )
        keys = connection.execute(f'SELECT "from", "table", "to" FROM pragma_foreign_key_list(\'{table}\')')
        indexes = {}
        for name, unique, origin, partial in connection.execute(
            f"SELECT name, \"unique\", origin, partial FROM pragma_index_list('{table}')"
        ):
            parts = [c for (c,) in connection.execute(f"SELECT name FROM pragma_index_info('{name}')")]
            where = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]
            key = name if origin == "c" else ",".join(parts)
            indexes[key] = (unique, origin, partial, parts, where and where.partition(" WHERE ")[2])
        form[table] = (sorted(columns), sorted(keys), indexes)
    connection.close()
    return form


@pytest.mark.parametrize("revision", RELEASED)
def test_every_released_schema_becomes_the_one_of_a_new_database(tmp_path, revision):
    counts = old_database(tmp_path / "old.db", revision)
    for name in ("old.db", "new.db"):
        Store.open(f"sqlite:///{tmp_path}/{name}").close()
    old, new = normal_form(tmp_path / "old.db"), normal_form(tmp_path / "new.db")
    assert old == new
    assert set(new) == {*metadata.tables, "alembic_version"}
    connection = sqlite3.connect(tmp_path / "old.db")
    for table, count in counts.items():
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,), table
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(SCHEMA_VERSION,)]
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_what_models_said_and_what_a_plan_means_outlive_the_lean_ledger(run_cli, tmp_path):
    """A finished run, put back into the shape of schema 0004, reports and exports as before."""
    assert run_cli("demo", "--quick").code == 0
    report = run_cli("report", "demo", "--format", "json")
    assert run_cli("export", "jsonl", "demo", "new").code == 0
    (tmp_path / "kojudge.db").rename(tmp_path / "new.db")
    copy_as_0004(tmp_path / "new.db", tmp_path / "kojudge.db")
    assert run_cli("report", "demo", "--format", "json").out == report.out
    assert run_cli("export", "jsonl", "demo", "old").code == 0
    exported = [tmp_path / name / "conversations.jsonl" for name in ("new", "old")]
    assert exported[0].read_text() == exported[1].read_text()
    again = run_cli("demo", "--quick")
    assert "nothing is asked again" in again.err, again


def copy_as_0004(new: Path, old: Path) -> None:
    """What version 0004 would hold of a run: every text and parameter at every row, keys in hex, all digests."""
    store = Store.open(f"sqlite:///{new}")
    engine = sa.create_engine(f"sqlite:///{old}")
    with store.read() as source, engine.connect() as target:
        upgrade(target, "0004")
        tables = sa.MetaData()
        tables.reflect(target)
        asked = {row.id: row._asdict() for row in source.execute(sa.select(metadata.tables["askings"]))}
        said: dict[int, str] = {}
        digests = list(source.scalars(sa.text("SELECT digest FROM run_questions ORDER BY position")))
        for name in ("runs", "questions", "run_questions", "completions", "answers", "verdicts"):
            for row in source.execute(sa.select(metadata.tables[name])):
                values = row._asdict()
                if name == "runs":
                    plan = json.loads(values["plan"])
                    del plan["questions"], values["revision"]
                    values |= {"plan": json.dumps({**plan, "question_digests": digests}), "plan_hash": "of then"}
                if name == "completions":
                    said[values["id"]] = values["text"]
                    asking = asked[values.pop("asking_id")]
                    del values["logprobs"]
                    values |= {key: asking[key] for key in asking if key != "id"}
                if name == "answers":
                    values["text"] = said[values["completion_id"]]
                target.execute(tables.tables[name].insert().values(values))
        target.commit()
    engine.dispose()
    store.close()


@pytest.mark.parametrize("revision", RELEASED[:-1])
@pytest.mark.parametrize("how", ["raises", "dies"])
def test_a_migration_that_breaks_off_leaves_everything_as_it_was(tmp_path, revision, how):
    old_database(tmp_path / "kojudge.db", revision)
    before = normal_form(tmp_path / "kojudge.db")
    # The last table that the migrations make is there when it happens.
    code = (
        "import os, sqlalchemy as sa, service.store.migrating as m\n"
        "done = m.upgrade\n"
        "def broken(connection):\n"
        "    done(connection)\n"
        "    assert 'comparisons' in sa.inspect(connection).get_table_names()\n"
        f"    {'os._exit(9)' if how == 'dies' else 'raise ValueError(9)'}\n"
        "m.upgrade = broken\n"
        "from service.store import Store\n"
        "Store.open('sqlite:///kojudge.db')\n"
    )
    with Running(tmp_path, code=code) as broken:
        ended = broken.end()
    assert ended.code == (9 if how == "dies" else 1), ended
    assert normal_form(tmp_path / "kojudge.db") == before
    Store.open(f"sqlite:///{tmp_path}/kojudge.db").close()


def test_a_database_is_not_upgraded_under_a_process_that_works_on_it(run_cli, tmp_path):
    old_database(tmp_path / "kojudge.db", "0004")
    with sqlite3.connect(tmp_path / "kojudge.db") as database:
        database.execute("UPDATE leases SET holder = ?", (Holder.this_process().to_json(),))
    refused = run_cli("runs")
    assert refused.code == 2, refused
    assert "works on it" in refused.err
    with sqlite3.connect(tmp_path / "kojudge.db") as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("0004",)
        database.execute("DELETE FROM leases")
    Store.open(f"sqlite:///{tmp_path}/kojudge.db").close()


@pytest.mark.parametrize("revision", [None, "0001"])
def test_processes_that_open_a_database_at_once_migrate_it_once(tmp_path, revision):
    if revision:
        old_database(tmp_path / "kojudge.db", revision)
    code = "from service.store import Store; Store.open('sqlite:///kojudge.db').close()"
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: _ended(tmp_path, code), range(4)))
    assert [e.code for e in ended] == [0] * 4, ended
    Store.open(f"sqlite:///{tmp_path}/new.db").close()
    assert normal_form(tmp_path / "kojudge.db") == normal_form(tmp_path / "new.db")


def _ended(folder: Path, code: str):
    with Running(folder, code=code) as process:
        return process.end()
