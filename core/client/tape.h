// SPDX-License-Identifier: BSD-2-Clause
// What a forward pass keeps for the way back.
#pragma once

namespace hcd::client {

// Readable by the client or network that made it alone. Where there is none, backward() computes
// again what it needs.
class Tape {
 public:
  virtual ~Tape() = default;
};

}  // namespace hcd::client
