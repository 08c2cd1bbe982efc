// How a batch is cut into parts for several processes.
#include "fastnn/peers.hpp"

#include "fastnn/error.hpp"
#include "fastnn/layer.hpp"

namespace fastnn {

Peers::Peers(Index rank, Index size, Index parts, bool own_rows)
    : rank_(rank), size_(size), parts_(parts), own_rows_(own_rows), ends_(static_cast<std::size_t>(size)) {
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
    return {rows, parts * size_, parts * rank_, parts * (rank_ + 1), count * size_, parts * rank_ * rows, count};
  return {rows, parts, first_part(rank_, parts), first_part(rank_ + 1, parts), count, 0, count};
}

void Peers::gather_parts(Real* all, const Cut& cut, Index numbers) {
  for (Index rank = 0; rank < size_; ++rank) {
    const Index end = own_rows_ ? cut.parts / size_ * (rank + 1) : first_part(rank + 1, cut.parts);
    ends_[static_cast<std::size_t>(rank)] = static_cast<std::size_t>(end * numbers) * sizeof(Real);
  }
  gather(all, ends_);
}

}  // namespace fastnn
