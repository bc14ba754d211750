"""Data sets of the Hugging Face hub, by the parquet files that the hub makes of every public one.

`hub:OWNER/NAME`, `hub:OWNER/NAME:CONFIG` or `hub:OWNER/NAME:CONFIG:SPLIT`; needs the extra `kojudge[hub]`. A download
is kept in the hub's own cache, so it is made once.
"""

from pathlib import Path

from questions.source import SourceError, quote

PREFIX = "hub:"
_REVISION = "refs/convert/parquet"
_SPLITS = ("test", "validation", "dev", "train")
"""Without a split named, the first of these that there is."""


def fetch(name: str) -> Path:
    """The folder with the parquet files of one split. Errors: `SourceError`."""
    repository, config, split = (*name.split(":", 2), "", "")[:3]
    folder = _config(_snapshot(repository, config, split), repository, config)
    splits = sorted(path.name for path in folder.iterdir() if path.is_dir())
    chosen = split or next((s for s in _SPLITS if s in splits), splits[0] if len(splits) == 1 else "")
    if chosen not in splits:
        example = f"hub:{repository}:{folder.name}:{splits[0]}" if splits else ""
        raise SourceError(f"hub: {repository} has the splits {', '.join(splits)}; name one, as in {example}")
    return folder / chosen


def _snapshot(repository: str, config: str, split: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        problem = "data sets of the hub need another package; install it with: pip install 'kojudge[hub]'"
        raise SourceError(problem) from error
    pattern = f"{config or '*'}/{split or '*'}/*.parquet"
    try:
        folder = snapshot_download(repository, repo_type="dataset", revision=_REVISION, allow_patterns=pattern)
    except HFValidationError as error:
        raise SourceError(f"hub: {quote(repository)} is no data set; write hub:OWNER/NAME") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        problem = f"hub: {quote(repository)} cannot be had ({status}); is it public, and spelled like this?"
        raise SourceError(problem) from error
    except (LocalEntryNotFoundError, OSError) as error:
        raise SourceError(f"hub: no connection to fetch {quote(repository)}, and no copy of it here") from error
    return Path(folder)


def _config(snapshot: Path, repository: str, config: str) -> Path:
    configs = sorted(path.name for path in snapshot.iterdir() if path.is_dir())
    if config in configs:
        return snapshot / config
    if config or len(configs) != 1:
        told = f"has no configuration {quote(config)}" if config else "has several configurations"
        names = ", ".join(configs[:20]) or "none"
        raise SourceError(f"hub: {repository} {told}; there are: {names}; write hub:{repository}:CONFIG")
    return snapshot / configs[0]
