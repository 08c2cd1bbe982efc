// Steps and runs.
#include "fastnn/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>

#include "fastnn/kernels/update.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Wanted wanted_of(const std::vector<LossTerm>& losses, const std::vector<MetricTerm>& metrics, bool training) {
  Wanted wanted;
  for (const LossTerm& term : losses) wanted.outputs.push_back(term.edge);
  for (const MetricTerm& term : metrics) wanted.outputs.push_back(term.edge);
  // A metric may be a node that could pass gradients on (a loss, of which only the mean is told).
  for (const LossTerm& term : losses)
    if (term.mask != kUnmasked) wanted.outputs.push_back(term.mask);
  for (const MetricTerm& term : metrics)
    if (term.mask != kUnmasked) wanted.outputs.push_back(term.mask);
  wanted.watched = wanted.outputs.size() - losses.size();
  wanted.training = wanted.backward = training;
  return wanted;
}

}  // namespace

Trainer::Trainer(const Graph& graph, std::vector<LossTerm> losses, std::vector<MetricTerm> metrics,
                 std::shared_ptr<Optimizer> optimizer)
    : executor_(graph, wanted_of(losses, metrics, optimizer != nullptr)),
      losses_(std::move(losses)),
      metrics_(std::move(metrics)),
      optimizer_(std::move(optimizer)) {
  for (std::size_t i = 0; i < losses_.size(); ++i) losses_[i].edge = executor_.output(i);
  for (std::size_t i = 0; i < metrics_.size(); ++i) metrics_[i].edge = executor_.output(losses_.size() + i);
  std::size_t masks = losses_.size() + metrics_.size();
  for (LossTerm& term : losses_)
    if (term.mask != kUnmasked) term.mask = executor_.output(masks++);
  for (MetricTerm& term : metrics_)
    if (term.mask != kUnmasked) term.mask = executor_.output(masks++);
  if (optimizer_) optimizer_->build(executor_.gradients().weights);
  reset();
  step_ = sums_;
}

void Trainer::reset() {
  std::lock_guard<ForkSafeMutex> guard(run_lock_);
  clear(sums_);
}

void Trainer::clear(Tally& tally) const {
  tally.total = tally.rows = 0;
  tally.losses.assign(losses_.size(), 0);
  tally.metrics.assign(metrics_.size(), 0);
  tally.metric_counts.assign(metrics_.size(), 0);
}

void Trainer::add(const Tally& from, Tally& to) const {
  to.total += from.total;
  to.rows += from.rows;
  for (std::size_t k = 0; k < losses_.size(); ++k) to.losses[k] += from.losses[k];
  for (std::size_t k = 0; k < metrics_.size(); ++k) {
    to.metrics[k] += from.metrics[k];
    to.metric_counts[k] += from.metric_counts[k];
  }
}

void Trainer::check(const RunData& data) const {
  const Graph& graph = executor_.graph();
  require(data.columns.size() == graph.inputs().size(), "expected ", graph.inputs().size(), " arrays, got ",
          data.columns.size());
  for (std::size_t i = 0; i < data.columns.size(); ++i) {
    const Edge& edge = graph.edge(graph.inputs()[i]);
    const Column& column = data.columns[i];
    require(column.row_size() == edge.spec.row_size(), edge.name, " expects rows of shape ", to_string(edge.spec.shape),
            ", got rows of ", column.row_size(), " numbers");
    require(column.rows() == data.columns[0].rows(), edge.name, " has ", column.rows(), " rows, ",
            graph.edge(graph.inputs()[0]).name, " has ", data.columns[0].rows(), "; give arrays of one length");
  }
  auto check_index = [&](int index) {
    require(index < static_cast<int>(data.weights.size()), "no sample weights ", index, " among ", data.weights.size());
  };
  auto check_weights = [&](const auto& term) {
    check_index(term.sample_weights);
    if (term.sample_weights == kUnweighted) return;
    const Column* weights = data.weights[static_cast<std::size_t>(term.sample_weights)];
    const Index values = graph.edge(term.edge).spec.batched() ? graph.edge(term.edge).spec.row_size() : 1;
    require(weights == nullptr || ((weights->row_size() == 1 || weights->row_size() == values) &&
                                   weights->rows() == data.columns[0].rows()),
            "sample_weight expects one number a row, or ", values, " where each place has its own");
  };
  for (const LossTerm& term : losses_) check_weights(term);
  for (const MetricTerm& term : metrics_) check_weights(term);
}

