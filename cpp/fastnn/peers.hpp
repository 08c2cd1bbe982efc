// Peers: the processes that compute each batch together, as a phase sees them. Owns how a batch is cut into parts, which of
// them are this process's, and what is exchanged; how messages are sent and where shared memory comes from is left to whoever
// derives from it, so the core knows no network.
//
// The cut follows from the size of a batch alone, and each process takes consecutive parts. An element of a sum is one chain
// of additions in the order of the parts, whatever the number of processes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fastnn/mailbox.hpp"
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
  Index before;       ///< the number of rows that the processes before this one compute

  /// The rows of this process, counted from the first one that it holds.
  Index begin() const { return first * rows - place; }
  Index end() const { return std::min(held, last * rows - place); }

  /// A batch that one process computes.
  static Cut alone(Index count, Index rows) {
    const Index parts = rows > 0 ? (count + rows - 1) / rows : 1;
    return {rows > 0 ? rows : count, parts, 0, parts, count, 0, count, 0};
  }
};

class GradientSum;

class Peers {
 public:
  /// parts: into how many parts a batch is cut; at least as many as there are processes where all hold the same rows.
  /// own_rows: each process holds rows of its own, of which a batch has equally many of each.
  /// synchronized: batch normalization takes the statistics of the whole batch, not of the rows of each process.
  Peers(Index rank, Index size, Index parts, bool own_rows, bool synchronized);
  virtual ~Peers() = default;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  Index rank() const { return rank_; }
  Index size() const { return size_; }
  bool is_first() const { return rank_ == 0; }
  bool is_last() const { return rank_ == size_ - 1; }
  bool synchronized() const { return synchronized_; }

  /// The rows of a part of batches of which this process holds up to `capacity` rows; `most`: at most so many, 0: any
  /// number.
  Index rows_of_part(Index capacity, Index most) const;
  /// The most parts that a process has of such a batch.
  Index most_parts(Index capacity, Index rows_of_part) const;
  Cut cut(Index count, Index rows_of_part) const;
  /// The rows of the whole batch, where this process holds `count` of it.
  Index rows_of_batch(Index count) const { return own_rows_ ? count * size_ : count; }

  /// The end of the parts of a process, which begin at the end of those of the process before it.
  Index last_part(Index rank, const Cut& cut) const {
    return own_rows_ ? cut.parts / size_ * (rank + 1) : first_part(rank + 1, cut.parts);
  }

  // All processes make the same calls in the same order.

  /// Gives all processes the numbers that each changes by change(), from the first process to the last.
  void chain(std::vector<double>& numbers, const std::function<void()>& change);
  /// Gives all processes `numbers` floats of each part of a batch, where each has those of its parts.
  void gather_parts(Real* all, const Cut& cut, Index numbers);
  /// The same of `bytes` of each row of a batch, without gaps between the rows of two processes.
  void gather_rows(void* all, const Cut& cut, std::size_t bytes);

  /// The sum of gradients over the parts of all processes, of which each has up to `parts`; `size`: the number of gradients
  /// of a part. It serves whoever trains as many weights, one batch after the other: which process has made what for itself,
  /// such as a program that another one has kept, does not matter.
  std::shared_ptr<GradientSum> gradient_sum(Index parts, Index size);

  /// Memory that all processes see, of zeros; null: there is none.
  virtual std::shared_ptr<void> window(std::size_t bytes) = 0;
  /// Returns when `done` returns true, which another process brings about by what it writes to a window.
  virtual void wait(const std::function<bool()>& done) = 0;

  // Messages under way, beside those of the calls above. They are begun in one order by all processes, and their memory
  // is theirs until finish() has returned.

  /// Begins to receive from the process before this one.
  virtual void begin_receive(void* to, std::size_t bytes) = 0;
  /// Begins to send to the process after this one.
  virtual void begin_send(const void* from, std::size_t bytes) = 0;
  /// Begins to give all processes what the last one has.
  virtual void begin_share(void* at, std::size_t bytes) = 0;
  /// Lets the messages go on, and returns how many have been received since the last finish(). With `wait` it returns
  /// when there are at least `count`.
  virtual Index received(Index count, bool wait) = 0;
  /// Waits until all are done.
  virtual void finish() = 0;

 protected:
  /// Receives from the process before this one.
  virtual void receive(void* to, std::size_t bytes) = 0;
  /// Sends to the process after this one. The memory may be written to when it returns.
  virtual void send(const void* from, std::size_t bytes) = 0;
  /// Gives all processes what the last one has.
  virtual void share(void* at, std::size_t bytes) = 0;
  /// Gives all processes what each has in its place: process r in [ends[r - 1], ends[r]) of the bytes.
  virtual void gather(void* all, const std::vector<std::size_t>& ends) = 0;

 private:
  void gather_all(void* all, const std::vector<std::size_t>& ends);
  Mailbox* mailbox(std::size_t bytes);
  Index first_part(Index rank, Index parts) const { return (parts * rank + size_ - 1) / size_; }

  Index rank_, size_, parts_;
  bool own_rows_, synchronized_;
  std::vector<std::size_t> ends_;
  std::vector<std::shared_ptr<GradientSum>> sums_;   // the last used at the end
  std::optional<std::unique_ptr<Mailbox>> mailbox_;  // of processes that share memory, from the first message on
};

}  // namespace fastnn
