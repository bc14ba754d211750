"""Column types: work keys as bytes, long texts compressed."""

import re
import threading
from typing import Any

import zstandard
from sqlalchemy import LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from service.errors import StoreError

_SHA256 = re.compile("[0-9a-f]{64}")
_LEVEL = 1
_WORTH_IT_BYTES = 256
_LONGEST_TEXT_BYTES = 1 << 28


class _Zstd(threading.local):
    """A compressor is made once for a thread: that costs four times a short text's compression."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()


class WorkKey(TypeDecorator[str]):
    """A sha256: hex to the program, 32 bytes on disk and in the index. Any other text equals none."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        return bytes.fromhex(value) if _SHA256.fullmatch(value) else value.encode(errors="replace")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else value.hex()


class LongText(TypeDecorator[str]):
    """Text that SQLite keeps zstd-compressed where that saves a fifth of it; other databases compress by themselves.

    Korean answers shrink to two fifths. A compressed text is a BLOB in the same column, so old rows stay readable.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite" or 3 * len(value) < _WORTH_IT_BYTES:
            return value
        plain = value.encode()
        if len(plain) < _WORTH_IT_BYTES:
            return value
        packed = _zstd.compress(plain)
        return packed if len(packed) < 0.8 * len(plain) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        if isinstance(value, bytes):
            return _unpacked(value)
        return None if value is None else str(value)


def stored_bytes(value: str | bytes) -> bytes:
    """The UTF-8 of a long text as a column of it gives without its type.

    Raises:
        StoreError: somebody else filled the file with something else.
    """
    if isinstance(value, str):
        return value.encode()
    try:
        # The length stands in the frame, and room for it is made before anything is unpacked.
        if not 0 <= zstandard.frame_content_size(value) <= _LONGEST_TEXT_BYTES:
            raise StoreError("a stored text claims to be longer than any text; the database is damaged or forged")
        return _zstd.decompress(value)
    except zstandard.ZstdError as error:
        raise _unreadable(error) from error


def _unpacked(packed: bytes) -> str:
    try:
        return stored_bytes(packed).decode()
    except UnicodeDecodeError as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> StoreError:
    return StoreError(f"a stored text cannot be read ({error}); the database is damaged or forged")
