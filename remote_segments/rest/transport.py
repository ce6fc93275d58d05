"""What lies below the HTTP client: the credential, the trusted certificates, and the proxy of the environment."""

import ssl
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from remote_segments.errors import PlatformError
from remote_segments.rest.credentials import Credential
from remote_segments.rest.messages import origin

CREDENTIAL = "remote_segments.credential"
"""Key under which the client hands the credential of one call to the transport; nothing below gets to see it."""


class Authenticated(httpx.BaseTransport):
    """Adds the credential last, so that no log line of httpx can show it, and only for the host that it belongs to."""

    def __init__(self, inner: httpx.BaseTransport, base_url: str) -> None:
        self._inner, self._origin = inner, origin(base_url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request with its credential.

        Raises:
            PlatformError: `foreign-link` for any host but the connection's own, or that of a login's token.
        """
        extensions = dict(request.extensions)
        credential: Credential = extensions.pop(CREDENTIAL, Credential())
        if origin(str(request.url)) != (credential.origin or self._origin):
            found = f"A call was about to go to {request.url.host}, which is not the connection's host."
            raise PlatformError("foreign-link", found, "The credential was not sent. Check base_url of the connection.")
        url = request.url
        if credential.query:
            query = b"&".join(filter(None, (url.query, credential.query.encode())))
            url = url.copy_with(query=query)
        headers = httpx.Headers(request.headers)
        headers.update(dict(credential.headers))
        if credential.body is not None:
            headers.pop("content-length", None)
            login = httpx.Request(request.method, url, headers=headers, content=credential.body, extensions=extensions)
            return self._inner.handle_request(login)
        if credential.signing is not None:
            content = request.read()
            headers.update(credential.signing.headers(headers, content))
            signed = httpx.Request(request.method, url, headers=headers, content=content, extensions=extensions)
            return self._inner.handle_request(signed)
        return self._inner.handle_request(
            httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=extensions)
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
