// Passes over a batch.
#include "fastnn/executor.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>

#include "fastnn/kernels/update.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {

GradientTable::GradientTable(const Graph& graph) {
  for (const Node& node : graph.nodes())
    for (std::size_t i = 0; i < node.weights.size(); ++i) {
      if (!node.trained[i] || find(node.weights[i].get()) >= 0) continue;
      weights.push_back(node.weights[i]);
      offsets.push_back(size);
      size += padded(node.weights[i]->size());
    }
}

GradientTable::GradientTable(const GradientTable& all, const std::vector<VariablePtr>& some) : size(all.size) {
  for (std::size_t i = 0; i < all.weights.size(); ++i) {
    if (std::find(some.begin(), some.end(), all.weights[i]) == some.end()) continue;
    weights.push_back(all.weights[i]);
    offsets.push_back(all.offsets[i]);
  }
}

Index GradientTable::find(const Variable* weight) const {
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (weights[i].get() == weight) return static_cast<Index>(i);
  return -1;
}

Session::Session(std::shared_ptr<const Graph> of, const Wanted& wanted, const GradientTable* table, Index capacity,
                 int threads, const Session* packer)
    : graph_(std::move(of)),
      wanted_(wanted),
      packer_(packer),
      plan_(*graph_, wanted, capacity, threads, packer == nullptr),
      arena_(plan_.bytes),
      gradients_(table == nullptr ? 0 : static_cast<std::size_t>(table->size) * sizeof(Real)),
      contexts_(graph_->nodes().size()),
      prepared_(graph_->nodes().size(), 0),
      drawn_before_(graph_->nodes().size(), 0),
      commits_(graph_->commits()) {
  const Graph& graph = *graph_;
  if (gradients_.size() > 0) std::memset(gradients_.bytes(), 0, gradients_.size());
  for (std::size_t i = 0; i < plan_.placements.size(); ++i)
    pointers_.push_back(packer != nullptr && plan_.placements[i].packed ? packer->pointers_[i]
                                                                        : arena_.bytes() + plan_.placements[i].offset);

  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    for (std::size_t j = 0; node.layer->random() && j < i; ++j)
      drawn_before_[i] += graph.nodes()[j].layer->random() && graph.nodes()[j].stream == node.stream;
  }

  // The backward pass runs from the last node to the first; the first in that order to use a weight writes its
  // gradient.
  std::vector<bool> written(table == nullptr ? 0 : table->weights.size(), false);
  Index aside = 0;
  struct Aside {
    std::size_t node, weight;
    Index offset, position;
  };
  std::vector<Aside> asides;

  for (std::size_t i = graph.nodes().size(); i-- > 0;) {
    const Node& node = graph.nodes()[i];
    const NodePlan& places = plan_.nodes[i];
    Context& context = contexts_[i];
    context.capacity_ = node.rows > 0 ? node.rows : capacity;
    context.training_ = wanted.training;
    context.threads_ = threads;
    for (int place : places.inputs) context.inputs_.push_back(pointer(place));
    for (int place : places.outputs) context.outputs_.push_back(pointer(place));
    context.output_gradients_.resize(node.outputs.size());
    context.input_gradients_.resize(node.inputs.size());
    for (std::size_t k = 0; k < places.output_gradients.size(); ++k)
      context.output_gradients_[k] = static_cast<Real*>(pointer(places.output_gradients[k]));
    for (std::size_t k = 0; k < places.input_gradients.size(); ++k) {
      context.input_gradients_[k] = static_cast<Real*>(pointer(places.input_gradients[k]));
      if (places.add_to[k] != kNowhere)
        additions_.push_back({i, context.input_gradients_[k], static_cast<Real*>(pointer(places.add_to[k])),
                              &graph.edge(node.inputs[k]).spec});
    }
    for (const NodePlan::Buffer& buffer : places.buffers) context.buffers_[buffer.key] = pointer(buffer.placement);
    context.weight_gradients_.assign(node.weights.size(), nullptr);
    for (std::size_t k = 0; k < node.weights.size(); ++k) {
      context.weights_.push_back(node.weights[k]->data<void>());
      if (!places.backward || !node.trained[k]) continue;
      const auto position = static_cast<std::size_t>(table->find(node.weights[k].get()));
      if (written[position]) {
        asides.push_back({i, k, aside, static_cast<Index>(position)});
        aside += padded(node.weights[k]->size());
      } else {
        written[position] = true;
        destinations_.push_back({i, k, table->offsets[position]});
      }
    }
  }
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    if (graph.nodes()[i].layer->commits_before()) commit_points_.push_back(i);
    point_reversal(i);
  }
  shared_gradients_ = AlignedBuffer(static_cast<std::size_t>(aside) * sizeof(Real));
  for (const Aside& a : asides) {
    Real* from = shared_gradients_.as<Real>() + a.offset;
    contexts_[a.node].weight_gradients_[a.weight] = from;
    const auto position = static_cast<std::size_t>(a.position);
    shared_.push_back({a.node, from, table->offsets[position], table->weights[position]->size()});
  }
  write_gradients(gradients_.as<Real>());
}

