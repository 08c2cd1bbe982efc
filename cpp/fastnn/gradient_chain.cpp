// The blocks of gradients on their way through the processes.
#include "fastnn/gradient_chain.hpp"

#include <algorithm>

#include "fastnn/kernels/update.hpp"

namespace fastnn {

void GradientChain::begin(Peers& peers, const std::vector<const Real*>& parts, Index size, Real* sums, Real* total) {
  peers_ = &peers;
  added_up_.clear();
  if (!peers.is_first()) added_up_.push_back(sums);
  added_up_.insert(added_up_.end(), parts.begin(), parts.end());
  sums_ = sums;
  total_ = total;
  size_ = size;
  blocks_ = (size + kBlock - 1) / kBlock;
  written_ = added_ = 0;
  if (peers.is_first()) return;
  for (Index block = 0; block < blocks_; ++block)
    peers.begin_receive(sums_ + begin_of(block), static_cast<std::size_t>(size_of(block)) * sizeof(Real));
}

void GradientChain::written(Index from) {
  while (written_ < blocks_ && begin_of(written_) >= from) ++written_;
  // The first process receives nothing, but its messages go on.
  const Index received = peers_->received(written_, false);
  add(peers_->is_first() ? written_ : received);
}

void GradientChain::finish() {
  written_ = blocks_;
  while (added_ < blocks_) add(peers_->is_first() ? blocks_ : peers_->received(added_ + 1, true));
  peers_->finish();
}

// Adds the parts of this process to the blocks that have been received, and passes them on.
void GradientChain::add(Index received) {
  for (; added_ < std::min(written_, received); ++added_) {
    const Index begin = begin_of(added_), size = size_of(added_);
    const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(Real);
    // What is sent has to stay as it is, while the total is received.
    Real* to = (peers_->is_last() ? total_ : sums_) + begin;
    kernels::add_up(added_up_.data(), static_cast<Index>(added_up_.size()), begin, size, to);
    if (!peers_->is_last()) peers_->begin_send(to, bytes);
    peers_->begin_share(total_ + begin, bytes);
  }
}

}  // namespace fastnn
