#!/bin/sh
# httpx2 2.16.2 (httpx 0.28.1 does the same) drops all but the first member of a gzip body, in silence.
#
# Content-Encoding: gzip is RFC 1952 (RFC 9110, 8.4.1.3), where a body is a *series* of members. Servers that pack
# what they send piece by piece, or join packed pieces, send several. httpx2 answers 200, raises nothing, and `.text`,
# `.json()` and `iter_lines()` see the first member alone: of lines of JSON, the first ones, which parse. The rest has been
# received, and is nowhere. Its zstd decoder does read all frames of a body, so neither the library nor its documentation
# makes one expect this. requests 2.32.5 and `gzip.decompress` give everything.
#
# Nor is the end checked: a body that lacks its last 8 bytes (checksum and length) counts as complete, where
# `gzip.decompress` raises EOFError.
#
# Seen on 2026-11-27, Python 3.11:
#   gzip.decompress: 3 lines
#   requests 2.32.5: 200, 3 lines
#   httpx2 2.16.2: 200, 1 line
#   httpx2 2.16.2, streamed: 200, 1 line
#   httpx2 2.16.2, without the last 8 bytes: 200, 3 lines
set -eu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
"${PYTHON:-python3}" -m venv "$home/venv"
"$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check httpx2==2.16.2 requests==2.32.5
"$home/venv/bin/python" - <<'PYTHON'
import gzip
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import requests

LINES = [b'{"film": 1}\n', b'{"film": 2}\n', b'{"film": 3}\n']
MEMBERS = b"".join(map(gzip.compress, LINES))
BODIES = {"/members": MEMBERS, "/cut": gzip.compress(b"".join(LINES))[:-8]}


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        body = BODIES[self.path]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
seen = []


def show(who, text, status=""):
    number = len(text.splitlines())
    seen.append(number)
    print(f"{who}: {status}{', ' if status else ''}{number} {'line' if number == 1 else 'lines'}")


http = requests.Session()
http.trust_env = False
show("gzip.decompress", gzip.decompress(MEMBERS))
answer = http.get(url + "/members")
show(f"requests {requests.__version__}", answer.content, answer.status_code)
with httpx2.Client(trust_env=False) as client:
    answer = client.get(url + "/members")
    show(f"httpx2 {httpx2.__version__}", answer.content, answer.status_code)
    with client.stream("GET", url + "/members") as answer:
        show(f"httpx2 {httpx2.__version__}, streamed", "\n".join(answer.iter_lines()), answer.status_code)
    answer = client.get(url + "/cut")
    show(f"httpx2 {httpx2.__version__}, without the last 8 bytes", answer.content, answer.status_code)
if seen != [3, 3, 1, 1, 3]:
    sys.exit("this is not what was seen before")
PYTHON
