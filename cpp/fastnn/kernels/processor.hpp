// What the processor says of itself: instructions that kernels use where it has them, whatever they were compiled for.
#pragma once

#if defined(__AVX2__)
#include <cpuid.h>

namespace fastnn::kernels {

/// The registers of a part of its seventh leaf.
struct Leaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  explicit Leaf(unsigned part) { __get_cpuid_count(7, part, &eax, &ebx, &ecx, &edx); }
};

inline bool has_avx512_vnni() { return (Leaf(0).ecx & 1U << 11) != 0; }
/// Of the parts beyond the first, the first one says how many there are.
inline bool has_avx_vnni() { return Leaf(0).eax >= 1 && (Leaf(1).eax & 1U << 4) != 0; }
inline bool has_avx512_bf16() { return Leaf(0).eax >= 1 && (Leaf(1).eax & 1U << 5) != 0; }

}  // namespace fastnn::kernels
#endif