// Lets the backward pass of another node work in that node's memory.
void Session::point_reversal(std::size_t i) {
  const Node& node = graph_->nodes()[i];
  if (!node.reversal) return;
  const NodePlan& places = plan_.nodes[i];
  Context& context = contexts_[i];
  context = contexts_[static_cast<std::size_t>(node.reversal->of)];
  const auto output = [&](int which) -> Real* {
    return which == Node::kNone ? nullptr
                                : static_cast<Real*>(pointer(places.outputs[static_cast<std::size_t>(which)]));
  };
  context.output_gradients_.clear();
  for (int which : node.reversal->given) {
    const auto k = static_cast<std::size_t>(which);
    const int place = which == Node::kNone           ? kNowhere
                      : places.copies[k] != kNowhere ? places.copies[k]
                                                     : places.inputs[k];
    context.output_gradients_.push_back(static_cast<Real*>(pointer(place)));
  }
  context.input_gradients_.clear();
  for (int which : node.reversal->of_inputs) context.input_gradients_.push_back(output(which));
  context.weight_gradients_.clear();
  for (int which : node.reversal->of_weights) context.weight_gradients_.push_back(output(which));
}

void Session::reverse(std::size_t i) {
  const Node& node = graph_->nodes()[i];
  const NodePlan& places = plan_.nodes[i];
  const auto of = static_cast<std::size_t>(node.reversal->of);
  const Layer& layer = *graph_->nodes()[of].layer;
  if (node.reversal->again) layer.forward(contexts_[of]);
  for (std::size_t k = 0; k < node.inputs.size(); ++k)
    if (places.copies[k] != kNowhere) {
      const Index rows = node.rows > 0 ? node.rows : rows_;
      std::memcpy(pointer(places.copies[k]), pointer(places.inputs[k]), graph_->edge(node.inputs[k]).spec.bytes(rows));
    }
  layer.backward(contexts_[i]);
}

void Session::bind(EdgeId edge, void* at) {
  const int place = plan_.values[static_cast<std::size_t>(edge)];
  void*& held = pointers_[static_cast<std::size_t>(place)];
  if (at == nullptr) at = arena_.bytes() + plan_.placements[static_cast<std::size_t>(place)].offset;
  if (held == at) return;
  held = at;
  for (std::size_t i = 0; i < contexts_.size(); ++i) {
    const NodePlan& node = plan_.nodes[i];
    for (std::size_t k = 0; k < node.inputs.size(); ++k)
      if (node.inputs[k] == place) contexts_[i].inputs_[k] = at;
    for (std::size_t k = 0; k < node.outputs.size(); ++k)
      if (node.outputs[k] == place) contexts_[i].outputs_[k] = at;
  }
  for (std::size_t i = 0; i < contexts_.size(); ++i) point_reversal(i);
}