void Trainer::gather_batch(Session& session, const RunData& data, const Index* order, Index begin, Index count) const {
  const Graph& graph = executor_.graph();
  for (std::size_t i = 0; i < data.columns.size(); ++i) {
    const EdgeId edge = graph.inputs()[i];
    const DType dtype = graph.edge(edge).spec.dtype;
    const void* there = order == nullptr ? in_place(data.columns[i], begin, count, dtype) : nullptr;
    session.bind(edge, const_cast<void*>(there));
    if (there == nullptr) gather(data.columns[i], order, begin, count, dtype, session.value<void>(edge));
  }
}

void Trainer::gather_weights(const RunData& data, const Index* order, Index begin, Index count) {
  for (std::size_t i = 0; i < data.weights.size(); ++i)
    if (data.weights[i] != nullptr)
      gather(*data.weights[i], order, begin, count, DType::float32, batch_weights_[i].data());
}

double Trainer::weight_penalty() const {
  double total = 0;
  const auto& nodes = executor_.graph().nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const VariablePtr& weight : nodes[i].weights) {
      if (weight->l1 == 0 && weight->l2 == 0) continue;
      const bool counted =
          std::any_of(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(i), [&](const Node& node) {
            return std::find(node.weights.begin(), node.weights.end(), weight) != node.weights.end();
          });
      if (!counted) total += kernels::penalty(weight->l1, weight->l2, weight->data(), weight->size());
    }
  return total;
}

// The weights of a term's values: those of the samples, and 0 for places that a mask leaves out. Of one number for all.
struct Trainer::Weighing {
  const float* samples;      // a number for each sample, or for each value; null: 1
  bool each;                 // for each value
  const std::uint8_t* mask;  // for each value; null: all count
  Index rows, size;

  double at(Index row, Index place) const {
    const Index i = row * size + place;
    if (mask != nullptr && mask[i] == 0) return 0;
    return samples == nullptr ? 1 : static_cast<double>(samples[each ? i : row]);
  }
  /// How many values count in a batch of so many rows. With a mask the batch is not cut into pieces.
  double count(Index batch) const {
    if (mask == nullptr) return static_cast<double>(batch * size);
    double total = 0;
    for (Index i = 0; i < rows * size; ++i) total += mask[i];
    return total;
  }
  bool plain() const { return samples == nullptr && mask == nullptr; }
};

template <class Term>
Trainer::Weighing Trainer::weighing(const Session& session, const RunData& data, const Term& term) const {
  const Spec& spec = executor_.graph().edge(term.edge).spec;
  Weighing weighing{nullptr, false, nullptr, spec.batched() ? session.rows() : 1, 0};
  weighing.size = spec.size(session.rows()) / weighing.rows;
  const auto i = static_cast<std::size_t>(term.sample_weights);
  if (spec.batched() && term.sample_weights != kUnweighted && data.weights[i] != nullptr) {
    weighing.samples = batch_weights_[i].data() + session.first_row() * data.weights[i]->row_size();
    weighing.each = data.weights[i]->row_size() > 1;
  }
  if (term.mask != kUnmasked) weighing.mask = session.value<std::uint8_t>(term.mask);
  return weighing;
}

