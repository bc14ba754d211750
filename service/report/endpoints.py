"""Who answered: what was asked for, what served it, with which parameters, and what changed meanwhile."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from service.report.cells import safe
from service.report.document import Say
from service.report.part import Part, Report, Source
from service.store import ledger, reads

# A schema or a bag of extras would hide the parameters that a reader looks for.
_LEFT_OUT = ("response_format", "format")
_WHO = ("digest", "quantization", "template_hash", "context_length", "server_version", "root")


def endpoint_reports(source: Source) -> list[dict[str, Any]]:
    """One record per endpoint and role of a run that asked somebody."""
    groups: dict[tuple[str, str], list[ledger.Served]] = {}
    for row in ledger.served(source.connection, source.run.id):
        groups.setdefault((row.endpoint, row.role), []).append(row)
    return [_endpoint(source.run, endpoint, role, rows) for (endpoint, role), rows in groups.items()]


def _endpoint(run: reads.StoredRun, endpoint: str, role: str, rows: list[ledger.Served]) -> dict[str, Any]:
    models: Counter[str] = Counter()
    others: dict[str, Counter[str]] = {"fingerprint": Counter(), "service_tier": Counter(), "upstream": Counter()}
    for row in rows:
        if row.served_model is not None:
            models[row.served_model] += row.calls
        for name, counted in others.items():
            if (value := getattr(row, name)) is not None:
                counted[value] += row.calls
    identities = run.identities.get(endpoint, [])
    return {
        "endpoint": endpoint,
        "role": role,
        "calls": sum(row.calls for row in rows),
        "requested_model": rows[0].requested_model,
        "served_models": dict(models.most_common()),
        "fingerprints": dict(others["fingerprint"].most_common()),
        "service_tiers": dict(others["service_tier"].most_common()),
        "upstreams": dict(others["upstream"].most_common()),
        "sent_params": _distinct([_shown(row.sent_params) for row in rows]),
        "dropped_params": _distinct([row.dropped_params for row in rows if row.dropped_params]),
        "identities": identities,
        "changed": len(models) > 1 or len(others["upstream"]) > 1 or _differ(identities),
    }


def _shown(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in _LEFT_OUT}


def _differ(identities: list[dict[str, Any]]) -> bool:
    """Whether two starts found different models; what a server did not tell is no difference."""
    told = [{**i, "root": i.get("details", {}).get("root")} for i in identities]
    return any(len({i[name] for i in told if i.get(name) is not None}) > 1 for name in _WHO)


def _distinct(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _notes(report: Report, say: Say) -> Iterator[str]:
    """What a reader must know of who answered."""
    for e in report["endpoints"]:
        who = safe(f"{e['endpoint']} ({e['role']})")
        if len(e["served_models"]) > 1:
            served = _counts(e["served_models"])
            yield say(
                f"{who} changed during the run; it was served by {served}.",
                f"{who}: 실행 도중에 모델이 바뀌었습니다({served}).",
            )
        elif len(e["upstreams"]) > 1:
            hosts = _counts(e["upstreams"])
            yield say(f"{who} was served by several vendors: {hosts}.", f"{who}: 여러 업체가 응답했습니다({hosts}).")
        elif e["changed"]:
            yield say(
                f"{who} changed between two starts of the run; see its identities.",
                f"{who}: 다시 시작한 사이에 모델이 바뀌었습니다. identities를 보세요.",
            )
        elif e["served_models"] and next(iter(e["served_models"])) != e["requested_model"]:
            served = safe(next(iter(e["served_models"])))
            yield say(f"{who} was served by {served}.", f"{who}: 실제로 응답한 모델은 {served}입니다.")
        for dropped in e["dropped_params"]:
            left_out = safe(", ".join(f"{name}={value}" for name, value in dropped.items()))
            yield say(
                f"{who} did not take {left_out}; it was left out.",
                f"{who}: {left_out}을(를) 받지 않아 빼고 보냈습니다.",
            )
        for identity in e["identities"][-1:]:
            if until := identity.get("shutdown_date"):
                name = safe(e["endpoint"])
                yield say(f"{name} is withdrawn by its vendor on {until}.", f"{name}: {until}에 서비스가 끝납니다.")


def _counts(calls: dict[str, int]) -> str:
    return safe(", ".join(f"{name} ({n})" for name, n in calls.items()))


PART = Part(of_run=lambda source: {"endpoints": endpoint_reports(source)}, notes=_notes)
