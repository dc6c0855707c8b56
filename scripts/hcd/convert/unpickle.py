# SPDX-License-Identifier: BSD-2-Clause
"""Python's pickles as torch.save writes them, read as data: nothing in them is called or imported."""

import pickle
from typing import BinaryIO

from hcd.convert.opcodes import Opcodes
from hcd.convert.refusal import printable, refusal
from hcd.convert.torch_objects import ORDERED_DICT, Damage, Fixed, Maker, Storage, named_object, storage_of
from hcd.run import Fault


class DataUnpickler(pickle.Unpickler):
    """pickle.Unpickler with both ways out shut: names lead to stand-ins, persistent ids to storages. Opcodes has seen the
    pickle before; `storages` gets those of the file by key."""

    def __init__(self, file: BinaryIO, name: str, opcodes: Opcodes, storages: dict[str, Storage]) -> None:
        super().__init__(file, encoding="latin1")
        self.name, self.opcodes, self.storages = name, opcodes, storages

    def find_class(self, module: str, name: str) -> Fixed:
        found = named_object(module, name, self.name)
        return Maker(self.make_dict) if found is ORDERED_DICT else found

    def make_dict(self, arguments: tuple) -> dict:
        """The work is in proportion to the pairs, which may come from the memo any number of times."""
        made = ORDERED_DICT(*arguments)
        self.opcodes.spend(sum(map(len, arguments)))
        return made

    def persistent_load(self, identity: object) -> Storage:
        storage = storage_of(identity, self.name)
        self.storages[storage.key] = storage
        return storage


def read_pickle(file: BinaryIO, name: str, storages: dict[str, Storage] | None = None) -> object:
    """The value of the pickle that begins where `file` stands, which is left behind it. `name` is what messages call the
    file. Raises Fault for whatever torch_objects does not know ("refused '<module>.<name>': ..."), for damage, and for
    more than a million opcodes, which bounds time and memory."""
    start = file.tell()
    opcodes = Opcodes(file, name)
    opcodes.check()
    end = file.tell()
    file.seek(start)
    try:
        value = DataUnpickler(file, name, opcodes, {} if storages is None else storages).load()
    except (Fault, MemoryError):
        raise
    except Exception as error:  # the documentation of pickle: of any kind  # noqa: BLE001
        raise refusal(name, f"damaged pickle: {printable(str(error)) if type(error) is not Damage else error}") \
            from None
    file.seek(end)
    return value
