// SPDX-License-Identifier: BSD-2-Clause
// The memory of the CPU engine.
#pragma once

#include <memory>
#include <utility>
#include <vector>

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
    std::shared_ptr<Block> best;
    for (const auto &block : blocks_) {
      const size_t size = block->memory.size();
      if (block->lent || size < floats || size > 2 * floats) continue;
      if (!best || size < best->memory.size()) best = block;
    }
    if (!best) {
      best = std::make_shared<Block>();
      best->memory = Buffer(floats);
      blocks_.push_back(best);
    }
    Buffer buffer(best->memory.data(), floats, [best](float *) { best->lent = false; });
    best->lent = true;
    return buffer;
  }

 private:
  struct Block {
    Buffer memory;
    bool lent = false;
  };
  std::vector<std::shared_ptr<Block>> blocks_;
};

}  // namespace hcd::cpu