void Session::write_gradients(Real* at) {
  for (const Destination& one : destinations_) contexts_[one.node].weight_gradients_[one.weight] = at + one.offset;
  weight_gradients_ = at;
  if (at != gradients_.as<Real>()) gradients_ = AlignedBuffer();
}

void Session::begin(Index rows, Index first_row) {
  rows_ = rows;
  first_row_ = first_row;
  for (std::size_t i = 0; i < contexts_.size(); ++i) {
    const Node& node = graph_->nodes()[i];
    contexts_[i].rows_ = node.rows > 0 ? node.rows : rows;
    contexts_[i].first_row_ = first_row;
    if (!node.stream) continue;
    // A layer that is called several times draws new numbers at each call.
    contexts_[i].stream_ = *node.stream;
    contexts_[i].stream_.position += drawn_before_[i];
  }
  for (std::size_t i = 0; i < contexts_.size(); ++i)
    if (const auto& reversal = graph_->nodes()[i].reversal) {
      const Context& of = contexts_[static_cast<std::size_t>(reversal->of)];
      contexts_[i].rows_ = of.rows_;
      contexts_[i].stream_ = of.stream_;
    }
}

void Session::prepare(std::size_t node) {
  if (packer_ != nullptr) return;
  std::uint64_t version = 0;
  for (const VariablePtr& weight : graph_->nodes()[node].weights) version += weight->version();
  if (version == prepared_[node]) return;
  const Timed timed(record_, Part::prepare, static_cast<int>(node));
  graph_->nodes()[node].layer->prepare(contexts_[node]);
  prepared_[node] = version;
}

void Session::prepare() {
  for (std::size_t i = 0; i < contexts_.size(); ++i)
    if (!plan_.nodes[i].alias) prepare(i);
}

void Session::forward(std::size_t begin, std::size_t end, const Pulse& pulse) {
  for (std::size_t i = begin; i < end; ++i) {
    if (plan_.nodes[i].alias) continue;
    if (graph_->nodes()[i].reversal) {
      const Timed timed(record_, Part::backward, graph_->nodes()[i].reversal->of);
      reverse(i);
    } else {
      prepare(i);
      const Timed timed(record_, Part::forward, static_cast<int>(i));
      graph_->nodes()[i].layer->forward(contexts_[i]);
    }
    if (pulse) pulse();
  }
}

void Session::backward(std::size_t begin, std::size_t end, const Pulse& pulse) {
  // Both lists are in the order of the pass.
  const auto before = [end](const auto& one) { return one.node >= end; };
  auto addition = std::partition_point(additions_.cbegin(), additions_.cend(), before);
  auto shared = std::partition_point(shared_.cbegin(), shared_.cend(), before);
  for (std::size_t i = end; i-- > begin;) {
    if (plan_.nodes[i].backward) {
      const Timed timed(record_, Part::backward, static_cast<int>(i));
      graph_->nodes()[i].layer->backward(contexts_[i]);
    }
    for (; addition != additions_.cend() && addition->node == i; ++addition)
      kernels::add(addition->from, addition->to, addition->spec->size(rows_));
    for (; shared != shared_.cend() && shared->node == i; ++shared)
      kernels::add(shared->from, weight_gradients_ + shared->offset, shared->count);
    if (pulse) pulse();
  }
}

void Session::commit(std::size_t begin, std::size_t end, const Updates& update) {
  for (std::size_t i = begin; i < end; ++i) {
    const Node& node = graph_->nodes()[i];
    if (update && !node.layer->updates().empty()) update(node);
    if (node.layer->random()) ++node.stream->position;
    if (!node.layer->updates_state()) continue;
    node.layer->commit(contexts_[i]);
    for (std::size_t k = 0; k < node.weights.size(); ++k)
      if (!node.trained[k]) node.weights[k]->touch();
  }
}

void Session::poison() {
  std::fill_n(arena_.as<Real>(), arena_.size() / sizeof(Real), std::numeric_limits<Real>::quiet_NaN());
  std::fill(prepared_.begin(), prepared_.end(), 0);
}

