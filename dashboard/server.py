"""The ASGI application: Streamlit behind headers that let a page load nothing from anywhere else."""

from pathlib import Path
from typing import Any

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
        "connect-src 'self' ws: wss:",
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
]
_LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]


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


def create_app(host: str) -> App:
    """On a loopback address only requests that name one are answered: a foreign page cannot rebind its name to it."""
    middleware: list[Middleware] = [Middleware(SecurityHeaders)]
    if host in ("127.0.0.1", "localhost", "::1"):
        trusted: Any = TrustedHostMiddleware
        middleware.append(Middleware(trusted, allowed_hosts=_LOOPBACK))
    return App(Path(__file__).parent / "entry" / "script.py", middleware=middleware)


def settings(host: str, port: int) -> dict[str, Any]:
    """How Streamlit is set up: nothing leaves the machine, and an error shows no traceback."""
    return {
        "browser.gatherUsageStats": False,
        "client.disableDataExport": True,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "server.address": host,
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.maxUploadSize": 20,
        "server.port": port,
        "theme.light.primaryColor": "#1f6aa5",
        "theme.dark.primaryColor": "#78b4e6",
    }
