// The sum of the gradients of all parts of a batch over several processes. It runs through the processes block by block:
// while one adds its parts to a block, the next adds its own to the block before. A block begins as soon as the backward
// pass has written it; the pass writes the last weights first, so blocks begin at the end.
#pragma once

#include <vector>

#include "fastnn/peers.hpp"

namespace fastnn {

class GradientChain {
 public:
  /// The number of gradients in a block.
  static constexpr Index kBlock = Index{1} << 16;

  /// Begins a step. parts: for each part of this process its gradients, of `size` floats. sums: room for as many, those
  /// that the processes before this one have added up. total: where the sums of all go; it may be one of the parts.
  void begin(Peers& peers, const std::vector<const Real*>& parts, Index size, Real* sums, Real* total);
  /// The gradients from `from` on are written in all parts.
  void written(Index from);
  /// Returns when the sums are complete.
  void finish();

 private:
  Index begin_of(Index block) const { return std::max<Index>(0, size_ - (block + 1) * kBlock); }
  Index size_of(Index block) const { return size_ - block * kBlock - begin_of(block); }
  void add(Index received);

  Peers* peers_ = nullptr;
  std::vector<const Real*> added_up_;  // sums_ of the processes before this one, and its parts
  Real *sums_ = nullptr, *total_ = nullptr;
  Index size_ = 0;
  Index blocks_ = 0, written_ = 0, added_ = 0;
};

}  // namespace fastnn
