// Gradients of one process, on their way through several, and in memory that several share.
#include "fastnn/gradient_sum.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "fastnn/error.hpp"
#include "fastnn/kernels/update.hpp"

namespace fastnn {
namespace {

// A sum that is made of blocks, from the end of the gradients to their begin.
class Blocks {
 public:
  Blocks(Index size, Index most) : size_(size), most_(most) {}

  Index count() const { return (size_ + most_ - 1) / most_; }
  Index begin_of(Index block) const { return std::max<Index>(0, size_ - (block + 1) * most_); }
  Index size_of(Index block) const { return size_ - block * most_ - begin_of(block); }
  /// The number of blocks that lie behind `from`.
  Index behind(Index from) const { return from == 0 ? count() : (size_ - from) / most_; }

 private:
  Index size_, most_;
};

// Parts in memory of this process.
class OwnParts {
 public:
  OwnParts(Index parts, Index size) : memory_(static_cast<std::size_t>(parts * size) * sizeof(Real)), size_(size) {
    std::memset(memory_.bytes(), 0, memory_.size());
  }
  Real* operator[](Index i) const { return memory_.as<Real>() + i * size_; }

 private:
  AlignedBuffer memory_;
  Index size_;
};

// All parts are those of one process.
class SumOfOne : public GradientSum {
 public:
  SumOfOne(Index parts, Index size) : GradientSum(parts, size), own_(parts, size) {}

  Real* part(Index i) const override { return own_[i]; }
  void begin(const Cut& cut) override {
    added_up_.clear();
    for (Index i = cut.first; i < cut.last; ++i) added_up_.push_back(own_[i - cut.first]);
  }
  void written(Index) override {}
  void finish() override {
    kernels::add_up(added_up_.data(), static_cast<Index>(added_up_.size()), 0, size(), own_[0]);
  }
  const Real* total() const override { return own_[0]; }

 private:
  OwnParts own_;
  std::vector<const Real*> added_up_;
};

// Blocks run through the processes as messages, and the last process gives them to all.
class SumByMessages : public GradientSum {
 public:
  static constexpr Index kBlock = Index{1} << 16;

  SumByMessages(Peers& peers, Index parts, Index size)
      : GradientSum(parts, size), peers_(peers), blocks_(size, kBlock), own_(parts, size), sums_(1, size) {}

  Real* part(Index i) const override { return own_[i]; }
  const Real* total() const override { return own_[0]; }

  void begin(const Cut& cut) override {
    added_up_.clear();
    if (!peers_.is_first()) added_up_.push_back(sums_[0]);
    for (Index i = cut.first; i < cut.last; ++i) added_up_.push_back(own_[i - cut.first]);
    written_ = added_ = 0;
    if (peers_.is_first()) return;
    for (Index block = 0; block < blocks_.count(); ++block)
      peers_.begin_receive(sums_[0] + blocks_.begin_of(block), bytes_of(block));
  }

  void written(Index from) override {
    written_ = blocks_.behind(from);
    // The first process receives nothing, but its messages go on.
    const Index received = peers_.received(written_, false);
    add(peers_.is_first() ? written_ : received);
  }

  void finish() override {
    written_ = blocks_.count();
    while (added_ < written_) add(peers_.is_first() ? written_ : peers_.received(added_ + 1, true));
    peers_.finish();
  }

 private:
  std::size_t bytes_of(Index block) const { return static_cast<std::size_t>(blocks_.size_of(block)) * sizeof(Real); }

  // Adds the parts of this process to the blocks that have been received, and passes them on.
  void add(Index received) {
    for (; added_ < std::min(written_, received); ++added_) {
      const Index begin = blocks_.begin_of(added_);
      // What is sent has to stay as it is, while the total is received.
      Real* to = (peers_.is_last() ? own_[0] : sums_[0]) + begin;
      kernels::add_up(added_up_.data(), static_cast<Index>(added_up_.size()), begin, blocks_.size_of(added_), to);
      if (!peers_.is_last()) peers_.begin_send(to, bytes_of(added_));
      peers_.begin_share(own_[0] + begin, bytes_of(added_));
    }
  }

  Peers& peers_;
  Blocks blocks_;
  OwnParts own_;
  OwnParts sums_;                      // those that the processes before this one have added up
  std::vector<const Real*> added_up_;  // sums_ of the processes before this one, and its parts
  Index written_ = 0, added_ = 0;
};

// The parts of all processes lie in memory that they share, and so does their sum. Block b is added up by process
// b modulo their number, which also balances the blocks that are written last.
class SumInWindow : public GradientSum {
 public:
  static constexpr Index kBlock = Index{1} << 14;