Team::Team(const std::shared_ptr<const Graph>& graph, const Wanted& wanted, const GradientTable* table, Index rows,
           int threads) {
  for (int i = 0; i < threads; ++i)
    sessions_.push_back(
        std::make_unique<Session>(graph, wanted, table, rows, 1, i == 0 ? nullptr : sessions_.front().get()));
}

Convoy::Convoy(const std::shared_ptr<const Graph>& graph, const Wanted& wanted, const GradientTable* table, Index rows,
               Index parts, int threads)
    : threads_(threads) {
  for (Index i = 0; i < std::max<Index>(parts, 1); ++i)
    sessions_.push_back(
        std::make_unique<Session>(graph, wanted, table, rows, 1, i == 0 ? nullptr : sessions_.front().get()));
  for (std::size_t i = 0; i < graph->nodes().size(); ++i) {
    if (graph->nodes()[i].layer->meeting(wanted.training, false) == 0) continue;
    meetings_.push_back({i, {}});
    for (const auto& session : sessions_) session->context(i).met_ = true;
  }
}

namespace {

// True where the rows of a node meet those of other processes.
bool meets_all(const Convoy::Parts& parts, const Layer& layer) { return parts.synchronized || layer.synchronized(); }

}  // namespace

// Lets the parts contribute to a node, and gives it what all parts of the batch have contributed, or all of this
// process.
void Convoy::meet(std::size_t node, bool backward, const Parts& parts) {
  const Layer& layer = *first().graph().nodes()[node].layer;
  const Index numbers = layer.meeting(first().context(node).training(), backward);
  numbers_.resize(static_cast<std::size_t>(parts.all * numbers));
  each(parts.own(), [&](Session& session, Index part) {
    layer.contribute(session.context(node), backward, numbers_.data() + (parts.first + part) * numbers);
  });
  const bool synchronized = meets_all(parts, layer);
  if (synchronized) parts.gather(numbers_.data(), numbers);
  const Real* of_parts = numbers_.data() + (synchronized ? 0 : parts.first * numbers);
  const Index count = synchronized ? parts.all : parts.own();
  // The session that commits has to know them even if it has no rows.
  each(std::max<Index>(parts.own(), 1),
       [&](Session& session, Index) { layer.meet(session.context(node), backward, of_parts, count); });
}

// What nodes write that took the numbers of this process only is of the whole batch all the same, so that it is equal in
// all processes. One message serves all nodes.
void Convoy::meet_for_commit(const Parts& parts) {
  Index together = 0;
  for (const Meeting& meeting : meetings_)
    if (!meeting.numbers.empty()) together += static_cast<Index>(meeting.numbers.size()) / parts.all;
  if (together == 0) return;
  numbers_.resize(static_cast<std::size_t>(parts.all * together));
  const auto each_meeting = [&](auto&& body) {
    Index at = 0;
    for (Meeting& meeting : meetings_) {
      if (meeting.numbers.empty()) continue;
      const Index size = static_cast<Index>(meeting.numbers.size()) / parts.all;
      body(meeting, size, at);
      at += size;
    }
  };
  each_meeting([&](Meeting& meeting, Index size, Index at) {
    for (Index part = parts.first; part < parts.last; ++part)
      std::copy_n(meeting.numbers.data() + part * size, size, numbers_.data() + part * together + at);
  });
  parts.gather(numbers_.data(), together);
  each_meeting([&](Meeting& meeting, Index size, Index at) {
    for (Index part = 0; part < parts.all; ++part)
      std::copy_n(numbers_.data() + part * together + at, size, meeting.numbers.data() + part * size);
    const Layer& layer = *first().graph().nodes()[meeting.node].layer;
    layer.meet_for_commit(first().context(meeting.node), meeting.numbers.data(), parts.all);
    meeting.numbers.clear();
  });
}

