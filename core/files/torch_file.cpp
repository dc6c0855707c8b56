// SPDX-License-Identifier: BSD-2-Clause
// The formats are those of torch/serialization.py: a zip archive of <folder>/data.pkl and
// <folder>/data/<key> since PyTorch 1.6; before it four pickles (a magic number, a version, facts
// about the machine, the object), one of the storages' keys, then each storage behind its count.
#include "files/torch_file.h"

#include <optional>

#include "files/weights_error.h"
#include "files/zip.h"

namespace hcd::files {
namespace {

constexpr char kExpected[] = "expected a PyTorch file (torch.save), found ";
constexpr uint8_t kPickleStart = 0x80;
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr int64_t kLegacyVersion = 1001;

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

class ZipFile {
 public:
  ZipFile(std::span<const uint8_t> bytes, const std::string &name) : name_(name) {
    const ZipDirectory directory = read_zip(bytes);
    if (!directory.fault.empty()) throw weights_error(name_, kExpected + directory.fault);
    if (directory.large) throw weights_error(name_, kExpected + std::string("one in zip64"));
    for (const ZipEntry &entry : directory.entries) {
      if (!entries_.emplace(entry.name, entry).second) {
        throw weights_error(
            name_, "expected one entry '" + printable(entry.name) + "' in the archive, found two");
      }
    }
  }

  TorchFile read() const {
    const std::string folder = find_folder();
    const auto order = entries_.find(folder + "byteorder");
    if (order != entries_.end() && text_of(data_of(order->second)) != "little") {
      throw weights_error(name_, "expected little-endian storages, found '" +
                                     printable(text_of(data_of(order->second))) + "'");
    }
    TorchFile file;
    file.object = read_pickle(data_of(entries_.find(folder + "data.pkl")->second), name_);
    const std::string prefix = folder + "data/";
    for (const auto &[name, entry] : entries_) {
      if (name.starts_with(prefix)) file.storages[name.substr(prefix.size())] = data_of(entry);
    }
    return file;
  }

 private:
  // The one folder with a data.pkl, with its slash.
  std::string find_folder() const {
    constexpr std::string_view kPickleName = "data.pkl";
    std::optional<std::string> folder;
    for (const auto &[name, entry] : entries_) {
      const size_t slash = name.find('/');
      if (slash == std::string_view::npos || name.substr(slash + 1) != kPickleName) continue;
      if (folder)
        throw weights_error(name_, kExpected + std::string("two data.pkl in one archive"));
      folder = name.substr(0, slash + 1);
    }
    if (!folder) throw weights_error(name_, kExpected + std::string("an archive without data.pkl"));
    return *folder;
  }

  std::span<const uint8_t> data_of(const ZipEntry &entry) const {
    if (entry.form != ZipEntry::Form::kStored) {
      throw weights_error(name_, "entry '" + printable(entry.name) +
                                     "': expected plain bytes, found " +
                                     (entry.form == ZipEntry::Form::kLarge
                                          ? "zip64"
                                          : "compressed ones, which torch.save never writes"));
    }
    return entry.data;
  }

  const std::string &name_;
  std::map<std::string_view, ZipEntry, std::less<>> entries_;
};

// The file's pickles and storages, one after another.
class LegacyFile {
 public:
  LegacyFile(std::span<const uint8_t> bytes, const std::string &name) : rest_(bytes), name_(name) {}

  TorchFile read() {
    const Pickle magic = pickle(), version = pickle();
    const auto *number = magic.root->as<PickleLong>();
    if (!number || number->bytes != kMagic) {
      throw weights_error(name_, kExpected + std::string("another pickle"));
    }
    check_version(version, pickle());
    TorchFile file;
    file.object = pickle();
    const Pickle keys = pickle();
    const auto *list = keys.root->as<PickleList>();
    if (!list) throw weights_error(name_, "expected a list of storages, found something else");
    const std::map<std::string_view, StorageReference> known = references(file.object);
    for (const PickleValue *item : list->items) {
      const auto *key = item->as<std::string_view>();
      const auto found = key ? known.find(*key) : known.end();
      if (found == known.end()) {
        throw weights_error(name_, "expected storages of tensors, found one of none");
      }
      file.storages[*key] = storage(found->second);
    }
    return file;
  }

 private:
  Pickle pickle() {
    Pickle pickle = read_pickle(rest_, name_);
    rest_ = rest_.subspan(pickle.size);
    return pickle;
  }

  void check_version(const Pickle &version, const Pickle &machine) const {
    const auto *number = version.root->as<int64_t>();
    if (!number || *number != kLegacyVersion) {
      throw weights_error(name_, "expected version 1001 of torch.save's old format, found another");
    }
    const auto *facts = machine.root->as<PickleDict>();
    const PickleValue *order = facts ? facts->find("little_endian") : nullptr;
    const auto *little = order ? order->as<bool>() : nullptr;
    if (!little || !*little) {
      throw weights_error(name_, "expected little-endian storages, found others");
    }
  }

  static std::map<std::string_view, StorageReference> references(const Pickle &object) {
    std::map<std::string_view, StorageReference> references;
    for (const PickleValue &value : object.values) {
      if (const auto *reference = value.as<StorageReference>()) {
        references[reference->key] = *reference;
      }
    }
    return references;
  }

  std::span<const uint8_t> storage(const StorageReference &reference) {
    constexpr size_t kCountBytes = 8;
    uint64_t count = 0;
    if (rest_.size() >= kCountBytes) {
      for (size_t i = kCountBytes; i-- > 0;) count = count << 8 | rest_[i];
      rest_ = rest_.subspan(kCountBytes);
    }
    const size_t room = rest_.size() / dtype_bytes(reference.dtype);
    if (count != static_cast<uint64_t>(reference.count) || count > room) {
      throw weights_error(
          name_,
          format_text("storage '%s': expected %lld elements, found %llu and room for %zu",
                      printable(reference.key).c_str(), static_cast<long long>(reference.count),
                      static_cast<unsigned long long>(count), room));
    }
    const auto data = rest_.first(count * dtype_bytes(reference.dtype));
    rest_ = rest_.subspan(data.size());
    return data;
  }

  std::span<const uint8_t> rest_;
  const std::string &name_;
};

}  // namespace

TorchFile read_torch_file(std::span<const uint8_t> bytes, const std::string &name) {
  if (starts_as_zip(bytes)) return ZipFile(bytes, name).read();
  if (!bytes.empty() && bytes[0] == kPickleStart) return LegacyFile(bytes, name).read();
  throw weights_error(name, kExpected + format_text("%zu bytes of something else", bytes.size()));
}

}  // namespace hcd::files
