"""What must not be published in a question: ways to reach, or to be, a real person."""

import re
from collections.abc import Iterator

_RESERVED = r"(?:[a-z0-9-]+\.)*(?:example\.(?:com|net|org)|example|test|invalid|localhost)"
_RESERVED_HOST = re.compile(rf"{_RESERVED}\.?$", re.IGNORECASE)
_URL = re.compile(r"(?:https?://|(?<![a-z0-9])www\.)([a-z0-9.-]{1,253})", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})", re.IGNORECASE)
_MOBILE = re.compile(r"(?<![\d-])(?:\+?82[-. ]?(?:\(0\))?|0)1[016789][-. ]?(\d{3,4})[-. ]?(\d{4})(?!\d)(?!-\d)")
_LANDLINE = re.compile(
    r"(?<![\d-])(?:\+?82[-. ]?|0)(?:2|[3-6][1-5]|70|50\d)[-.) ]{1,2}(\d{3,4})[-. ](\d{4})(?!\d)(?!-\d)"
)
_RESIDENT = re.compile(r"(?<!\d)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\s?[-–]?\s?[1-8]\d{6}(?!\d)")


def contact_data(text: str) -> Iterator[tuple[str, str]]:
    """(what was found, how to mend it), once a kind.

    Addresses under the reserved names (example.com, .test) and numbers such as 010-0000-0000 reach nobody and pass.
    """
    if any(not _RESERVED_HOST.search(found[1]) for found in _URL.finditer(text)):
        yield "a web address", "write https://example.com, or describe the page"
    if any(not _RESERVED_HOST.search(found[1]) for found in _EMAIL.finditer(text)):
        yield "an e-mail address", "write one under example.com"
    phones = [*_MOBILE.finditer(text), *_LANDLINE.finditer(text)]
    if any(set(found[1] + found[2]) != {"0"} for found in phones):
        yield "a telephone number", "write 010-0000-0000"
    if _RESIDENT.search(text):
        yield "a resident registration number", "write 000000-0000000"
