// Enough independent chains to hide the latency of a multiply-add, in registers alone.
#include "fastnn/kernels/peak.hpp"

#include <algorithm>
#include <chrono>

#include "fastnn/packet.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

constexpr int kChains = 12, kSteps = 200000;

// The factor halves and the term restores, so that sums neither grow nor vanish.
Real spin(Real start) {
  const packet::Packet half = packet::set1(0.5_r), term = packet::set1(start);
  packet::Packet sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = packet::set1(start + static_cast<Real>(i));
  for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = packet::madd(sums[i], half, term);
  }
  packet::Packet total = packet::zero();
  for (int i = 0; i < kChains; ++i) total = packet::add(total, sums[i]);
  return packet::sum_lanes(total);
}

}  // namespace

double peak_gflops(double seconds) {
  using Clock = std::chrono::steady_clock;
  const int threads = usable_threads();
  const double operations = 2.0 * kChains * kSteps * static_cast<double>(packet::kWidth) * 4 * threads;
  const Clock::time_point start = Clock::now();
  volatile Real kept = 0;
  double best = 0;
  do {
    const Clock::time_point began = Clock::now();
    parallel_for(Index{4} * threads, 1e9, [&](Index task, int) { kept = spin(static_cast<Real>(task + 1)); });
    best = std::max(best, operations / std::chrono::duration<double, std::nano>(Clock::now() - began).count());
  } while (std::chrono::duration<double>(Clock::now() - start).count() < seconds);
  return best;
}

}  // namespace fastnn::kernels
