"""A provider on loopback: real HTTP, answers told in advance, everything asked remembered."""

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    cut: int | None = None  # send only so many bytes, then hang up
    pause: float = 0  # seconds between pieces of 1,000 bytes


@dataclass
class Asked:
    method: str
    path: str
    headers: dict
    body: bytes


class StubServer:
    """`server.on("/a", Answer(...), Answer(...))`: answers one after another; the last one stays.

    `server.on_query("/a", function)`: function(parameters) -> Answer for every query below that path.
    """

    def __init__(self):
        self.answers: dict[str, list[Answer]] = {}
        self.functions: dict = {}
        self.asked: list[Asked] = []
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self.httpd.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, daemon=True)
        self.thread.start()

    def on(self, path, *answers):
        self.answers[path] = list(answers)
        return f"{self.url}{path}"

    def on_query(self, path, function):
        self.functions[path] = function

    def _answer_to(self, target):
        parts = urlsplit(target)
        if parts.query and parts.path in self.functions:
            return self.functions[parts.path](dict(parse_qsl(parts.query)))
        waiting = self.answers.get(target, [Answer(404)])
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def _handler(stub):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self):
                import time

                length = int(self.headers.get("Content-Length") or 0)
                stub.asked.append(Asked(self.command, self.path, dict(self.headers), self.rfile.read(length)))
                answer = stub._answer_to(self.path)
                self.send_response(answer.status)
                headers = {"Content-Length": str(len(answer.body)), **answer.headers}
                for name, value in headers.items():
                    if value is not None:
                        self.send_header(name, value)
                if headers.get("Content-Length") is None:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                body = answer.body if answer.cut is None else answer.body[: answer.cut]
                with contextlib.suppress(OSError):
                    if answer.pause:
                        for start in range(0, len(body), 1000):
                            self.wfile.write(body[start : start + 1000])
                            self.wfile.flush()
                            time.sleep(answer.pause)
                    else:
                        self.wfile.write(body)
                if answer.cut is not None:
                    self.close_connection = True

            do_GET = do_POST = do_DELETE = do_HEAD = _answer

            def log_message(self, *args):
                pass

        return Handler