void Convoy::forward(const Parts& parts, const Pulse& pulse) {
  const Pulse none;
  std::size_t begin = 0;
  const auto run = [&](std::size_t end) {
    each(parts.own(), [&](Session& session, Index) { session.forward(begin, end, none); });
    begin = end;
    if (pulse) pulse();
  };
  for (Meeting& meeting : meetings_) {
    run(meeting.node);
    meet(meeting.node, false, parts);
    meeting.numbers.clear();
    if (!meets_all(parts, *first().graph().nodes()[meeting.node].layer)) meeting.numbers = numbers_;
  }
  run(first().graph().nodes().size());
  meet_for_commit(parts);
}

void Convoy::backward(const Parts& parts, const Pulse& pulse, const std::vector<std::size_t>& stops,
                      const std::function<void()>& done) {
  const Pulse none;
  std::size_t end = first().graph().nodes().size();
  auto stop = stops.begin();
  const auto run = [&](std::size_t begin) {
    each(parts.own(), [&](Session& session, Index) { session.backward(begin, end, none); });
    end = begin;
    if (pulse) pulse();
  };
  const auto run_to = [&](std::size_t begin) {
    for (; stop != stops.end() && *stop >= begin; ++stop) {
      if (*stop < end) run(*stop);
      done();
    }
    if (begin < end) run(begin);
  };
  for (auto meeting = meetings_.rbegin(); meeting != meetings_.rend(); ++meeting) {
    if (!first().reverses(meeting->node)) continue;
    run_to(meeting->node + 1);
    meet(meeting->node, true, parts);
  }
  run_to(0);
}

bool rows_meet(const Graph& graph, bool training) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                     [&](const Node& node) { return node.layer->meeting(training, false) > 0; });
}

namespace {

constexpr std::size_t kKept = 4;

// Takes the first of `idle` for which fits() is true; null if there is none.
template <class Held, class Fits>
std::unique_ptr<Held> taken(std::vector<std::unique_ptr<Held>>& idle, Fits&& fits) {
  const auto found =
      std::find_if(idle.begin(), idle.end(), [&](const std::unique_ptr<Held>& one) { return fits(*one); });
  if (found == idle.end()) return nullptr;
  std::unique_ptr<Held> held = std::move(*found);
  idle.erase(found);
  return held;
}

// Called by destructors, so it makes no memory: what is kept has its place since it was made.
template <class Held>
void keep(std::vector<std::unique_ptr<Held>>& idle, std::unique_ptr<Held> held) {
  if (held == nullptr) return;
  if (idle.size() == kKept) idle.erase(idle.begin());
  idle.push_back(std::move(held));
}

}  // namespace

Executor::Executor(const Graph& graph, Wanted wanted)
    : wanted_(std::move(wanted)),
      graph_(std::make_shared<const Graph>(graph.rewritten(wanted_.outputs, !wanted_.training && !wanted_.backward))),
      gradients_(*graph_) {
  idle_.reserve(kKept);
  idle_teams_.reserve(kKept);
  idle_convoys_.reserve(kKept);
  if (!graph_->sized()) graph_ = std::make_shared<const Graph>(graph_->differentiated());
}

std::shared_ptr<const Graph> Executor::graph_for(Index rows) {
  if (!graph_->sized()) return graph_;
  std::lock_guard<ForkSafeMutex> guard(mutex_);
  auto found = std::find_if(graphs_.begin(), graphs_.end(), [&](const auto& kept) { return kept.first == rows; });
  if (found == graphs_.end()) {
    graphs_.emplace_back(rows, std::make_shared<const Graph>(graph_->at(rows).differentiated()));
    if (graphs_.size() > kKept) graphs_.erase(graphs_.begin());
    return graphs_.back().second;
  }
  std::rotate(found, found + 1, graphs_.end());
  return graphs_.back().second;
}

void Executor::acquire(Index capacity, std::unique_ptr<Session>& session) {
  const int threads = num_threads();
  {
    std::lock_guard<ForkSafeMutex> guard(mutex_);
    session = taken(
        idle_, [&](const Session& one) { return one.plan().capacity == capacity && one.plan().threads == threads; });
  }
  if (session == nullptr) session = std::make_unique<Session>(graph_for(capacity), wanted_, table(), capacity, threads);
  if (recording_) session->record().start(0);
}

