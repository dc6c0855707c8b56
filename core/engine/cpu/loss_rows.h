// SPDX-License-Identifier: BSD-2-Clause
// The kernels of wavelet.h and adm.h on rows of n floats.
#pragma once

#include <array>
#include <cstddef>

namespace hcd::cpu {

// ---- wavelet ----

using WaveletTaps = std::array<float, 4>;

// low, high = the two filters over four rows.
void filter_rows(const WaveletTaps &low_pass, const WaveletTaps &high_pass,
                 const float *const rows[4], int n, float *low, float *high);

// low[i], high[i] = the two filters over row[2 i ... 2 i + 3].
void filter_along(const WaveletTaps &low_pass, const WaveletTaps &high_pass, const float *row,
                  int n, float *low, float *high);

// The adjoint of filter_along(): `row` has 2 n + 2 samples; low[-1], high[-1], low[n] and high[n]
// are zeros.
void filter_along_adjoint(const WaveletTaps &low_pass, const WaveletTaps &high_pass,
                          const float *low, const float *high, int n, float *row);

// out += the sum of weights[i] * rows[i].
void add_weighted(const float *const rows[4], const float weights[4], int n, float *out);

// ---- detail loss ----

// additive += csf |what `test` has beyond `reference`|.
void add_additive(const float *test, const float *reference, float csf, int n, float *additive);

// The masking threshold: the weighted sum over 3 x 3 samples. The three rows have a sample more at
// each end.
void masking_threshold(const float *above, const float *row, const float *below, int n,
                       float *threshold);

// squares = the squares of what is seen of the restored part: csf |restored| above the threshold.
// Returns the sum of the cubes.
double mask_contrast(const float *test, const float *reference, float csf, const float *threshold,
                     int n, float *squares);

// squares *= factor, which makes them the derivatives by csf |restored|; by_threshold -= them.
void mask_contrast_adjoint(float factor, int n, float *squares, float *by_threshold);

// test -> the derivative by it, from those by csf |restored| and csf |additive|. Inside the
// reference's range it is the restored part that changes; beyond, the additive one.
void decouple_adjoint(const float *reference, const float *by_restored, const float *by_additive,
                      float csf, int n, float *test);

}  // namespace hcd::cpu
