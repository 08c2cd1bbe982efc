// How a batch is cut into parts for several processes.
#include "fastnn/peers.hpp"

#include <algorithm>

#include "fastnn/error.hpp"
#include "fastnn/gradient_sum.hpp"
#include "fastnn/layer.hpp"

namespace fastnn {

Peers::Peers(Index rank, Index size, Index parts, bool own_rows, bool synchronized)
    : rank_(rank),
      size_(size),
      parts_(parts),
      own_rows_(own_rows),
      synchronized_(synchronized),
      ends_(static_cast<std::size_t>(size)) {
  require(size >= 1 && rank >= 0 && rank < size, "expected a rank from 0 to ", size - 1, ", got ", rank);
  require(parts >= 1, "parts expects a positive integer, got ", parts);
}

Index Peers::rows_of_part(Index capacity, Index most) const {
  const Index parts = own_rows_ ? (parts_ + size_ - 1) / size_ : parts_;
  const Index rows = ((capacity + parts - 1) / parts + kPieceStep - 1) / kPieceStep * kPieceStep;
  return most > 0 ? std::min(rows, most) : rows;
}

Index Peers::most_parts(Index capacity, Index rows_of_part) const {
  const Index parts = (capacity + rows_of_part - 1) / rows_of_part;
  return own_rows_ ? parts : (parts + size_ - 1) / size_;
}

Cut Peers::cut(Index count, Index rows) const {
  const Index parts = (count + rows - 1) / rows;
  if (own_rows_)
    return {rows,          parts * size_,        parts * rank_, parts * (rank_ + 1),
            count * size_, parts * rank_ * rows, count,         count * rank_};
  const Index first = first_part(rank_, parts), last = first_part(rank_ + 1, parts);
  return {rows, parts, first, last, count, 0, count, std::min(count, first * rows)};
}

void Peers::gather_parts(Real* all, const Cut& cut, Index numbers) {
  for (Index rank = 0; rank < size_; ++rank)
    ends_[static_cast<std::size_t>(rank)] = static_cast<std::size_t>(last_part(rank, cut) * numbers) * sizeof(Real);
  gather_all(all, ends_);
}

void Peers::gather_rows(void* all, const Cut& cut, std::size_t bytes) {
  for (Index rank = 0; rank < size_; ++rank) {
    const Index end = own_rows_ ? cut.held * (rank + 1) : std::min(cut.whole, last_part(rank, cut) * cut.rows);
    ends_[static_cast<std::size_t>(rank)] = static_cast<std::size_t>(end) * bytes;
  }
  gather_all(all, ends_);
}

// A process may ask more often than others, as one whose steps take longer comes back to Python more often. So what it gets, and
// what is kept, depends on nothing but the order of what is asked for.
std::shared_ptr<GradientSum> Peers::gradient_sum(Index parts, Index size) {
  constexpr std::size_t kKept = 4;
  const auto found = std::find_if(sums_.begin(), sums_.end(), [&](const auto& sum) { return sum->size() == size; });
  std::shared_ptr<GradientSum> sum;
  if (found != sums_.end()) {
    sum = std::move(*found);
    sums_.erase(found);
  }
  if (sum == nullptr || sum->parts() < parts) sum = GradientSum::make(this, parts, size);
  sums_.push_back(sum);
  if (sums_.size() > kKept) sums_.erase(sums_.begin());
  return sum;
}

// Where short messages go through memory; null: these do not.
Mailbox* Peers::mailbox(std::size_t bytes) {
  if (size_ == 1 || bytes > Mailbox::kBytes) return nullptr;
  if (!mailbox_) {
    auto memory = window(Mailbox::bytes(size_));
    mailbox_ = memory == nullptr ? nullptr : std::make_unique<Mailbox>(std::move(memory), rank_);
  }
  return mailbox_->get();
}

void Peers::gather_all(void* all, const std::vector<std::size_t>& ends) {
  Mailbox* box = mailbox(ends.back());
  if (box == nullptr) return gather(all, ends);
  box->begin();
  std::size_t begin = 0;
  const auto each = [&](auto&& body) {
    begin = 0;
    for (Index rank = 0; rank < size_; ++rank) {
      const std::size_t end = ends[static_cast<std::size_t>(rank)];
      body(rank, static_cast<std::byte*>(all) + begin, end - begin);
      begin = end;
    }
  };
  each([&](Index rank, std::byte* at, std::size_t bytes) {
    if (rank == rank_) box->post(at, bytes);
  });
  each([&](Index rank, std::byte* at, std::size_t bytes) {
    if (rank == rank_) return;
    wait([&] { return box->has_posted(rank); });
    box->read(rank, at, bytes);
  });
}

void Peers::chain(std::vector<double>& numbers, const std::function<void()>& change) {
  const std::size_t bytes = numbers.size() * sizeof(double);
  Mailbox* box = mailbox(bytes);
  if (box != nullptr) box->begin();
  const auto take = [&](Index rank) {
    wait([&] { return box->has_posted(rank); });
    box->read(rank, numbers.data(), bytes);
  };
  if (!is_first()) box != nullptr ? take(rank_ - 1) : receive(numbers.data(), bytes);
  change();
  if (box != nullptr) {
    box->post(numbers.data(), bytes);
    if (!is_last()) take(size_ - 1);
    return;
  }
  if (!is_last()) send(numbers.data(), bytes);
  share(numbers.data(), bytes);
}

}  // namespace fastnn
