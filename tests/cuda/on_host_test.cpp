// SPDX-License-Identifier: BSD-2-Clause
// That kernels on the host do what they do on a GPU, and that what is wrong with one is noticed.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "control.cuh"
#include "engine/cuda/kernels/reduce.cuh"

namespace hcd::cuda {
namespace {

using cuda_on_host::launch;

constexpr uint32_t kSeeds = 8;
constexpr int kSize = 200;

template <bool kBarrier, int kHalo>
std::vector<float> sums(uint32_t seed) {
  std::vector<float> in(kSize), out(kSize, -1);
  std::iota(in.begin(), in.end(), 1.0F);
  const auto *failure =
      launch({(kSize + kControlBlock - 1) / kControlBlock}, {kControlBlock}, 0, seed,
             [&] { control_sum<kBarrier, kHalo>(in.data(), out.data(), kSize); });
  EXPECT_EQ(failure, nullptr);
  return out;
}

std::vector<float> expected_sums() {
  std::vector<float> out(kSize);
  for (int i = 0; i < kSize; ++i) {
    for (int k = -kControlRadius; k <= kControlRadius; ++k) {
      out[size_t(i)] += float(std::min(std::max(i + k, 0), kSize - 1) + 1);
    }
  }
  return out;
}

TEST(CudaOnHost, RunsAKernelInAnyOrder) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    EXPECT_EQ((sums<true, kControlRadius>(seed)), expected_sums()) << seed;
  }
}

TEST(CudaOnHost, NoticesAMissingBarrier) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    EXPECT_NE((sums<false, kControlRadius>(seed)), expected_sums()) << seed;
  }
}

TEST(CudaOnHost, NoticesAHaloThatIsTooSmall) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    EXPECT_NE((sums<true, kControlRadius - 1>(seed)), expected_sums()) << seed;
  }
}

// One thread writes for all: only the order can show that the barrier is missing.
TEST(CudaOnHost, NoticesAMissingBarrierWhereOneThreadWrites) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    bool stale = false;
    launch({4}, {64}, 0, seed, [&] {
      HCD_SHARED(flag, int);
      if (threadIdx.x == 0) flag = 1;
      stale |= flag != 1;
    });
    EXPECT_TRUE(stale) << seed;
  }
}

TEST(CudaOnHost, GivesEachBlockFreshMemory) {
  int fresh = 0;
  const auto *failure = launch({3, 2}, {32}, 128, 0, [&] {
    HCD_SHARED(value, float);
    HCD_SHARED_BYTES(bytes);
    fresh += std::isnan(value) && bytes[threadIdx.x] == 0xff;
    __syncthreads();
    value = 1;
    bytes[threadIdx.x] = 1;
  });
  EXPECT_EQ(failure, nullptr);
  EXPECT_EQ(fresh, 3 * 2 * 32);
}

void leave_early() {
  if (threadIdx.x < 10) return;
  __syncthreads();
}
void wait_apart() {
  if (threadIdx.x < 10) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
void leave_a_warp() {
  if (threadIdx.x == 0) return;
  __syncwarp();
}
TEST(CudaOnHost, ReportsABarrierThatNotAllReach) {
  EXPECT_STREQ(launch({1}, {64}, 0, 0, leave_early),
               "__syncthreads() that some threads of the block never reach");
  EXPECT_STREQ(launch({1}, {64}, 0, 0, wait_apart),
               "__syncthreads() at which not all threads of the block wait: some are at another");
  EXPECT_STREQ(launch({1}, {64}, 0, 0, leave_a_warp),
               "a warp that waits for lanes that never come");
  EXPECT_STREQ(launch({1}, {64}, 0, 0, [] { __syncwarp(1); }),
               "a warp's mask without the lane that waits");
  EXPECT_EQ(launch({1}, {64}, 0, 0, [] { __syncthreads(); }), nullptr);  // the next is well
}

TEST(CudaOnHost, ReportsTooMuchSharedMemory) {
  EXPECT_STREQ(launch({1}, {1}, 0, 0,
                      [] {
                        HCD_SHARED(much, float[12289]);
                        much[0] = 1;
                      }),
               "static shared memory of a block: more than 48 KB");
  EXPECT_EQ(launch({1}, {1}, 0, 0,
                   [] {
                     HCD_SHARED(much, float[12288]);
                     much[0] = 1;
                   }),
            nullptr);
  EXPECT_STREQ(launch({1}, {1}, 100 << 10, 0, [] {}), "shared memory of a block: more than 99 KB");
}

// Every thread uses both: the first may not be overwritten before all have read it.
TEST(CudaOnHost, AddsUpABlockTwice) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    std::vector<double> first(128), second(128);
    launch({2}, {64}, 0, seed, [&] {
      const auto thread = int(threadIdx.x);
      const size_t at = blockIdx.x * 64 + threadIdx.x;
      first[at] = block_sum<64>(thread, thread);
      second[at] = block_sum<64>(1, thread);
    });
    EXPECT_EQ(first, std::vector<double>(128, 2016)) << seed;
    EXPECT_EQ(second, std::vector<double>(128, 64)) << seed;
  }
}

