"""A proxy in front of an S3 server that answers wrongly on demand: not at all, slowly, with 503, or only in part."""

import http.client
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

FINE, BUSY, HANG, RESET, SLOW = "fine", "503", "hang", "reset", "slow"
_KEY = re.compile(rb"<Key>([^<]+)</Key>")
_OBJECT = re.compile(rb"<Object>.*?</Object>", re.DOTALL)
_DELETED = re.compile(rb"<Deleted>.*?</Deleted>", re.DOTALL)
_NOT_COPIED = {"connection", "transfer-encoding", "content-length", "date", "server"}


class FaultProxy:
    """`proxy.mode`: how every request is treated. `proxy.refuses(key)`: what DeleteObjects leaves, with an error."""

    def __init__(self, upstream: str) -> None:
        self.upstream, self.mode, self.asked = urlsplit(upstream).netloc, FINE, Counter[str]()
        self.refuses: Callable[[str], bool] = lambda key: False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _handler(proxy) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.asked[proxy.mode] += 1
                match proxy.mode:
                    case "503":
                        self._answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
                        return
                    case "hang":
                        time.sleep(3)
                        self.close_connection = True
                        return
                    case "reset":
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        self.close_connection = True
                        self.connection.close()
                        return
                    case "slow":
                        time.sleep(0.3)
                self._passed_on(body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any

            def _passed_on(self, body: bytes) -> None:
                refused: list[bytes] = []
                if self.command == "POST" and "delete" in urlsplit(self.path).query.split("&")[0]:
                    refused = [key for key in _KEY.findall(body) if proxy.refuses(key.decode())]
                    body = _OBJECT.sub(lambda one: b"" if _KEY.search(one[0])[1] in refused else one[0], body)
                status, headers, content = 200, {"Content-Type": "application/xml"}, b"<DeleteResult></DeleteResult>"
                if not refused or _OBJECT.search(body):
                    upstream = http.client.HTTPConnection(proxy.upstream, timeout=30)
                    sent = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
                    upstream.request(self.command, self.path, body, sent)
                    answer = upstream.getresponse()
                    status, headers, content = answer.status, dict(answer.getheaders()), answer.read()
                    upstream.close()
                errors = b"".join(
                    b"<Error><Key>" + key + b"</Key><Code>InternalError</Code><Message>x</Message></Error>"
                    for key in refused
                )
                self._answer(status, headers, content.replace(b"</DeleteResult>", errors + b"</DeleteResult>"))

            def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response(status)
                length = headers.get("Content-Length") if self.command == "HEAD" else None
                for name, value in headers.items():
                    if name.lower() not in _NOT_COPIED:
                        self.send_header(name, value)
                self.send_header("Content-Length", length or str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                pass

        return Handler
