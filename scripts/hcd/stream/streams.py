# SPDX-License-Identifier: BSD-2-Clause
"""What goes along with the video, from one container into another: sound, subtitles, fonts, cover pictures, tags.
What a container takes is tried on its muxer before the work starts; what does not come along is named."""

from dataclasses import dataclass, field
from pathlib import Path

from hcd import run
from hcd.ffmpeg_log import reason
from hcd.progress import say
from hcd.stream import mp4_tags
from hcd.stream.video import KEY, MODEL, SIZE, Video, is_cover, is_matroska, is_weights, look

MUXERS = {".mkv": "matroska", ".mp4": "mp4", ".mov": "mov"}
KINDS = ("audio", "subtitle", "attachment", "cover", "data", "video")
# Of the coded video or of the container that was, not of what is shown.
OWN_TAGS = ("ENCODER", "DURATION", "MAJOR_BRAND", "MINOR_VERSION", "COMPATIBLE_BRANDS", MODEL, SIZE, KEY)
OWN_STREAM_TAGS = ("ENCODER", "DURATION", "BPS", "NUMBER_OF_", "_STATISTICS", "HANDLER_NAME", "VENDOR_ID", "ROTATE",
                   "ALPHA_MODE", "SOURCE_ID", "CREATION_TIME", "FILENAME", "MIMETYPE")
PICTURES = {"mjpeg": ("image/jpeg", "jpg"), "png": ("image/png", "png"), "gif": ("image/gif", "gif"),
            "bmp": ("image/bmp", "bmp"), "webp": ("image/webp", "webp"), "tiff": ("image/tiff", "tiff")}
SHOWN_PICTURES = ("mjpeg", "png", "bmp")  # that MP4 takes
READ = 10  # seconds of a stream that a muxer is shown: some look at the first packet


def kind_of(stream: dict) -> str:
    return "cover" if is_cover(stream) else stream.get("codec_type", "data")


def called(stream: dict) -> str:
    """For the user."""
    codec = stream.get("codec_name") or stream.get("codec_tag_string", "").removeprefix("[0][0][0][0]")
    name = stream.get("tags", {}).get("filename") or stream.get("tags", {}).get("title", "")
    return f"stream {stream['index']} ({' '.join(filter(None, (kind_of(stream), codec, name)))})"


def flags(stream: dict) -> str:
    return "+".join(name for name, on in stream.get("disposition", {}).items() if on) or "0"


def copying(number: int, stream: dict, codec: str) -> list[str]:
    """Words of ffmpeg. A muxer that finds ADTS headers by itself ends at the first damaged one; ffmpeg passes over
    it."""
    words = ["-map", f"0:{stream['index']}", f"-c:{number}", codec]
    return words + [f"-bsf:{number}", "aac_adtstoasc"] * (stream.get("codec_name") == "aac")


def muxes(source: Path, suffix: str, chosen: list[tuple[dict, str]]) -> str:
    """Whether a container takes streams, each as a codec of it or "copy"; "": it does, else why not."""
    words = []
    for number, (stream, codec) in enumerate(chosen):
        words += copying(number, stream, codec)
    done = run.quick("ffmpeg", "-nostdin", "-y", "-v", "level+error", "-t", READ, "-i", f"file:{source.resolve()}",
                     *words, "-f", MUXERS[suffix], "/dev/null")
    return (reason(done.log) or "ffmpeg fails") if done.code else ""


