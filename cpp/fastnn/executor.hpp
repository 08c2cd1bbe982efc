// The executor: runs a graph's passes over one batch in a plan's arena. One forward and one backward pass serve
// training, evaluation, prediction and tests alike.
//
// A Session is a plan with its memory and all pointers set, so that a pass allocates nothing. A Team is a session for
// each thread: where activations are large compared with the weights, a batch is processed in pieces of a few rows, and
// each piece passes through all nodes on one thread, in that thread's cache and without barriers. A Convoy is a session
// for each part of a batch whose rows meet in some nodes: all parts arrive there before one goes on. An Executor makes
// them for a graph and keeps a few for concurrent callers and for other batch sizes.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fastnn/graph.hpp"
#include "fastnn/parallel.hpp"
#include "fastnn/plan.hpp"
#include "fastnn/record.hpp"

namespace fastnn {

/// Called between the nodes of a long pass; raises to abandon the pass. Empty: no interruption.
using Pulse = std::function<void()>;

/// Calls a pulse at most every kSeconds.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr double kSeconds = 0.05;

  explicit Patience(const Pulse& pulse) : pulse_(pulse) {}
  void ask(Clock::time_point now = Clock::now()) {
    if (std::chrono::duration<double>(now - asked_).count() < kSeconds) return;
    asked_ = now;
    pulse_();
  }

 private:
  const Pulse& pulse_;
  Clock::time_point asked_ = Clock::now();
};

/// The layout of the gradients of all trained weights of a graph in one flat block.
struct GradientTable {
  explicit GradientTable(const Graph& graph);
  /// Weights whose gradients lie anywhere: `offsets` are still to be set.
  explicit GradientTable(const std::vector<VariablePtr>& apart)
      : weights(apart), offsets(apart.size(), 0), penalized(false) {}
  /// The part of another table that holds these weights, in the order of that table.
  GradientTable(const GradientTable& all, const std::vector<VariablePtr>& some);

  std::vector<VariablePtr> weights;  ///< in the order in which the nodes use them
  std::vector<Index> offsets;        ///< of the gradient of each weight, in floats; a multiple of 16
  Index size = 0;                    ///< of the whole block, in floats
  bool penalized = true;             ///< the gradients lack those of the weights' penalties

  Index find(const Variable* weight) const;  ///< position in `weights`, or -1
};

class Session {
 public:
  /// A graph made by Graph::at(capacity) expects batches of exactly that many rows.
  /// packer: a session whose buffers derived from the weights are shared; it must be prepared before each pass.
  Session(std::shared_ptr<const Graph> graph, const Wanted& wanted, const GradientTable* table, Index capacity,
          int threads, const Session* packer = nullptr);

  /// The graph that it runs, with all sizes known.
  const Graph& graph() const { return *graph_; }

  const Plan& plan() const { return plan_; }
  template <class T = Real>
  T* value(EdgeId edge) const {
    return static_cast<T*>(pointer(plan_.values[static_cast<std::size_t>(edge)]));
  }
  Real* gradient(EdgeId edge) const {
    return static_cast<Real*>(pointer(plan_.gradients[static_cast<std::size_t>(edge)]));
  }
  Real* weight_gradients() const { return weight_gradients_; }
  /// Writes the gradients of weights elsewhere from now on, to memory that begins with zeros.
  void write_gradients(Real* at);
  Index rows() const { return rows_; }

  /// Sets the memory of an input or output of the graph, and of its aliases, for the coming passes; null: the arena.
  void bind(EdgeId edge, void* at);
  /// Starts a batch of `rows` rows, at most the capacity, or a piece of a batch that begins at its row `first_row`.
  void begin(Index rows, Index first_row = 0);
  Index first_row() const { return first_row_; }
  /// Where the time goes that is spent with this session.
  Record& record() { return record_; }
  /// Updates all buffers that are derived from changed weights, as forward() does too. Expects ReadVariables to be
  /// held.
  void prepare();
  /// Both passes expect ReadVariables to be held.
  void forward(const Pulse& pulse) { forward(0, contexts_.size(), pulse); }
  void backward(const Pulse& pulse) { backward(0, contexts_.size(), pulse); }
  /// Graph::commits().
  bool commits() const { return commits_; }
  /// Writes state and advances random streams. Expects WriteVariables to be held.
  void commit() { commit(0, contexts_.size(), {}); }

