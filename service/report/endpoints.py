"""Who answered: what was asked for, what served it, with which parameters, and what changed meanwhile."""

from collections import Counter
from typing import Any

from service.store import ledger, reads

# A schema or a bag of extras would hide the parameters that a reader looks for.
_LEFT_OUT = ("response_format", "format")
_WHO = ("digest", "quantization", "template_hash", "context_length", "server_version", "root")


def endpoint_reports(run: reads.StoredRun, served: list[ledger.Served]) -> list[dict[str, Any]]:
    """One record per endpoint and role of a run that asked somebody."""
    groups: dict[tuple[str, str], list[ledger.Served]] = {}
    for row in served:
        groups.setdefault((row.endpoint, row.role), []).append(row)
    return [_endpoint(run, endpoint, role, rows) for (endpoint, role), rows in groups.items()]


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


def endpoint_notes(endpoints: list[dict[str, Any]]) -> list[str]:
    """What a reader must know of who answered, a line each."""
    notes = []
    for e in endpoints:
        if len(e["served_models"]) > 1:
            served = ", ".join(f"{model} ({calls})" for model, calls in e["served_models"].items())
            notes.append(f"{e['endpoint']} ({e['role']}) changed during the run; it was served by {served}.")
        elif len(e["upstreams"]) > 1:
            hosts = ", ".join(f"{host} ({calls})" for host, calls in e["upstreams"].items())
            notes.append(f"{e['endpoint']} ({e['role']}) was served by several vendors: {hosts}.")
        elif e["changed"]:
            notes.append(f"{e['endpoint']} ({e['role']}) changed between two starts of the run; see its identities.")
        elif e["served_models"] and next(iter(e["served_models"])) != e["requested_model"]:
            notes.append(f"{e['endpoint']} ({e['role']}) was served by {next(iter(e['served_models']))}.")
        for dropped in e["dropped_params"]:
            left_out = ", ".join(f"{name}={value}" for name, value in dropped.items())
            notes.append(f"{e['endpoint']} ({e['role']}) did not take {left_out}; it was left out.")
        for identity in e["identities"][-1:]:
            if identity.get("shutdown_date"):
                notes.append(f"{e['endpoint']} is withdrawn by its vendor on {identity['shutdown_date']}.")
    return notes
