// SPDX-License-Identifier: BSD-2-Clause
#include "shim/torchscript_file.h"

#include "base/error.h"
#include "net/mapped_file.h"
#include "net/weights_error.h"
#include "net/zip.h"

namespace hcd::shim {

void check_torchscript_file(const std::string &path) {
  constexpr char kKind[] = "a TorchScript file (torch.jit.save)";
  std::string found;
  if (path.empty()) {
    found = "no file name";
  } else {
    const net::MappedFile file = net::MappedFile::open(path, kKind);
    found = net::starts_as_zip(file.bytes())
                ? net::zip_fault(file.bytes())
                : format_text("%zu bytes of something else", file.bytes().size());
  }
  if (!found.empty()) {
    throw net::weights_error(path, std::string("expected ") + kKind + ", found " + found);
  }
}

}  // namespace hcd::shim
