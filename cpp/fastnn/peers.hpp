// Peers: the processes that compute each batch together, as a phase sees them. Owns how a batch is cut into parts and
// which of them are this process's; the messages are left to whoever derives from it, so the core knows no network.
//
// The cut follows from the size of a batch alone, and each process takes consecutive parts. Sums run through the
// processes as through the parts of one: each adds its parts to what the process before it has sent, and the last one
// gives the total to all. So an element of a sum is one chain of additions in the order of the parts, whatever the
// number of processes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fastnn/tensor.hpp"

namespace fastnn {

/// The parts of one batch, and those of this process. Part p holds the rows [p * rows, (p + 1) * rows) of the batch.
struct Cut {
  Index rows;         ///< of a part; the last one may have fewer
  Index parts;        ///< of the whole batch
  Index first, last;  ///< the parts [first, last) are those of this process
  Index whole;        ///< rows of the whole batch
  Index place;        ///< index in the whole batch of the first row that this process holds
  Index held;         ///< the number of rows of the batch that this process holds

  /// The rows of this process, counted from the first one that it holds.
  Index begin() const { return first * rows - place; }
  Index end() const { return std::min(held, last * rows - place); }

  /// A batch that one process computes.
  static Cut alone(Index count, Index rows) {
    const Index parts = rows > 0 ? (count + rows - 1) / rows : 1;
    return {rows > 0 ? rows : count, parts, 0, parts, count, 0, count};
  }
};

class Peers {
 public:
  /// parts: into how many parts a batch is cut; at least as many as there are processes where all hold the same rows.
  /// own_rows: each process holds rows of its own, of which a batch has equally many of each.
  Peers(Index rank, Index size, Index parts, bool own_rows);
  virtual ~Peers() = default;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  bool is_first() const { return rank_ == 0; }
  bool is_last() const { return rank_ == size_ - 1; }

  /// The rows of a part of batches of which this process holds up to `capacity` rows; `most`: at most so many, 0: any
  /// number.
  Index rows_of_part(Index capacity, Index most) const;
  /// The most parts that a process has of such a batch.
  Index most_parts(Index capacity, Index rows_of_part) const;
  Cut cut(Index count, Index rows_of_part) const;

  // All processes make the same calls in the same order.

  /// Receives from the process before this one.
  virtual void receive(void* to, std::size_t bytes) = 0;
  /// Sends to the process after this one. The memory may be written to when it returns.
  virtual void send(const void* from, std::size_t bytes) = 0;
  /// Gives all processes what the last one has.
  virtual void share(void* at, std::size_t bytes) = 0;
  /// Gives all processes what each has in its place: process r in [ends[r - 1], ends[r]) of the bytes.
  virtual void gather(void* all, const std::vector<std::size_t>& ends) = 0;

  /// gather() of `numbers` floats of each part of a batch.
  void gather_parts(Real* all, const Cut& cut, Index numbers);

 private:
  Index first_part(Index rank, Index parts) const { return (parts * rank + size_ - 1) / size_; }

  Index rank_, size_, parts_;
  bool own_rows_;
  std::vector<std::size_t> ends_;
};

}  // namespace fastnn