  /// The same for the nodes [begin, end). `update` is called for those that move weights.
  using Updates = std::function<void(const Node&)>;
  void forward(std::size_t begin, std::size_t end, const Pulse& pulse);
  void backward(std::size_t begin, std::size_t end, const Pulse& pulse);
  /// The context of a node; for the numbers of a batch in parts (Layer::meeting).
  Context& context(std::size_t node) { return contexts_[node]; }
  /// True where the backward pass of a node runs.
  bool reverses(std::size_t node) const { return plan_.nodes[node].backward; }
  void commit(std::size_t begin, std::size_t end, const Updates& update);
  /// The nodes that commit what the nodes before them write.
  const std::vector<std::size_t>& commit_points() const { return commit_points_; }
  /// The start of the memory of all values.
  Real* memory() const { return arena_.as<Real>(); }
  /// Fills the arena with NaN, so that reads of uninitialized memory show in the results (for tests).
  void poison();

 private:
  void* pointer(int placement) const {
    return placement == kNowhere ? nullptr : pointers_[static_cast<std::size_t>(placement)];
  }

  // Where a node writes the gradient of one of its weights, among those of all weights.
  struct Destination {
    std::size_t node, weight;
    Index offset;
  };
  // A weight that several nodes use: gradients written to other memory are added to the first.
  struct SharedGradient {
    std::size_t node;
    Real* from;
    Index offset;
    Index count;
  };
  struct Addition {
    std::size_t node;
    const Real* from;
    Real* to;
    const Spec* spec;
  };

  void prepare(std::size_t node);
  void reverse(std::size_t node);
  void point_reversal(std::size_t node);

  const std::shared_ptr<const Graph> graph_;
  const Wanted wanted_;
  const Session* packer_;
  Plan plan_;
  std::vector<void*> pointers_;  // per placement
  AlignedBuffer arena_, gradients_, shared_gradients_;
  Real* weight_gradients_ = nullptr;  // gradients_, unless they are written elsewhere
  std::vector<Context> contexts_;
  std::vector<std::uint64_t> prepared_;      // per node: sum of its weights' versions when prepare() last ran
  std::vector<std::uint64_t> drawn_before_;  // per node: earlier nodes that draw from its stream
  const bool commits_;
  std::vector<Destination> destinations_;
  std::vector<SharedGradient> shared_;
  std::vector<Addition> additions_;
  std::vector<std::size_t> commit_points_;
  Index rows_ = 0, first_row_ = 0;
  Record record_;
};

/// Sessions that process a batch in pieces, each thread one piece at a time. Buffers derived from the weights are
/// shared.
class Team {
 public:
  Team(const std::shared_ptr<const Graph>& graph, const Wanted& wanted, const GradientTable* table, Index rows,
       int threads);

  Index rows() const { return first().plan().capacity; }  ///< of a piece
  int threads() const { return static_cast<int>(sessions_.size()); }
  Session& operator[](int thread) const { return *sessions_[static_cast<std::size_t>(thread)]; }
  Session& first() const { return *sessions_.front(); }
  std::vector<Session*> all() const {
    std::vector<Session*> sessions;
    for (const auto& session : sessions_) sessions.push_back(session.get());
    return sessions;
  }

  /// The number of rows between two checks for an interruption.
  Index wave() const { return Index{8} * threads() * rows(); }

  /// Calls body(session, row, rows) in parallel for the pieces of the `count` rows from `begin` on. Expects
  /// ReadVariables to be held. body must not throw or allocate.
  template <class Body>
  void each_piece(Index begin, Index count, Body&& body);

 private:
  std::vector<std::unique_ptr<Session>> sessions_;
};

/// Sessions for the parts of a batch, in which the nodes where rows meet (Layer::meeting) are given what all parts have
/// contributed. Buffers derived from the weights are shared.
class Convoy {
 public:
  /// rows: of a part. parts: the most that this process has of a batch; there is a session at least, which commits.
  Convoy(const std::shared_ptr<const Graph>& graph, const Wanted& wanted, const GradientTable* table, Index rows,
         Index parts, int threads);

  Index rows() const { return first().plan().capacity; }  ///< of a part
  Index parts() const { return static_cast<Index>(sessions_.size()); }
  int threads() const { return threads_; }
  Session& operator[](Index part) const { return *sessions_[static_cast<std::size_t>(part)]; }
  Session& first() const { return *sessions_.front(); }

  /// Calls body(session, part) in parallel for the first `parts` parts. body must not throw or allocate.
  template <class Body>
  void each(Index parts, Body&& body);

  /// The parts [first, last) of a batch of `all` parts, which are those of this process.
  struct Parts {
    Index first, last, all;
    bool synchronized;  ///< rows meet those of other processes too
    /// Fills in what other processes contribute to `all`, `numbers` floats for each part of the batch.
    std::function<void(Real* all, Index numbers)> gather;

    Index own() const { return last - first; }
  };
  /// Both passes expect ReadVariables to be held.
  void forward(const Parts& parts, const Pulse& pulse);
  /// stops: nodes, from the last to the first. `done` is called when the pass has run through one in all parts.
  void backward(const Parts& parts, const Pulse& pulse, const std::vector<std::size_t>& stops,
                const std::function<void()>& done);

