# SPDX-License-Identifier: BSD-2-Clause
"""Why tasks fail, in words for who does not know the programs that said it."""

import re

from hcd.ffmpeg_log import NO_ROOM

OTHER_SOURCE = "The source is not the file any more that was planned. Plan it again."
CAUSES = (
    (NO_ROOM, "A disk was full, or a limit on space or the size of files was met. Free some room, and resume."),
    (re.compile(r"expected the build"), "The node has another build of HCD, FFmpeg or a library than the plan was made with. Its "
                                        "chunks would not be the same: give it that build, or leave it out."),
    (re.compile(r"it has changed|source has changed|plan it again"), OTHER_SOURCE),
    (re.compile(r"is it mounted here"), "The node does not see a file that the others see: its storage may not be mounted."),
    (re.compile(r"limit on its time"), "It took longer than its engine allowed. Resume with more time."),
    (re.compile(r"SIGKILL|out of memory|Cannot allocate memory", re.IGNORECASE), "It was killed, or found no memory: most often "
                                                                                 "there was too little for what ran at once."),
    (re.compile(r"^stopped by SIG"), "It was stopped from outside: by cancel, or by the engine. Resume goes on."),
    (re.compile(r"Permission denied|Read-only file system"), "The node may not write, or read, there."),
    (re.compile(r"Input/output error|Stale file handle"), "The storage did not answer as it should."),
    (re.compile(r"expected \d+ chunks"), "Chunks are missing. Resume makes them."),
    (re.compile(r"decodes? to|failed its check"), "The result is not what was encoded. It was kept, and is not to be used."),
)


def cause(text: str) -> str:
    """"": not one of those that are known."""
    return next((words for pattern, words in CAUSES if pattern.search(text)), "")
