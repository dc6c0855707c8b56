# SPDX-License-Identifier: BSD-2-Clause
"""The first look at a pickle: its opcodes, read by pickletools, which makes nothing of them.

pickle.Unpickler is safe against names (see unpickle.py), but not against what costs memory and time: a place in its memo
beyond all others, or keys of a dict whose hashes take years (a tuple of tuples) or are all the same (large numbers). This
look knows of every value on the stack what kind it is, and ends where something else is found than torch.save writes."""

import pickletools
from collections.abc import Callable
from typing import BinaryIO, NoReturn

from hcd.convert.refusal import printable, refusal
from hcd.convert.torch_objects import is_key, named_object

MOST_STEPS = 1_000_000  # RCAN, with 1600 tensors, takes 70 thousand

# Kinds of values. PLAIN may be a key of a dict; OTHER is what a call or a persistent id has made: an OrderedDict, a tensor,
# a storage.
TEXT, PLAIN, LARGE, LIST, TUPLE, DICT, NAMED, OTHER = "text", "plain", "large", "list", "tuple", "dict", "named", "other"

# Opcodes that put a value on the stack and take none.
PUSHES = {
    "NONE": PLAIN, "NEWTRUE": PLAIN, "NEWFALSE": PLAIN, "BININT": PLAIN, "BININT1": PLAIN, "BININT2": PLAIN,
    "BINFLOAT": PLAIN, "BINSTRING": TEXT, "SHORT_BINSTRING": TEXT, "BINUNICODE": TEXT,
    "SHORT_BINUNICODE": TEXT, "BINUNICODE8": TEXT, "EMPTY_LIST": LIST, "EMPTY_TUPLE": TUPLE, "EMPTY_DICT": DICT,
}


class Opcodes:
    """The opcodes of one pickle, which begins where `file` stands; `name` is what messages call the file."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name = file, name
        self.steps = 0
        self.stack: list[str] = []
        self.marks: list[int] = []  # sizes of the stack
        self.memo: dict[int, str] = {}

    def fail(self, what: str) -> NoReturn:
        raise refusal(self.name, "damaged pickle: " + what)

    def fail_by_code(self, code: int) -> NoReturn:
        self.fail(f"expected opcodes of data, found 0x{code:02x}")

    def check(self) -> None:
        """Leaves the file behind the pickle. Raises Fault."""
        end = self.file.tell()  # of the opcode before
        try:
            for opcode, argument, _ in pickletools.genops(self.file):
                self.spend(1)
                self.step(opcode, argument)
                end = self.file.tell()
        except ValueError as error:
            at_end = not self.file.read(1)
            self.file.seek(end)
            code = self.file.read(1)
            if code and code not in CODES:
                self.fail_by_code(code[0])
            self.fail("it ends too early" if at_end else printable(str(error)))

    def spend(self, steps: int) -> None:
        """Everything that takes time or memory passes here."""
        self.steps += steps
        if self.steps > MOST_STEPS:
            self.fail("expected at most a million opcodes, found more")

    def step(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        if opcode.name in PUSHES:
            self.stack.append(PUSHES[opcode.name])
        elif opcode.name in ACTIONS:
            ACTIONS[opcode.name](self, argument)
        else:
            if opcode.name == "INST":  # of protocol 0; its name is the better message
                self.named(argument)
            self.fail_by_code(ord(opcode.code))

    def pop(self, count: int = 1) -> list[str]:
        start = len(self.stack) - count
        if start < (self.marks[-1] if self.marks else 0):
            self.fail("its stack is empty")
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def pop_to_mark(self) -> list[str]:
        if not self.marks:
            self.fail("it has no mark")
        taken = self.pop(len(self.stack) - self.marks[-1])
        self.marks.pop()
        return taken

    def top(self) -> str:
        kind, = self.pop()
        self.stack.append(kind)
        return kind

    def nothing(self, _: object) -> None:
        pass

    def mark(self, _: object) -> None:
        self.marks.append(len(self.stack))

    def make_tuple(self, taken: list[str]) -> None:
        self.stack.append(TUPLE)

    def append(self, taken: list[str]) -> None:
        if self.top() != LIST:
            self.fail("expected a list, found something else")

    def set_items(self, taken: list[str]) -> None:
        if self.top() not in (DICT, OTHER):
            self.fail("expected a dict, found something else")
        if len(taken) % 2 != 0:
            self.fail("expected pairs for a dict, found an odd number")
        if not all(kind in (TEXT, PLAIN) for kind in taken[::2]):
            self.fail("expected texts and numbers as keys of a dict, found something else")

    def put(self, index: object) -> None:
        assert isinstance(index, int)
        if index >= MOST_STEPS:
            self.fail(f"expected places of its memo below a million, found {index}")
        self.memo[index] = self.top()

    def long(self, value: object) -> None:
        self.stack.append(PLAIN if is_key(value) else LARGE)

    def memoize(self, _: object) -> None:
        self.put(len(self.memo))

    def get(self, index: object) -> None:
        assert isinstance(index, int)
        if index not in self.memo:
            self.fail("expected a value of its memo, found none")
        self.stack.append(self.memo[index])

    def named(self, argument: object) -> None:
        named_object(*str(argument).partition(" ")[::2], self.name)
        self.stack.append(NAMED)

    def stack_named(self, _: object) -> None:
        if self.pop(2) != [TEXT, TEXT]:
            self.fail("expected a name, found something else")
        self.stack.append(NAMED)

    def call(self, _: object) -> None:
        if self.pop(2) != [NAMED, TUPLE]:
            self.fail("expected a call, found something else")
        self.stack.append(OTHER)

    def build(self, _: object) -> None:
        self.pop()
        if self.top() != OTHER:
            self.fail("expected a dict to build, found something else")

    def persistent_id(self, _: object) -> None:
        self.pop()
        self.stack.append(OTHER)

    def stop(self, _: object) -> None:
        self.pop()


Action = Callable[[Opcodes, object], None]


def taking(count: int, action: Callable[[Opcodes, list[str]], None]) -> Action:
    return lambda opcodes, _: action(opcodes, opcodes.pop(count))


def taking_to_mark(action: Callable[[Opcodes, list[str]], None]) -> Action:
    return lambda opcodes, _: action(opcodes, opcodes.pop_to_mark())


ACTIONS: dict[str, Action] = {
    "PROTO": Opcodes.nothing, "FRAME": Opcodes.nothing, "MARK": Opcodes.mark, "STOP": Opcodes.stop, "LONG1": Opcodes.long,
    "TUPLE": taking_to_mark(Opcodes.make_tuple), "TUPLE1": taking(1, Opcodes.make_tuple),
    "TUPLE2": taking(2, Opcodes.make_tuple), "TUPLE3": taking(3, Opcodes.make_tuple),
    "APPEND": taking(1, Opcodes.append), "APPENDS": taking_to_mark(Opcodes.append),
    "SETITEM": taking(2, Opcodes.set_items), "SETITEMS": taking_to_mark(Opcodes.set_items),
    "BINPUT": Opcodes.put, "LONG_BINPUT": Opcodes.put, "MEMOIZE": Opcodes.memoize,
    "BINGET": Opcodes.get, "LONG_BINGET": Opcodes.get, "GLOBAL": Opcodes.named, "STACK_GLOBAL": Opcodes.stack_named,
    "REDUCE": Opcodes.call, "BUILD": Opcodes.build, "BINPERSID": Opcodes.persistent_id,
}
CODES = {opcode.code.encode("latin-1") for opcode in pickletools.opcodes
         if opcode.name in PUSHES or opcode.name in ACTIONS}
