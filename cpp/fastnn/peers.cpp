// How a batch is cut into parts for several processes.
#include "fastnn/peers.hpp"

#include "fastnn/error.hpp"
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
  gather(all, ends_);
}

void Peers::gather_rows(void* all, const Cut& cut, std::size_t bytes) {
  for (Index rank = 0; rank < size_; ++rank) {
    const Index end = own_rows_ ? cut.held * (rank + 1) : std::min(cut.whole, last_part(rank, cut) * cut.rows);
    ends_[static_cast<std::size_t>(rank)] = static_cast<std::size_t>(end) * bytes;
  }
  gather(all, ends_);
}

}  // namespace fastnn