// One float behind the array.
const char *overrun() {
  return launch({1}, {32}, 0, 0, [] {
    HCD_SHARED(array, float[32]);
    float *at = array;
    at[threadIdx.x + 1] = 1;
  });
}
TEST(CudaOnHostDeathTest, NoticesAnArrayThatIsTooShort) {
#ifdef __SANITIZE_ADDRESS__
  EXPECT_DEATH(overrun(), "AddressSanitizer: use-after-poison");
#else
  EXPECT_STREQ(overrun(), "shared memory written beyond an array's end");
#endif
}

// ---- warps: 40 threads are one warp and a quarter ----

template <typename Give>
std::vector<int> of_lanes(Give give) {
  std::vector<int> got(40);
  EXPECT_EQ(launch({1}, {40}, 0, 0, [&] { got[threadIdx.x] = give(int(threadIdx.x)); }), nullptr);
  return got;
}

TEST(CudaOnHost, Shuffles) {
  for (const int i : {0, 1, 7, 15, 16, 30, 31}) {
    const auto at = size_t(i);
    EXPECT_EQ(of_lanes([](int t) { return __shfl_sync(~0U, 10 * t, 3); })[at], 30);
    EXPECT_EQ(of_lanes([](int t) { return __shfl_sync(~0U, t, 3, 8); })[at], i / 8 * 8 + 3);
    EXPECT_EQ(of_lanes([](int t) { return __shfl_up_sync(~0U, t, 1, 16); })[at],
              i % 16 == 0 ? i : i - 1);
    EXPECT_EQ(of_lanes([](int t) { return __shfl_down_sync(~0U, t, 1); })[at], i == 31 ? i : i + 1);
    EXPECT_EQ(of_lanes([](int t) { return __shfl_xor_sync(~0U, t, 5); })[at], i ^ 5);
  }
  EXPECT_EQ(of_lanes([](int t) { return __shfl_sync(~0U, t, 0); })[39], 32);
}

TEST(CudaOnHost, AddsUpAWarpTwice) {
  const auto sum = [](int value) {
    for (int bits = 16; bits > 0; bits /= 2) value += __shfl_xor_sync(~0U, value, bits);
    return value;
  };
  const std::vector<int> got = [&] {
    std::vector<int> all(64);
    launch({1}, {64}, 0, 3, [&] {
      const int once = sum(int(threadIdx.x));
      all[threadIdx.x] = sum(once);
    });
    return all;
  }();
  EXPECT_EQ(got[5], 496 * 32);
  EXPECT_EQ(got[63], (496 + 1024) * 32);
}

TEST(CudaOnHost, Votes) {
  EXPECT_EQ(of_lanes([](int t) { return int(__ballot_sync(~0U, t % 3 == 0)); })[8], 0x49249249);
  EXPECT_EQ(of_lanes([](int t) { return int(__ballot_sync(~0U, t == 33)); })[39], 2);
  EXPECT_EQ(of_lanes([](int t) { return __any_sync(~0U, t == 4); })[9], 1);
  EXPECT_EQ(of_lanes([](int t) { return __all_sync(~0U, t != 4); })[9], 0);
}

