"""What lies below the HTTP client: the credential, the trusted certificates, and the proxy of the environment."""

import ssl
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from remote_segments.errors import PlatformError
from remote_segments.rest.auth import Credential
from remote_segments.rest.messages import origin


class Authenticated(httpx.BaseTransport):
    """Adds the credential last, so that no log line of httpx can show it, and only for the connection's own host."""

    def __init__(self, inner: httpx.BaseTransport, credential: Credential, base_url: str) -> None:
        self._inner, self._credential, self._origin = inner, credential, origin(base_url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request with the credential.

        Raises:
            PlatformError: `foreign-link` for any host but the connection's own.
        """
        if origin(str(request.url)) != self._origin:
            found = f"A call was about to go to {request.url.host}, which is not the connection's host."
            raise PlatformError("foreign-link", found, "The credential was not sent. Check base_url of the connection.")
        url = request.url
        if self._credential.query:
            query = b"&".join(filter(None, (url.query, self._credential.query.encode())))
            url = url.copy_with(query=query)
        headers = httpx.Headers(request.headers)
        headers.update(dict(self._credential.headers))
        return self._inner.handle_request(
            httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions)
        )

    def close(self) -> None:
        """Closes the connections below."""
        self._inner.close()


def proxy(url: str) -> str | None:
    """Returns the proxy that the environment names for an address (HTTPS_PROXY, NO_PROXY)."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


@cache
def certificates() -> ssl.SSLContext:
    """Returns the trusted certificates, loaded once per process: 25 ms each time otherwise."""
    return httpx.create_ssl_context()
