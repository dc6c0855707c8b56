// SPDX-License-Identifier: BSD-2-Clause
#include "client/torchscript_file.h"

#include "base/error.h"
#include "files/mapped_file.h"
#include "files/weights_error.h"
#include "files/zip.h"

namespace hcd::client {

void check_torchscript_file(const std::string &path) {
  constexpr char kKind[] = "a TorchScript file (torch.jit.save)";
  std::string found;
  if (path.empty()) {
    found = "no file name";
  } else {
    const files::MappedFile file = files::MappedFile::open(path, kKind);
    found = files::starts_as_zip(file.bytes())
                ? files::zip_fault(file.bytes())
                : format_text("%zu bytes of something else", file.bytes().size());
  }
  if (!found.empty()) {
    throw files::weights_error(path, std::string("expected ") + kKind + ", found " + found);
  }
}

}  // namespace hcd::client
