// The sum of the gradients of all parts of a batch. Owns the memory of both.
//
// Each element of the sum is one chain of additions in the order of the parts, whoever adds. With other processes blocks
// of it are under way while the backward pass goes on, which writes the last weights first. Over messages a block runs
// through the processes: while one adds its parts to it, the next adds its own to the block before. Where processes
// share memory, each adds all parts of its share of the blocks, and nothing is copied.
#pragma once

#include <memory>

#include "fastnn/peers.hpp"

namespace fastnn {

class GradientSum {
 public:
  /// From so many gradients on a call of written() pays.
  static constexpr Index kStride = Index{1} << 16;

  /// parts: the most that this process has of a batch. size: the number of gradients of a part. peers: null: there is
  /// this process alone; otherwise all processes make a sum at the same time.
  static std::unique_ptr<GradientSum> make(Peers* peers, Index parts, Index size);
  virtual ~GradientSum() = default;
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  Index parts() const { return parts_; }
  Index size() const { return size_; }
  /// Where the gradients of a part of this process are to be written. They begin as zeros.
  virtual Real* part(Index i) const = 0;
  /// Begins the sum of a batch.
  virtual void begin(const Cut& cut) = 0;
  /// The gradients from `from` on are written in all parts of this process.
  virtual void written(Index from) = 0;
  /// All are written. Returns when the sum is complete.
  virtual void finish() = 0;
  /// The sum, until the next batch begins.
  virtual const Real* total() const = 0;

 protected:
  GradientSum(Index parts, Index size) : parts_(parts), size_(size) {}

 private:
  Index parts_, size_;
};

}  // namespace fastnn
