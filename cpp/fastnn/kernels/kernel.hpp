// How a kernel is declared. KERNEL(result, name)(arguments...) is the one place where its signature stands.
//
// Kernels are compiled once for each instruction set, everything above them once. Inside a library of kernels the line
// declares a function. Above it declares a pointer of the same name, which `instruction_set.cpp` sets when it loads the
// library that suits the processor; so a call is written alike on both sides and costs one indirect call. Pointers take
// neither overloads nor default arguments: kernels that differ in types alone have names of their own, and Overloaded
// gathers them under one.
//
// Headers of this folder are read on both sides, except for those that only kernels include (math, precise, processor, tiles,
// chunks, winograd_transforms, winograd_tiles, winograd_zeros). They hold no inline code that depends on the instruction
// set or on Eigen.
#pragma once

#if defined(FASTNN_KERNEL_LIBRARY)
#define KERNEL(result, name) result name
#else
#define KERNEL(result, name) extern __attribute__((visibility("hidden"))) result(*name)
#endif

namespace fastnn::kernels {

template <auto kKernel, class = decltype(+*kKernel)>
struct Call;
template <auto kKernel, class Result, class... Arguments>
struct Call<kKernel, Result (*)(Arguments...)> {
  Result operator()(Arguments... arguments) const { return (*kKernel)(arguments...); }
};

/// Kernels under one name, told apart by their arguments: Overloaded<&clip_float, &clip_int> clip.
template <auto... kKernels>
struct Overloaded : Call<kKernels>... {
  using Call<kKernels>::operator()...;
};

}  // namespace fastnn::kernels