// Halves of a warp that go different ways.
TEST(CudaOnHost, WaitsForTheLanesOfAMask) {
  const auto got = of_lanes([](int t) {
    return t % 32 < 16 ? __shfl_sync(0xffffU, t, 1) : __shfl_sync(0xffff0000U, t, 20);
  });
  EXPECT_EQ(got[0], 1);
  EXPECT_EQ(got[31], 20);
}

// ---- functions of one thread ----

TEST(CudaOnHost, ConvertsAsADevice) {
  EXPECT_EQ(__float2int_rn(2.5F), 2);
  EXPECT_EQ(__float2int_rn(-3.5F), -4);
  EXPECT_EQ(__float2int_rz(-2.9F), -2);
  EXPECT_EQ(__float2int_rd(-2.1F), -3);
  EXPECT_EQ(__float2int_rn(3e9F), 2147483647);
  EXPECT_EQ(__float2int_rn(-3e9F), -2147483647 - 1);
  EXPECT_EQ(__float2int_rn(std::nanf("")), 0);
  EXPECT_EQ(__float2uint_rn(-1.0F), 0U);
  EXPECT_EQ(__float2uint_rn(5e9F), 4294967295U);
  EXPECT_EQ(__saturatef(std::nanf("")), 0);
  EXPECT_EQ(__fmaf_rn(1 + 0x1p-12F, 1 - 0x1p-12F, -1), -0x1p-24F);
  EXPECT_EQ(min(3, 4.5), 3);
  EXPECT_EQ(max(-1, 2U), 4294967295U);
  EXPECT_EQ(min(std::nanf(""), 1.0F), 1);
  EXPECT_EQ(max(1.0F, std::nanf("")), 1);
  EXPECT_EQ(__clz(0), 32);
}

TEST(CudaOnHost, MultipliesBytes) {
  EXPECT_EQ(__dp4a(int(0x80ff7f01), int(0x80020304), 5), 128 * 128 - 2 + 127 * 3 + 4 + 5);
  EXPECT_EQ(__dp4a(0x80ff7f01U, 0x80020304U, 5U), 128U * 128 + 255 * 2 + 127 * 3 + 4 + 5);
  EXPECT_EQ(__dp4a(char4{1, -2, 3, -4}, char4{5, 6, -7, 8}, -1), 5 - 12 - 21 - 32 - 1);
  EXPECT_EQ(__dp4a(1, 1, 2147483647), -2147483647 - 1);  // it wraps around
  EXPECT_EQ(__dp2a_lo(int(0xfffe0003), int(0x0102fe05), 7), 3 * 5 + -2 * -2 + 7);
  EXPECT_EQ(__dp2a_hi(int(0xfffe0003), int(0x0102fe05), 7), 3 * 2 + -2 * 1 + 7);
  EXPECT_EQ(__dp2a_lo(0xfffe0003U, 0x0102fe05U, 7U), 3U * 5 + 65534U * 254 + 7);
}

TEST(CudaOnHost, AddsAtomically) {
  int count = 0;
  unsigned most = 0;
  float sum = 0;
  launch({4}, {50}, 0, 0, [&] {
    atomicAdd(&count, 2);
    atomicMax(&most, blockIdx.x * 50 + threadIdx.x);
    atomicAdd(&sum, 0.5F);
  });
  EXPECT_EQ(count, 400);
  EXPECT_EQ(most, 199U);
  EXPECT_EQ(sum, 100);
}

TEST(CudaOnHost, NumbersThreadsInThreeDimensions) {
  std::vector<int> seen(size_t{2 * 3 * 2} * 4 * 2 * 3);
  launch({2, 3, 2}, {4, 2, 3}, 0, 1, [&] {
    const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    ++seen[block * 24 + thread];
  });
  EXPECT_EQ(seen, std::vector<int>(seen.size(), 1));
}

}  // namespace
}  // namespace hcd::cuda
