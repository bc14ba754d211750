"""The ASGI application: Streamlit behind headers that let a page load nothing from anywhere else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.starlette import App

_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "style-src 'self' 'unsafe-inline'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    ]
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]


class SecurityHeaders:
    """Adds the headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class SameOrigin:
    """Lets a page open the stream only if it came from this server.

    Streamlit itself lets in every port of this machine, and asks the network for its own address before it refuses.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != headers.get("host"):
                await send({"type": "websocket.close", "code": 1008})
                return
        await self._app(scope, receive, send)


def create_app(names: Sequence[str]) -> App:
    """Only requests to one of these host names are answered: a foreign page cannot rebind its name to this address."""
    trusted: Any = TrustedHostMiddleware
    middleware = [
        Middleware(SecurityHeaders),
        Middleware(trusted, allowed_hosts=list(names), www_redirect=False),
        Middleware(SameOrigin),
    ]
    return App(Path(__file__).parent / "entry" / "script.py", middleware=middleware)


def settings(host: str, port: int, secrets: Sequence[Path] = ()) -> dict[str, Any]:
    """How Streamlit is set up: nothing leaves the machine, and an error shows no traceback."""
    return {
        "browser.gatherUsageStats": False,
        "client.disableDataExport": True,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "secrets.files": [str(path) for path in secrets],
        "runner.magicEnabled": False,  # a string that stands alone in a page is a comment
        "server.address": host,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.maxUploadSize": 20,
        "server.port": port,
        "server.xsrfCookieSameSite": "strict",
        "theme.light.primaryColor": "#1f6aa5",
        "theme.dark.primaryColor": "#2f80c3",
    }
