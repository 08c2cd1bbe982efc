// Planes of a volume as images of 2-D convolutions: which taps of the depth axis meet which planes.
#include "fastnn/kernels/conv3d.hpp"

#include <algorithm>
#include <limits>

#include "fastnn/kernels/chunks.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

// Calls body(plane, scratch of the thread). Few planes are taken one after another, each by all threads.
template <class Body>
void each_plane(Index planes, double work, Real* scratch, Index scratch_size, Body&& body) {
  if (planes >= usable_threads()) {
    parallel_for(planes, work, [&](Index plane, int thread) { body(plane, scratch + thread * scratch_size); });
  } else {
    for (Index plane = 0; plane < planes; ++plane) body(plane, scratch);
  }
}

// The plane of the input that tap k of output plane z reads, or -1 where it is missing.
Index input_plane(const Conv3DShape& s, Index z, Index k) {
  const Index plane = z * s.stride_d - s.pad_front + k * s.dilation_d;
  return plane >= 0 && plane < s.in_d ? plane : -1;
}

// The plane of the output whose tap k reads input plane z, or -1.
Index output_plane(const Conv3DShape& s, Index z, Index k) {
  const Index reach = z + s.pad_front - k * s.dilation_d;
  return reach >= 0 && reach % s.stride_d == 0 && reach / s.stride_d < s.out_d ? reach / s.stride_d : -1;
}

// One plane as a chain over the taps: multiply(source plane, tap, epilogue of this link) for each that is there.
template <class Source, class Multiply>
void chain_taps(const Conv3DShape& s, const Epilogue& epilogue, Index pixels, Index filters, Real* plane,
                Source&& source, Multiply&& multiply) {
  Index last = -1;
  for (Index k = 0; k < s.kernel_d; ++k)
    if (source(k) >= 0) last = k;
  if (last < 0) {
    for (Index pixel = 0; pixel < pixels; ++pixel) conv_unreached(filters, epilogue, plane + pixel * filters);
    return;
  }
  Epilogue link = epilogue;
  for (Index k = 0; k <= last; ++k) {
    const Index from = source(k);
    if (from < 0) continue;
    link.activation = k == last ? epilogue.activation : Activation::linear;
    multiply(from, k, link);
    link.bias = nullptr;
    link.accumulate = true;
  }
}

double work_of(const Conv3DShape& s, Index images) {
  return fma_work(static_cast<double>(images * s.out_pixels()) * static_cast<double>(s.kernel_size()));
}

// As in the plane's own gradient: a large kernel is one chain, a small one is cut into chunks of whole volumes.
Index volumes_of_chunk(const Conv3DShape& s) {
  if (s.kernel_size() > Index{1} << 17) return std::numeric_limits<Index>::max();
  return std::max<Index>(1, 4096 / s.out_pixels());
}

}  // namespace

Index conv3d_packed_size(const Conv3DShape& s) { return s.kernel_d * conv_packed_size(s.plane); }

void conv3d_pack(const Conv3DShape& s, const Real* kernel, Real* packed) {
  const Index size = conv_packed_size(s.plane);
  for (Index k = 0; k < s.kernel_d; ++k) conv_pack(s.plane, kernel + k * s.plane.kernel_size(), packed + k * size);
}

Index conv3d_scratch_size(const Conv3DShape& s) { return conv_scratch_size(s.plane); }

void conv3d_forward(const Conv3DShape& s, Index images, const Real* x, const Real* packed, const Epilogue& epilogue,
                    Real* y, Real* scratch) {
  if (s.flat()) return conv_forward(s.plane, images, x, packed, epilogue, y, scratch);
  const Index packed_size = conv_packed_size(s.plane);
  each_plane(images * s.out_d, work_of(s, images), scratch, conv_scratch_size(s.plane), [&](Index task, Real* own) {
    const Index image = task / s.out_d, z = task % s.out_d;
    Real* to = y + task * s.plane.out_size();
    chain_taps(
        s, epilogue, s.plane.out_h * s.plane.out_w, s.plane.filters, to, [&](Index k) { return input_plane(s, z, k); },
        [&](Index from, Index k, const Epilogue& link) {
          conv_forward(s.plane, 1, x + (image * s.in_d + from) * s.plane.in_size(), packed + k * packed_size, link, to,
                       own);
        });
  });
}

