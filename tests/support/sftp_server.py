"""A real SFTP server on loopback, by others than the client: asyncssh, in a thread of its own, below one folder."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

USER, PASSWORD = "lifecycle", "a password that nobody may see"


@dataclass(frozen=True)
class SftpServer:
    """Where it listens, and what proves both sides."""

    port: int
    host_key: str
    """Its public key as `ssh-keyscan` prints it, without the host."""
    client_key: str
    """A private key that it accepts."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"sftp://127.0.0.1:{self.port}"


class _Server(asyncssh.SSHServer):
    """Accepts one user, by password or key."""

    def __init__(self, key: str, connections: list[asyncssh.SSHServerConnection]) -> None:
        self._key, self._connections = key, connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key.export_public_key().decode() == self._key


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    """Serves a folder until the block ends."""
    host, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    public = client.export_public_key().decode()
    loop = asyncio.new_event_loop()
    connections: list[asyncssh.SSHServerConnection] = []

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Server(public, connections),
            "127.0.0.1",
            0,
            server_host_keys=[host],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
        )

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    try:
        key = " ".join(host.export_public_key().decode().split()[:2])
        yield SftpServer(acceptor.get_port(), key, client.export_private_key().decode())
    finally:
        asyncio.run_coroutine_threadsafe(_closed(acceptor, connections), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _closed(acceptor: asyncssh.SSHAcceptor, connections: list[asyncssh.SSHServerConnection]) -> None:
    """Ends the server and whatever a client left open, so that nothing of the loop is left when it is closed."""
    acceptor.close()
    await acceptor.wait_closed()
    for connection in connections:
        connection.abort()
        await connection.wait_closed()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