  static std::size_t bytes(const Peers& peers, Index parts, Index size) {
    return static_cast<std::size_t>(peers.size()) * sizeof(Progress) +
           static_cast<std::size_t>((1 + peers.size() * parts) * size) * sizeof(Real);
  }

  SumInWindow(Peers& peers, Index parts, Index size, std::shared_ptr<void> window)
      : GradientSum(parts, size),
        peers_(peers),
        blocks_(size, kBlock),
        window_(std::move(window)),
        progress_(static_cast<Progress*>(window_.get())),
        total_(reinterpret_cast<Real*>(progress_ + peers.size())) {}

  Real* part(Index i) const override { return part_of(peers_.rank(), i); }
  const Real* total() const override { return total_; }

  void begin(const Cut& cut) override {
    parts_.clear();
    for (Index rank = 0, first = 0; rank < peers_.size(); ++rank) {
      const Index last = peers_.last_part(rank, cut);
      for (Index i = first; i < last; ++i) parts_.push_back(part_of(rank, i - first));
      first = last;
    }
    progress_[peers_.rank()].rows.store(cut.whole, std::memory_order_relaxed);
    // Counts go on from batch to batch, so nobody has to set them back.
    before_ += blocks_.count();
    next_ = peers_.rank();
  }

  void written(Index from) override {
    publish(progress_[peers_.rank()].written, before_ + blocks_.behind(from));
    add();
  }

  void finish() override {
    publish(progress_[peers_.rank()].written, before_ + blocks_.count());
    for (add(); next_ < blocks_.count(); add())
      peers_.wait([&] { return least(&Progress::written) > before_ + next_; });
    peers_.wait([&] { return least(&Progress::written) >= before_ + blocks_.count(); });
    check_rows();
    publish(progress_[peers_.rank()].added, before_ + blocks_.count());
    peers_.wait([&] { return least(&Progress::added) >= before_ + blocks_.count(); });
  }

 private:
  using Count = std::atomic<Index>;
  static_assert(Count::is_always_lock_free, "processes share no locks");

  // Of a process: the rows of the batch as it knows it, and its blocks since the first batch. Each count has a line of the cache.
  struct Progress {
    alignas(kAlignment) Count rows;
    alignas(kAlignment) Count written;
    alignas(kAlignment) Count added;
  };

  Real* part_of(Index rank, Index i) const { return total_ + (1 + rank * parts() + i) * size(); }
  static void publish(Count& count, Index value) { count.store(value, std::memory_order_release); }
  Index least(Count Progress::* count) const {
    Index found = (progress_[0].*count).load(std::memory_order_acquire);
    for (Index rank = 1; rank < peers_.size(); ++rank)
      found = std::min(found, (progress_[rank].*count).load(std::memory_order_acquire));
    return found;
  }

  // Each process finds the parts of all from the rows that it has itself.
  void check_rows() const {
    const Index rows = progress_[peers_.rank()].rows.load(std::memory_order_relaxed);
    for (Index rank = 0; rank < peers_.size(); ++rank) {
      const Index other = progress_[rank].rows.load(std::memory_order_relaxed);
      require(other == rows, "process ", rank, " of ", peers_.size(), " computes a batch of ", other, " rows, process ",
              peers_.rank(), " one of ", rows, "; all processes have to be given as many rows at each step");
    }
  }

  // Adds up the blocks of this process that all have written. Nobody writes to them again before all are added up, nor
  // to a block of the sum before all have written that block of the next batch.
  void add() {
    for (const Index ready = least(&Progress::written) - before_; next_ < std::min(ready, blocks_.count());
         next_ += peers_.size())
      kernels::add_up(parts_.data(), static_cast<Index>(parts_.size()), blocks_.begin_of(next_), blocks_.size_of(next_),
                      total_ + blocks_.begin_of(next_));
  }

  Peers& peers_;
  Blocks blocks_;
  std::shared_ptr<void> window_;
  Progress* progress_;  // by rank
  Real* total_;
  std::vector<const Real*> parts_;  // of all processes
  Index before_ = 0;                // blocks of the batches before, and of one more: windows begin with zeros
  Index next_ = 0;                  // the block that this process adds up next
};

}  // namespace

std::unique_ptr<GradientSum> GradientSum::make(Peers* peers, Index parts, Index size) {
  if (peers == nullptr || peers->size() == 1) return std::make_unique<SumOfOne>(parts, size);
  if (auto window = peers->window(SumInWindow::bytes(*peers, parts, size)))
    return std::make_unique<SumInWindow>(*peers, parts, size, std::move(window));
  return std::make_unique<SumByMessages>(*peers, parts, size);
}

}  // namespace fastnn
