"""A server of MNIST files on this machine, which can be made to misbehave, and tiny files for it to send."""

import contextlib
import http.server
import struct
import threading

import torch


def idx(shape: tuple[int, ...], seed: int) -> bytes:
    """Return random bytes in the format of the MNIST files; labels are below 10."""
    high = 10 if len(shape) == 1 else 256
    values = torch.randint(high, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + values.numpy().tobytes()


def send(handler: http.server.BaseHTTPRequestHandler, content: bytes, length: int | None = None) -> None:
    """Reply with the content; a `length` above its own promises more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)
    handler.wfile.flush()


@contextlib.contextmanager
def mirror(reply):
    """Serve until the block ends; `reply(handler, name)` answers the request for NAME.gz. Yield the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            reply(self, self.path.removeprefix("/").removesuffix(".gz"))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