 private:
  void meet(std::size_t node, bool backward, const Parts& parts);
  void meet_for_commit(const Parts& parts);

  // A node where rows meet, and what the parts have contributed to its forward pass.
  struct Meeting {
    std::size_t node;
    std::vector<Real> numbers;
  };

  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<Meeting> meetings_;
  std::vector<Real> numbers_;
  int threads_;
};

/// True where rows of a batch meet in some node that can be given what other parts of the batch contribute.
bool rows_meet(const Graph& graph, bool training);

class Executor {
 public:
  /// `wanted.outputs` are edges of `graph`; the rewritten graph runs.
  Executor(const Graph& graph, Wanted wanted);

  const Graph& graph() const { return *graph_; }
  /// The graph for batches of `rows` rows: the same, or Graph::at(rows) where sizes depend on them. Raises ValueError
  /// where the sizes do not fit.
  std::shared_ptr<const Graph> graph_for(Index rows);
  const Wanted& wanted() const { return wanted_; }
  const GradientTable& gradients() const { return gradients_; }
  EdgeId output(std::size_t i) const { return wanted_.outputs[i]; }

  /// A session for batches of up to `capacity` rows (of exactly as many where Graph::sized()), for exclusive use until
  /// release().
  void acquire(Index capacity, std::unique_ptr<Session>& session);
  /// A team for pieces of `rows` rows.
  void acquire(Index rows, std::unique_ptr<Team>& team);
  /// A convoy of up to `parts` parts of `rows` rows.
  void acquire(Index rows, Index parts, std::unique_ptr<Convoy>& convoy);
  void release(std::unique_ptr<Session> session);
  void release(std::unique_ptr<Team> team);
  void release(std::unique_ptr<Convoy> convoy);

  /// The rows of the pieces of a batch of up to `capacity` rows; 0: it is processed whole.
  Index piece(Index capacity);

  std::string describe_plan(Index capacity);

  /// Starts or ends the recording of spans, in sessions acquired from now on.
  void record(bool on);
  /// What the sessions that were released since the last call have recorded.
  struct Recorded {
    std::vector<Span> spans;
    Index lost = 0;  ///< spans for which there was no room
    std::size_t memory = 0,
                packed = 0;  ///< bytes of the largest session or team, and those of them derived from weights
  };
  Recorded recorded();

 private:
  void take_record(const std::vector<Session*>& sessions);
  const GradientTable* table() const { return wanted_.backward ? &gradients_ : nullptr; }

  Wanted wanted_;
  std::shared_ptr<const Graph> graph_;
  GradientTable gradients_;
  ForkSafeMutex mutex_;
  std::vector<std::pair<Index, std::shared_ptr<const Graph>>> graphs_;  // by rows, the last used at the end
  std::vector<std::unique_ptr<Session>> idle_;
  std::vector<std::unique_ptr<Team>> idle_teams_;
  std::vector<std::unique_ptr<Convoy>> idle_convoys_;
  std::optional<Index> rows_of_piece_;
  std::atomic<bool> recording_{false};
  Recorded recorded_;
};

/// Holds a session, a team or a convoy while it is in scope.
template <class Held>
class Lease {
 public:
  template <class... Sizes>
  explicit Lease(Executor& executor, Sizes... sizes) : executor_(executor) {
    executor.acquire(sizes..., held_);
  }
  ~Lease() { executor_.release(std::move(held_)); }
  /// Exchanges what is held for one of another capacity.
  void exchange(Index capacity) {
    std::unique_ptr<Held> other;
    executor_.acquire(capacity, other);
    executor_.release(std::exchange(held_, std::move(other)));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Held& operator*() const { return *held_; }
  Held* operator->() const { return held_.get(); }

 private:
  Executor& executor_;
  std::unique_ptr<Held> held_;
};
using SessionLease = Lease<Session>;
using TeamLease = Lease<Team>;
using ConvoyLease = Lease<Convoy>;

template <class Body>
void Team::each_piece(Index begin, Index count, Body&& body) {
  first().prepare();
  parallel_for((count + rows() - 1) / rows(), kGrain, [&](Index piece, int thread) {
    // A piece belongs to one thread: parallel loops of its nodes run inline.
    const RunScope alone(1);
    body((*this)[thread], begin + piece * rows(), std::min(rows(), count - piece * rows()));
  });
}

template <class Body>
void Convoy::each(Index parts, Body&& body) {
  parallel_for(parts, kGrain, [&](Index part, int) {
    const RunScope alone(1);
    body((*this)[part], part);
  });
}

}  // namespace fastnn