void Executor::acquire(Index rows, std::unique_ptr<Team>& team) {
  const int threads = num_threads();
  {
    std::lock_guard<ForkSafeMutex> guard(mutex_);
    team = taken(idle_teams_, [&](const Team& one) { return one.rows() == rows && one.threads() == threads; });
  }
  if (team == nullptr) team = std::make_unique<Team>(graph_, wanted_, table(), rows, threads);
  for (int i = 0; i < team->threads() && recording_; ++i) (*team)[i].record().start(i);
}

// Spans for which there is no memory are lost: the caller may be a destructor.
void Executor::take_record(const std::vector<Session*>& sessions) {
  std::size_t memory = 0, packed = 0;
  for (Session* session : sessions) {
    Record& record = session->record();
    try {
      recorded_.lost += record.move_to(recorded_.spans);
    } catch (const std::bad_alloc&) {
      recorded_.lost += 1;
    }
    record.stop();
    memory += session->plan().bytes;
    for (const Placement& placement : session->plan().placements) packed += placement.packed ? placement.bytes : 0;
  }
  recorded_.memory = std::max(recorded_.memory, memory);
  recorded_.packed = std::max(recorded_.packed, packed);
}

void Executor::acquire(Index rows, Index parts, std::unique_ptr<Convoy>& convoy) {
  const int threads = num_threads();
  {
    std::lock_guard<ForkSafeMutex> guard(mutex_);
    convoy = taken(idle_convoys_, [&](const Convoy& one) {
      return one.rows() == rows && one.parts() >= parts && one.threads() == threads;
    });
  }
  if (convoy == nullptr) convoy = std::make_unique<Convoy>(graph_, wanted_, table(), rows, parts, threads);
}

void Executor::release(std::unique_ptr<Session> session) {
  std::lock_guard<ForkSafeMutex> guard(mutex_);
  if (session != nullptr && session->record().on()) take_record({session.get()});
  keep(idle_, std::move(session));
}

void Executor::release(std::unique_ptr<Team> team) {
  std::lock_guard<ForkSafeMutex> guard(mutex_);
  if (team != nullptr && team->first().record().on()) take_record(team->all());
  keep(idle_teams_, std::move(team));
}

void Executor::release(std::unique_ptr<Convoy> convoy) {
  std::lock_guard<ForkSafeMutex> guard(mutex_);
  keep(idle_convoys_, std::move(convoy));
}

Index Executor::piece(Index capacity) {
  if (capacity < 2 * kPieceStep) return 0;
  std::lock_guard<ForkSafeMutex> guard(mutex_);
  if (!rows_of_piece_) rows_of_piece_ = rows_of_piece(*graph_, wanted_);
  if (*rows_of_piece_ == 0 || *rows_of_piece_ >= capacity) return 0;
  // A power of two of pieces divides evenly among most numbers of threads.
  Index pieces = 2;
  while (pieces * *rows_of_piece_ < capacity) pieces *= 2;
  return ((capacity + pieces - 1) / pieces + kPieceStep - 1) / kPieceStep * kPieceStep;
}

void Executor::record(bool on) {
  std::lock_guard<ForkSafeMutex> guard(mutex_);
  recording_ = on;
}

Executor::Recorded Executor::recorded() {
  std::lock_guard<ForkSafeMutex> guard(mutex_);
  return std::exchange(recorded_, {});
}

std::string Executor::describe_plan(Index capacity) {
  const Index rows = piece(capacity);
  std::string text = graph_->describe();
  if (rows == 0) return text + Plan(*graph_for(capacity), wanted_, capacity, num_threads()).describe();
  return text + "in pieces of " + std::to_string(rows) + " rows, each on one thread\n" +
         Plan(*graph_, wanted_, rows, 1).describe();
}

}  // namespace fastnn