// Fills the tally of a batch of `batch` rows, or what a piece of it adds to that, and, where gradients are wanted, seeds the
// backward pass: the derivative of the total with respect to each per-sample loss.
void Trainer::take_losses(Session& session, const RunData& data, Index batch, Tally& tally) const {
  tally.rows = static_cast<double>(session.rows());
  tally.total = 0;
  for (std::size_t k = 0; k < losses_.size(); ++k) {
    const LossTerm& term = losses_[k];
    const float* values = session.value(term.edge);
    const bool batched = executor_.graph().edge(term.edge).spec.batched();
    const Weighing weighing = this->weighing(session, data, term);
    const double count = term.summed ? 1 : std::max(weighing.count(batched ? batch : 1), 1e-7);
    double sum = 0;
    for (Index i = 0, at = 0; i < weighing.rows; ++i)
      for (Index j = 0; j < weighing.size; ++j, ++at)
        // What does not count may be anything, NaN too.
        if (const double weight = weighing.at(i, j); weight != 0) sum += weight * static_cast<double>(values[at]);
    tally.losses[k] = sum / count;
    tally.total += term.weight * tally.losses[k];
    if (float* gradient = session.gradient(term.edge)) {
      const auto share = static_cast<float>(term.weight / count);
      if (weighing.plain()) {
        std::fill_n(gradient, weighing.rows * weighing.size, share);
        continue;
      }
      for (Index i = 0, at = 0; i < weighing.rows; ++i)
        for (Index j = 0; j < weighing.size; ++j, ++at) gradient[at] = share * static_cast<float>(weighing.at(i, j));
    }
  }
  for (std::size_t k = 0; k < metrics_.size(); ++k) {
    const float* values = session.value(metrics_[k].edge);
    const Weighing weighing = this->weighing(session, data, metrics_[k]);
    double sum = 0, count = 0;
    for (Index i = 0, at = 0; i < weighing.rows; ++i)
      for (Index j = 0; j < weighing.size; ++j, ++at) {
        const double weight = weighing.at(i, j);
        if (weight != 0) sum += weight * static_cast<double>(values[at]);
        count += weight;
      }
    tally.metrics[k] = sum;
    tally.metric_counts[k] = count;
  }
}

// Rows of the pieces in which batches are taken; 0: they are taken whole.
Index Trainer::piece(Index capacity) {
  // How many values a mask lets count is known when the whole batch has gone forward.
  const auto masked = [](const LossTerm& term) { return term.mask != kUnmasked; };
  return std::any_of(losses_.begin(), losses_.end(), masked) ? 0 : executor_.piece(capacity);
}

// Forward, losses and backward of a batch in pieces; what they give is added up in their order.
void Trainer::run_pieces(Team& team, const RunData& data, const Index* order, Index begin, Index count,
                         const Pulse& pulse) {
  const Index size = optimizer_ ? executor_.gradients().size : 0;
  float* partials = partials_.as<float>();
  {
    const ReadVariables reading;
    for (Index done = 0; done < count; done += team.wave()) {
      team.each_piece(done, std::min(team.wave(), count - done), [&](Session& session, Index first, Index rows) {
        const Index piece = first / team.rows();
        gather_batch(session, data, order, begin + first, rows);
        session.begin(rows, first);
        session.forward({});
        take_losses(session, data, count, tallies_[static_cast<std::size_t>(piece)]);
        if (!optimizer_) return;
        session.backward({});
        std::copy_n(session.weight_gradients(), size, partials + piece * size);
      });
      if (pulse) pulse();
    }
    clear(step_);
    step_.total = weight_penalty();
  }
  const Index pieces = (count + team.rows() - 1) / team.rows();
  for (Index i = 0; i < pieces; ++i) add(tallies_[static_cast<std::size_t>(i)], step_);
  kernels::add_up(partials, pieces, size, team.first().weight_gradients());
}

