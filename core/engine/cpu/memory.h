// SPDX-License-Identifier: BSD-2-Clause
// The memory of the CPU engine.
#pragma once

#include <map>
#include <memory>
#include <new>
#include <utility>

#include "base/buffer.h"

namespace hcd::cpu {

// What is given back is kept and handed out again: a frame asks for the same planes as the one
// before, and fresh pages cost as much as what is computed on them. Buffers may outlive it.
// Thread-safety: one thread at a time, given back or not.
class Memory {
 public:
  // Throws HCD_E_MEMORY.
  Buffer allocate(size_t floats) {
    // The smallest that is large enough, if less than half of it would lie idle.
    auto found = kept_->lower_bound(floats);
    if (found == kept_->end() || found->first > 2 * floats) {
      Buffer fresh(floats);
      return lend(std::move(fresh), floats);
    }
    Buffer block = std::move(found->second);
    kept_->erase(found);
    return lend(std::move(block), floats);
  }

 private:
  using Kept = std::multimap<size_t, Buffer>;

  // The first `floats` of `block`, which goes back to the kept ones.
  Buffer lend(Buffer &&block, size_t floats) {
    float *data = block.data();
    auto owner = std::make_shared<Buffer>(std::move(block));
    return {data, floats, [kept = std::weak_ptr<Kept>(kept_), owner](float *) noexcept {
              const auto still = kept.lock();
              if (!still) return;
              try {
                still->emplace(owner->size(), std::move(*owner));
              } catch (const std::bad_alloc &) {  // then it is freed
              }
            }};
  }

  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

}  // namespace hcd::cpu