@dataclass
class Streams:
    """The plan for one output. `chosen`: stream of the source, codec."""
    source: Video
    output: Path
    chosen: list[tuple[dict, str]] = field(default_factory=list)
    covers: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def suffix(self) -> str:
        return self.output.suffix.lower()

    def left_out(self, stream: dict, why: str) -> None:
        self.notes.append(f"left out: {called(stream)}: {why}")

    def choose(self, drop: list[str]) -> "Streams":
        copied = []
        for stream in self.source.streams:
            kind = kind_of(stream)
            if stream is self.source.own or is_weights(stream) or kind in drop:
                continue
            if kind == "video":
                self.left_out(stream, f"only the first video track, {self.source.own['index']}, is made small or large")
            elif kind == "cover":
                self.choose_cover(stream)
            elif kind == "attachment" and not is_matroska(self.output):
                self.left_out(stream, f"{self.suffix} takes no attachments; .mkv does")
            elif not self.is_written_anew(stream):
                copied.append((stream, "copy"))
        if copied and muxes(self.source.path, self.suffix, copied):
            copied = [(stream, codec) for stream, _ in copied if (codec := self.codec_for(stream))]
        self.chosen = copied
        return self

    def is_written_anew(self, stream: dict) -> bool:
        """Tracks of MP4 that hold what the tags and chapters of others say as well."""
        timecode = stream.get("codec_tag_string") == "tmcd" and about(self.source.own, "timecode") != ""
        return timecode or (stream.get("codec_type") == "data" and stream.get("codec_tag_string") == "text"
                            and self.source.chapters > 0)

    def choose_cover(self, stream: dict) -> None:
        codec = stream.get("codec_name", "")
        if codec in (PICTURES if is_matroska(self.output) else SHOWN_PICTURES):
            self.covers.append(stream)
        else:
            self.left_out(stream, f"{self.suffix} takes no such cover picture")

    def codec_for(self, stream: dict) -> str:
        """"copy", another codec for subtitles, or "" for what no codec brings into the container."""
        why = muxes(self.source.path, self.suffix, [(stream, "copy")])
        if not why:
            return "copy"
        if stream["codec_type"] == "subtitle":
            text = "srt" if is_matroska(self.output) else "mov_text"
            if not muxes(self.source.path, self.suffix, [(stream, text)]):
                self.notes.append(f"{called(stream)} becomes {text}: {self.suffix} does not take it as it is")
                return text
        others = [other for other in (".mkv", ".mp4") if other != self.suffix
                  and not muxes(self.source.path, other, [(stream, "copy")])]
        self.left_out(stream, f"{self.suffix} does not take it ({why}){f'; {others[0]} does' if others else ''}")
        return ""

    def words(self, number: int = 0) -> list[str]:
        """For ffmpeg, which has the source as its first input, behind `-map` of one video: copies, and what is known
        of each stream."""
        words = self.about_video() + ["-default_mode", "passthrough"] * is_matroska(self.output)
        for stream, codec in self.chosen:
            number += 1
            words += [*copying(number, stream, codec), f"-disposition:{number}", flags(stream)]
            if stream["codec_type"] == "attachment":  # Matroska asks for both
                tags = stream.get("tags", {})
                for name, value in (("filename", f"attachment{number}"), ("mimetype", "application/octet-stream")):
                    words += [f"-metadata:s:{number}", f"{name}={tags.get(name, value)}"]
        if not is_matroska(self.output):
            for stream in self.covers:
                number += 1
                words += ["-map", f"0:{stream['index']}", f"-c:{number}", "copy", f"-disposition:{number}",
                          "attached_pic"]
        return words + self.about_file()

    def about_video(self) -> list[str]:
        words = ["-disposition:0", flags(self.source.own)]
        for name, value in self.source.own.get("tags", {}).items():
            if not name.upper().startswith(OWN_STREAM_TAGS):
                words += ["-metadata:s:0", f"{name}={value}"]
        return words

    def tags(self) -> dict[str, str]:
        """Those of the source that hold for what is made of it."""
        return {name: value for name, value in self.source.tags.items() if name.upper() not in OWN_TAGS}

    def about_file(self) -> list[str]:
        words = []
        for name in (*OWN_TAGS[2:5], SIZE, KEY, MODEL):  # ffmpeg copies them
            words += ["-metadata", f"{next((own for own in self.source.tags if own.upper() == name), name)}="]
        for name, value in self.tags().items():
            words += ["-metadata", f"{name}={value}"]
        return words

    def dispositions(self) -> list[str]:
        """For a copy of what words() has made."""
        every = [self.source.own, *(stream for stream, _ in self.chosen)]
        return [word for number, stream in enumerate(every) for word in (f"-disposition:{number}", flags(stream))]

    def attach(self, folder: Path, more: list[tuple[Path, str, str]] = ()) -> list[str]:
        """Cover pictures and other files for Matroska: words of ffmpeg. `more`: file, name, type."""
        files = list(more)
        for number, stream in enumerate(self.covers):
            mime, ending = PICTURES[stream["codec_name"]]
            tags = stream.get("tags", {})
            name = tags.get("filename") or f"cover{number or ''}.{ending}"
            picture = folder / f"cover{number}.{ending}"
            run.ffmpeg("cover picture", "-v", "level+error", "-i", f"file:{self.source.path.resolve()}", "-map",
                         f"0:{stream['index']}", "-c", "copy", "-frames:v", "1", "-f", "data", picture.name,
                         folder=folder)
            files.append((picture, name, tags.get("mimetype", mime)))
        there, words = sum(stream["codec_type"] == "attachment" for stream, _ in self.chosen), []
        for number, (file, name, mime) in enumerate(files, there):
            words += ["-attach", file.name, f"-metadata:s:t:{number}", f"filename={name}",
                      f"-metadata:s:t:{number}", f"mimetype={mime}"]
        return words

    def tag(self, path: Path, output: Path, own: dict[str, str]) -> None:
        """MP4: our tags, and those of the source that the muxer has left out."""
        found = {name.upper(): value for name, value in look(path).tags.items()}
        missing = {name: value for name, value in self.tags().items() if found.get(name.upper()) != value}
        mp4_tags.add(path, output, {**missing, **own})

    def compare(self, path: Path) -> list[str]:
        """What a finished file lacks, in words."""
        made, lacking = look(path), []
        found = {name.upper(): value for name, value in made.tags.items()}
        lost = [name for name, value in self.tags().items() if same(found.get(name.upper(), "")) != same(value)]
        if lost:
            lacking.append(f"left out: tags {', '.join(lost)}")
        if self.source.chapters > made.chapters:
            lacking.append(f"left out: {self.source.chapters - made.chapters} of {self.source.chapters} chapters")
        others = [stream for stream in made.streams if stream is not made.own and not is_cover(stream)]
        for stream, own in zip((self.source.own, *(stream for stream, _ in self.chosen)), (made.own, *others)):
            if stream.get("codec_type") in ("attachment", "data"):
                continue
            gone = [name for name in ("language", "title") if about(stream, name) != about(own, name)]
            gone += [name for name, on in stream.get("disposition", {}).items()
                     if on and not own.get("disposition", {}).get(name)]
            if gone:
                lacking.append(f"left out of {called(stream)}: {', '.join(gone)}, which {self.suffix} does not take")
        return lacking

    def tell(self, who: str, lines: list[str]) -> None:
        for line in lines:
            say(f"{who}: {self.output.name}: {line}")


def same(text: str) -> str:
    """A time is the same with fewer digits behind the second."""
    return text.replace(".000000Z", "Z").strip()


def about(stream: dict, name: str) -> str:
    tags = {key.upper(): value for key, value in stream.get("tags", {}).items()}
    value = tags.get(name.upper(), "")
    return "" if name == "language" and value == "und" else value