Index Trainer::run(const RunData& data, const Index* order, Index batch_size, Index first, Index last,
                   const double* rates, double budget, const Pulse& pulse) {
  check(data);
  require(batch_size >= 1, "batch_size expects a positive integer, got ", batch_size);
  std::lock_guard<ForkSafeMutex> guard(run_lock_);
  const Index capacity = std::min(batch_size, data.columns[0].rows());
  std::optional<TeamLease> team;
  std::optional<SessionLease> whole;
  if (const Index rows = piece(capacity); rows > 0) {
    team.emplace(executor_, rows);
    const auto pieces = static_cast<std::size_t>((capacity + rows - 1) / rows);
    tallies_.resize(std::max(tallies_.size(), pieces), sums_);
    const std::size_t bytes =
        optimizer_ ? pieces * static_cast<std::size_t>(executor_.gradients().size) * sizeof(float) : 0;
    if (partials_.size() < bytes) partials_ = AlignedBuffer(bytes);
  } else {
    whole.emplace(executor_, capacity);
  }
  Session& session = team ? (*team)->first() : **whole;
  const RunScope scope(team ? (*team)->threads() : session.plan().threads);
  batch_weights_.resize(data.weights.size());
  for (std::size_t i = 0; i < data.weights.size(); ++i)
    if (data.weights[i] != nullptr)
      batch_weights_[i].resize(static_cast<std::size_t>(capacity * data.weights[i]->row_size()));

  const Clock::time_point start = Clock::now();
  Clock::time_point asked = start;
  // Looking at the clock after every node would cost a tiny network more than the node: there, once a step is enough.
  constexpr double kPatience = 0.05;
  const Pulse timed = [&] {
    if (seconds_since(asked) < kPatience) return;
    asked = Clock::now();
    pulse();
  };
  const Pulse never;
  bool long_steps = true;
  Index step = first;
  Clock::time_point began = start;
  while (step < last) {
    const Index begin = step * batch_size;
    const Index count = std::min(batch_size, data.columns[0].rows() - begin);
    const Pulse& between = long_steps ? timed : never;
    gather_weights(data, order, begin, count);
    if (team) {
      run_pieces(**team, data, order, begin, count, between);
    } else {
      gather_batch(session, data, order, begin, count);
      session.begin(count);
      const ReadVariables reading;
      session.forward(between);
      take_losses(session, data, count, step_);
      step_.total += weight_penalty();
      if (optimizer_) session.backward(between);
    }
    if (optimizer_) {
      const WriteVariables writing;
      if (rates != nullptr) optimizer_->learning_rate = rates[step - first];
      optimizer_->apply(executor_.gradients(), session.weight_gradients());
      session.commit();
    } else if (session.commits()) {
      const WriteVariables writing;
      session.commit();
    }
    sums_.total += step_.total * step_.rows;
    sums_.rows += step_.rows;
    for (std::size_t k = 0; k < losses_.size(); ++k) sums_.losses[k] += step_.losses[k] * step_.rows;
    for (std::size_t k = 0; k < metrics_.size(); ++k) {
      sums_.metrics[k] += step_.metrics[k];
      sums_.metric_counts[k] += step_.metric_counts[k];
    }
    ++step;
    const Clock::time_point now = Clock::now();
    long_steps = std::chrono::duration<double>(now - began).count() > kPatience / 10;
    began = now;
    if (std::chrono::duration<double>(now - start).count() >= budget) break;
    if (!long_steps && std::chrono::duration<double>(now - asked).count() >= kPatience) timed();
  }
  return step - first;
}

std::vector<double> Trainer::results() const {
  auto ratio = [](double sum, double count) { return count == 0 ? 0.0 : sum / count; };
  std::vector<double> values{ratio(sums_.total, sums_.rows)};
  for (double sum : sums_.losses) values.push_back(ratio(sum, sums_.rows));
  for (std::size_t k = 0; k < metrics_.size(); ++k) values.push_back(ratio(sums_.metrics[k], sums_.metric_counts[k]));
  return values;
}

std::vector<std::pair<VariablePtr, std::vector<float>>> Trainer::gradients(const RunData& data, const Pulse& pulse) {
  check(data);
  std::lock_guard<ForkSafeMutex> guard(run_lock_);
  const Index rows = data.columns[0].rows();
  SessionLease session(executor_, rows);
  const RunScope scope(session->plan().threads);
  batch_weights_.resize(data.weights.size());
  for (std::size_t i = 0; i < data.weights.size(); ++i)
    if (data.weights[i] != nullptr)
      batch_weights_[i].resize(static_cast<std::size_t>(rows * data.weights[i]->row_size()));
  gather_weights(data, nullptr, 0, rows);
  gather_batch(*session, data, nullptr, 0, rows);
  session->begin(rows);
  const ReadVariables reading;
  session->forward(pulse);
  take_losses(*session, data, rows, step_);
  session->backward(pulse);
  std::vector<std::pair<VariablePtr, std::vector<float>>> result;
  const GradientTable& table = executor_.gradients();
  for (std::size_t i = 0; i < table.weights.size(); ++i) {
    const Variable& weight = *table.weights[i];
    const float* from = session->weight_gradients() + table.offsets[i];
    std::vector<float> gradient(from, from + weight.size());
    for (std::size_t j = 0; j < gradient.size(); ++j) {
      const float w = weight.data()[j];
      gradient[j] += 2 * weight.l2 * w + weight.l1 * static_cast<float>((w > 0) - (w < 0));
    }
    result.emplace_back(table.weights[i], std::move(gradient));
  }
  return result;
}

}  // namespace fastnn