Index conv3d_turned_size(const Conv3DShape& s) { return s.kernel_d * conv_turned_size(s.plane); }

void conv3d_pack_turned(const Conv3DShape& s, const Real* kernel, Real* turned) {
  const Index size = conv_turned_size(s.plane);
  for (Index k = 0; k < s.kernel_d; ++k)
    conv_pack_turned(s.plane, kernel + k * s.plane.kernel_size(), turned + k * size);
}

Index conv3d_input_gradient_scratch_size(const Conv3DShape& s) { return conv_input_gradient_scratch_size(s.plane); }

void conv3d_input_gradient(const Conv3DShape& s, Index images, const Real* dy, const Real* turned,
                           const Epilogue& epilogue, Real* dx, Real* scratch) {
  if (s.flat()) return conv_input_gradient(s.plane, images, dy, turned, epilogue, dx, scratch);
  const Index turned_size = conv_turned_size(s.plane);
  each_plane(images * s.in_d, work_of(s, images), scratch, conv_input_gradient_scratch_size(s.plane),
             [&](Index task, Real* own) {
               const Index image = task / s.in_d, z = task % s.in_d;
               Real* to = dx + task * s.plane.in_size();
               chain_taps(
                   s, epilogue, s.plane.in_h * s.plane.in_w, s.plane.channels, to,
                   [&](Index k) { return output_plane(s, z, k); },
                   [&](Index from, Index k, const Epilogue& link) {
                     conv_input_gradient(s.plane, 1, dy + (image * s.out_d + from) * s.plane.out_size(),
                                         turned + k * turned_size, link, to, own);
                   });
             });
}

Index conv3d_kernel_gradient_scratch_size(const Conv3DShape& s, Index capacity, int threads) {
  if (s.flat()) return conv_kernel_gradient_scratch_size(s.plane, capacity, threads);
  const Index chunk = std::min(capacity, volumes_of_chunk(s));
  return std::max(threads * conv_kernel_gradient_scratch_size(s.plane, 1, 1) +
                      chunk_sums_size(ceil_div(capacity, chunk), s.kernel_size()),
                  gemm_tn_scratch(0, s.plane.filters, capacity * s.out_pixels()));
}

void conv3d_kernel_gradient(const Conv3DShape& s, Index images, const Real* x, const Real* dy, Real* dw, Real* db,
                            Real* scratch) {
  if (s.flat()) return conv_kernel_gradient(s.plane, images, x, dy, dw, db, scratch, false);
  if (dw) {
    const Index chunk = std::min(images, volumes_of_chunk(s)), chunks = ceil_div(images, chunk);
    const Index window = conv_kernel_gradient_scratch_size(s.plane, 1, 1), tap_size = s.plane.kernel_size();
    Real* partials = scratch + usable_threads() * window;
    sum_chunks(chunks, s.kernel_size(), dw, partials, [&](Index first, Index count, auto&& place) {
      const double work = work_of(s, images) * static_cast<double>(count) / static_cast<double>(chunks);
      each_plane(count * s.kernel_d, work, scratch, window, [&](Index task, Real* own) {
        const Index part = first + task / s.kernel_d, k = task % s.kernel_d;
        Real* sums = place(part) + k * tap_size;
        bool begun = false;
        for (Index image = part * chunk; image < std::min(images, (part + 1) * chunk); ++image) {
          for (Index z = 0; z < s.out_d; ++z) {
            const Index from = input_plane(s, z, k);
            if (from < 0) continue;
            conv_kernel_gradient(s.plane, 1, x + (image * s.in_d + from) * s.plane.in_size(),
                                 dy + (image * s.out_d + z) * s.plane.out_size(), sums, nullptr, own, begun);
            begun = true;
          }
        }
        if (!begun) std::fill_n(sums, tap_size, 0.0_r);
      });
    });
  }
  if (db)
    gemm_tn(nullptr, 0, dy, s.plane.filters, images * s.out_pixels(), 0, s.plane.filters, nullptr, 0, db, scratch);
}

}  // namespace fastnn::kernels
