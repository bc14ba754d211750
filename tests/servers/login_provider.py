"""An OpenID Connect provider that knows one person and asks for no password."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


class LoginProvider:
    """`address` is who logs in next; `verified` what is said of it."""

    def __init__(self, address: str) -> None:
        self.address, self.verified = address, True

    def __enter__(self) -> "LoginProvider":
        provider = self
        self._key = RSAKey.generate_key(2048, {"kid": "k", "alg": "RS256", "use": "sig"})

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path == "/authorize":
                    self._redirect({name: values[0] for name, values in parse_qs(url.query).items()})
                elif url.path == "/keys":
                    self._send({"keys": [provider._key.as_dict(private=False)]})
                else:
                    self._send(provider._metadata())

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                token = provider._id_token(form["code"][0])
                self._send({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": token})

            def _redirect(self, asked: dict[str, str]) -> None:
                back = urlencode({"code": asked.get("nonce", ""), "state": asked["state"]})
                self.send_response(302)
                self.send_header("Location", f"{asked['redirect_uri']}?{back}")
                self.end_headers()

            def _send(self, body: Any) -> None:
                payload = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, name="login provider")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": "dashboard", "sub": "1", "iat": now, "exp": now + 600, "nonce": nonce}
        person = {"email": self.address, "email_verified": self.verified}
        return jwt.encode({"alg": "RS256", "kid": "k"}, claims | person, self._key)
