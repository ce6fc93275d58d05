"""`python -m remote_segments.simulator [PORT]`: runs the simulator by itself, on port 8321 unless told otherwise."""

import sys

from remote_segments.simulator.server import HOST, Server
from remote_segments.simulator.state import State

DEFAULT_PORT = 8321


def main() -> None:
    """Prints the address it listens on as its first line, and answers until its input or the process ends."""
    server = Server(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_PORT, State())
    sys.stdout.write(f"http://{HOST}:{server.server_address[1]}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
