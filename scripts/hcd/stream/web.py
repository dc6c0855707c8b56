# SPDX-License-Identifier: BSD-2-Clause
"""scripts/play --web: a folder with the page of samples/web, the built-in weights and the stream, served on the loopback
address."""

import functools
import os
import re
import shutil
import sys
import urllib.parse
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hcd import run
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import mp4_tags, package, video

TOP = Path(__file__).resolve().parents[3]
PAGE, LIGHT = TOP / "samples" / "web", TOP / "core" / "weights" / "light"
MP4 = (".mp4", ".m4v")
PLAYED = ("aac", "mp3", "opus", "flac")  # sound that browsers play in an MP4


class Handler(SimpleHTTPRequestHandler):
    """Files of a folder, and parts of them: a browser seeks by ranges, which Python's own server does not know."""
    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript", ".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".m4s": "video/mp4"}

    def log_message(self, *_):
        pass

    def parse_request(self):
        """No page of another host may read here by a name of its own for the loopback address."""
        if not super().parse_request():
            return False
        if self.headers.get("Host", "").rpartition(":")[0] in ("127.0.0.1", "localhost"):
            return True
        self.send_error(HTTPStatus.FORBIDDEN)
        return False

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")  # a file that is replaced within a second has the date of before
        super().end_headers()

    def do_GET(self):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        try:
            if wanted and path.is_file():
                self.send_part(path, int(wanted[1]), int(wanted[2] or path.stat().st_size - 1))
            else:
                super().do_GET()
        except ConnectionError:  # the browser wants no more of it
            self.close_connection = True

    def send_part(self, path: Path, first: int, last: int) -> None:
        size = path.stat().st_size
        last = min(last, size - 1)
        if first > last:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with open(path, "rb") as file:
            file.seek(first)
            left = last - first + 1
            while left > 0 and (part := file.read(min(left, 1 << 16))):
                self.wfile.write(part)
                left -= len(part)


class Server(ThreadingHTTPServer):
    """On a free port of the loopback address."""
    daemon_threads = True

    def __init__(self, folder: Path):
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a browser that has gone
            super().handle_error(request, client_address)

    def address(self, words: dict[str, str]) -> str:
        return f"http://127.0.0.1:{self.server_port}/?{urllib.parse.urlencode(words, quote_via=urllib.parse.quote, safe='/')}"


def lay_page(folder: Path) -> None:
    """The page, and beside it the weights that are built into the library."""
    for path in (*PAGE.glob("*.html"), *PAGE.glob("*.js")):
        shutil.copyfile(path, folder / path.name)
    (folder / "models").mkdir()
    for path in (*LIGHT.glob("lite_x*.safetensors"), *LIGHT.glob("base_x*.safetensors")):
        shutil.copyfile(path, folder / "models" / path.name)


def lay_stream(stream: Path, folder: Path) -> str:
    """The stream, as a browser plays it; returns its name in the folder."""
    if stream.is_dir():
        names = [name for name in (package.PLAYLIST, package.MANIFEST) if (stream / name).is_file()]
        if not names:
            raise Fault(f"{stream}: expected a folder with {package.PLAYLIST} or {package.MANIFEST}, found none of them")
        os.symlink(stream.resolve(), folder / "stream")
        return f"stream/{names[0]}"
    if stream.suffix.lower() in (".m3u8", ".mpd"):
        if not stream.is_file():
            raise Fault(f"{stream}: expected a playlist or manifest, found none")
        os.symlink(stream.resolve().parent, folder / "stream")
        return f"stream/{stream.name}"
    found = video.look(stream)
    weights = video.weights_of(found, folder)
    laid = folder / f"{stream.stem}.mp4"
    if stream.suffix.lower() in MP4:
        os.symlink(stream.resolve(), laid)
    else:
        remux(found, weights, laid, folder)
    if weights:
        os.replace(weights, video.beside(laid))
    return laid.name


def remux(found: video.Video, weights: Path | None, laid: Path, folder: Path) -> None:
    """Into an MP4 with the same tags."""
    words = ["-map", f"0:{found.own['index']}", "-c:v", "copy"]
    if found.own["codec_name"] == "hevc":
        words += ["-tag:v", "hvc1"]
    for sound in found.of_kind("audio")[:1]:
        plays = sound["codec_name"] in PLAYED
        words += ["-map", f"0:{sound['index']}", "-c:a", "copy" if plays else "aac"]
        if not plays:
            say(f"play: {laid.name}: the sound, {sound['codec_name']}, is coded as aac, which browsers play")
    part = folder / "part.mp4"
    run.ffmpeg(f"{laid.name}: remux", "-v", "level+error", "-i", f"file:{found.path.resolve()}", *words, "-map_metadata",
               "-1", "-movflags", "+faststart", part.name, folder=folder, readers=found.readers)
    tags = {name: value for name in (video.MODEL, video.SIZE) if (value := found.tag(name))}
    if weights:
        tags[video.KEY] = video.key_of(weights)
    mp4_tags.add(part, laid, tags) if tags else os.replace(part, laid)
    part.unlink(missing_ok=True)


def serve(stream: Path, model: str | None, folder: Path) -> None:
    """Until it is stopped."""
    lay_page(folder)
    words = {"src": lay_stream(stream, folder)} | ({"model": model} if model else {})
    with Server(folder) as server:
        say(f"play: {stream.name}: {server.address(words)}  (Ctrl-C ends it)")
        server.serve_forever()
