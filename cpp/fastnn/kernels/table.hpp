// The table of kernels that a library hands over when it is loaded, and what it is given in return. list.inc names the
// entries, one line each: a name without a declaration does not compile, a kernel that is called above without a line in
// the list does not link. Types need no check, because a kernel has one declaration.
#pragma once

#include <cstddef>

#include "fastnn/kernels/accuracy.hpp"
#include "fastnn/kernels/activation.hpp"
#include "fastnn/kernels/activity.hpp"
#include "fastnn/kernels/attention.hpp"
#include "fastnn/kernels/box.hpp"
#include "fastnn/kernels/confusion.hpp"
#include "fastnn/kernels/contrast.hpp"
#include "fastnn/kernels/conv3d.hpp"
#include "fastnn/kernels/conv_int8.hpp"
#include "fastnn/kernels/ctc.hpp"
#include "fastnn/kernels/depthwise.hpp"
#include "fastnn/kernels/draw.hpp"
#include "fastnn/kernels/dropout.hpp"
#include "fastnn/kernels/elementwise.hpp"
#include "fastnn/kernels/encoding.hpp"
#include "fastnn/kernels/fold.hpp"
#include "fastnn/kernels/fold_gradient.hpp"
#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/gemm_bfloat16.hpp"
#include "fastnn/kernels/gemm_int8.hpp"
#include "fastnn/kernels/gemm_narrow.hpp"
#include "fastnn/kernels/lookup.hpp"
#include "fastnn/kernels/loss.hpp"
#include "fastnn/kernels/merge.hpp"
#include "fastnn/kernels/norm.hpp"
#include "fastnn/kernels/peak.hpp"
#include "fastnn/kernels/pick.hpp"
#include "fastnn/kernels/pool.hpp"
#include "fastnn/kernels/rearrange.hpp"
#include "fastnn/kernels/recurrent.hpp"
#include "fastnn/kernels/reduce.hpp"
#include "fastnn/kernels/resample.hpp"
#include "fastnn/kernels/scaling.hpp"
#include "fastnn/kernels/scan.hpp"
#include "fastnn/kernels/softmax.hpp"
#include "fastnn/kernels/subpixel.hpp"
#include "fastnn/kernels/update.hpp"
#include "fastnn/kernels/warp.hpp"
#include "fastnn/kernels/winograd.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {

/// What a library offers: its instruction set, and its kernels.
struct Table {
  std::size_t size;   ///< sizeof(Table): a library of another version is refused
  std::size_t real;   ///< sizeof(Real): that of another core too
  const char* isa;    ///< "avx2"
  int packet_width;   ///< Reals in a register
  const char* eigen;  ///< version of Eigen

#define FASTNN_ENTRY(name) decltype(+kernels::name) name;
#include "fastnn/kernels/list.inc"
#undef FASTNN_ENTRY
};

/// What kernels need of the process around them: its threads, whose state exists once (parallel.cpp).
struct Services {
  decltype(&fastnn::usable_threads) usable_threads;
  decltype(&fastnn::detail::run_tasks) run_tasks;
};

/// The one symbol that a library exports.
using Entrance = const Table* (*)(const Services*);
constexpr const char* kEntrance = "fastnn_kernels";

}  // namespace fastnn::kernels
