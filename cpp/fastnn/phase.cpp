// Gradients and commits of one phase; losses and metrics are in phase_terms.cpp.
#include "fastnn/phase.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fastnn/feed.hpp"
#include "fastnn/kernels/update.hpp"

namespace fastnn {
namespace {

// Calls body(edge) for the edges of the terms that executor_ computes, in the order of its outputs: the losses first.
template <class Losses, class Metrics, class Body>
void each_edge(Losses& losses, Metrics& metrics, Body&& body) {
  for (auto& term : losses) body(term.edge);
  for (auto& term : metrics)
    if (!term.of_whole) body(term.edge);
  for (auto& term : losses)
    if (term.mask != kUnmasked) body(term.mask);
  for (auto& term : metrics)
    if (term.mask != kUnmasked) body(term.mask);
}

// Divides the graph of a phase and numbers the edges of its terms as its parts do.
std::optional<Division> division_of(const Graph& graph, std::vector<LossTerm>& losses, std::vector<MetricTerm>& metrics,
                                    bool training) {
  std::vector<EdgeId> fixed;
  const auto moves = [&](const MetricTerm& term) {
    return !graph.edge(term.edge).spec.batched() && term.sample_weights == kUnweighted && term.mask == kUnmasked;
  };
  for (const LossTerm& term : losses) fixed.insert(fixed.end(), {term.edge, term.mask});
  for (const MetricTerm& term : metrics) fixed.insert(fixed.end(), {moves(term) ? kUnmasked : term.edge, term.mask});
  fixed.erase(std::remove(fixed.begin(), fixed.end(), kUnmasked), fixed.end());
  std::optional<Division> division = divided(graph, training, fixed);
  if (!division) return division;
  for (MetricTerm& term : metrics) {
    const auto edge = static_cast<std::size_t>(term.edge);
    term.of_whole = division->in_parts[edge] < 0;
    if (term.of_whole) term.edge = division->in_whole[edge];
  }
  each_edge(losses, metrics, [&](EdgeId& edge) { edge = division->in_parts[static_cast<std::size_t>(edge)]; });
  return division;
}

Wanted wanted_of(const std::vector<LossTerm>& losses, const std::vector<MetricTerm>& metrics, bool training,
                 const std::optional<Program>& program, const std::optional<Division>& division) {
  Wanted wanted;
  each_edge(losses, metrics, [&](EdgeId edge) { wanted.outputs.push_back(edge); });
  if (program) {
    wanted.outputs.insert(wanted.outputs.end(), program->values.begin(), program->values.end());
    wanted.watched = wanted.outputs.size();
    wanted.training = program->training;
    return wanted;
  }
  if (division) wanted.outputs.insert(wanted.outputs.end(), division->crossing.begin(), division->crossing.end());
  // A metric may be a differentiable node (a loss of which only the mean is reported).
  wanted.watched = wanted.outputs.size() - losses.size();
  wanted.training = wanted.backward = training;
  return wanted;
}

}  // namespace

Phase::Phase(const Graph& graph, std::vector<LossTerm> losses, std::vector<MetricTerm> metrics,
             const std::vector<Share>& optimizers, std::shared_ptr<Peers> peers, std::optional<Program> program)
    : peers_(std::move(peers)),
      losses_(std::move(losses)),
      metrics_(std::move(metrics)),
      program_(std::move(program)),
      division_(peers_ ? division_of(graph, losses_, metrics_, !optimizers.empty()) : std::nullopt),
      executor_(division_ ? division_->parts : graph,
                wanted_of(losses_, metrics_, !optimizers.empty(), program_, division_)) {
  // The edges of the rewritten graph.
  std::size_t next = 0;
  each_edge(losses_, metrics_, [&](EdgeId& edge) {
    edge = executor_.output(next++);
    const Edge& found = executor_.graph().edge(edge);
    require(found.plain(), found.name, " expects a loss or metric per sample, or one of a fixed shape, got ",
            to_string(found.spec.shape), "; take its mean");
  });
  if (program_)
    for (EdgeId& edge : program_->values) edge = executor_.output(next++);
  if (division_) {
    for (std::size_t i = 0; i < division_->crossing.size(); ++i) crossing_.push_back(executor_.output(next++));
    Wanted wanted;
    for (const MetricTerm& term : metrics_)
      if (term.of_whole) wanted.outputs.push_back(term.edge);
    wanted.watched = wanted.outputs.size();
    wanted.training = !optimizers.empty();
    of_whole_.emplace(division_->whole, wanted);
    std::size_t output = 0;
    for (MetricTerm& term : metrics_)
      if (term.of_whole) term.edge = of_whole_->output(output++);
  }
  for (const Share& share : optimizers) {
    if (program_) {
      shares_.push_back({share.optimizer, GradientTable(share.weights.value_or(std::vector<VariablePtr>{}))});
      continue;
    }
    const GradientTable& all = executor_.gradients();
    shares_.push_back({share.optimizer, share.weights ? GradientTable(all, *share.weights) : all});
    share.optimizer->build(shares_.back().table.weights);
  }
  sums_ = step_ = zero();
  if (peers_ == nullptr) return;
  const std::string why = why_not_in_parts(executor_.graph(), executor_.wanted().training);
  if (!why.empty()) throw NotInParts(why);
  if (trains()) find_stops();
}

// Finds where the backward pass has written a block of gradients more. Those of a weight are written when the first node
// that reads it has run, and the table is in the order of these.
void Phase::find_stops() {
  const GradientTable& table = executor_.gradients();
  const std::vector<Node>& nodes = executor_.graph().nodes();
  Index end = table.size;
  for (std::size_t i = table.weights.size(); i-- > 0;) {
    if (end - table.offsets[i] < GradientSum::kStride) continue;
    end = table.offsets[i];
    const auto reads = [&](const Node& node) {
      return std::find(node.weights.begin(), node.weights.end(), table.weights[i]) != node.weights.end();
    };
    const auto stop = static_cast<std::size_t>(std::find_if(nodes.begin(), nodes.end(), reads) - nodes.begin());
    if (!stops_.empty() && stops_.back() == stop) {
      written_.back() = end;
      continue;
    }
    stops_.push_back(stop);
    written_.push_back(end);
  }
}

// Not while the phase is made: then the interpreter's lock is held, which steps that are to be waited for may want.
void Phase::join_family() {
  if (family_) return;
  Members members = executor_.graph().shared();
  if (of_whole_) {
    const Members further = of_whole_->graph().shared();
    members.insert(members.end(), further.begin(), further.end());
  }
  for (const Updated& share : shares_) {
    members.push_back(share.optimizer.get());
    for (const VariablePtr& slot : share.optimizer->shared_slots()) members.push_back(slot.get());
    for (const VariablePtr& weight : share.table.weights) {
      const WeightSlots slots = share.optimizer->slots(weight);
      for (const VariablePtr* slot : {&weight, &slots.average, &slots.accumulator}) members.push_back(slot->get());
      for (const VariablePtr& slot : slots.of_rule) members.push_back(slot.get());
    }
  }
  members.erase(std::remove(members.begin(), members.end(), nullptr), members.end());
  family_ = family_of(members);
}

void Phase::check(const RunData& data) const {
  const Graph& graph = executor_.graph();
  check_columns(graph, data.columns);
  const Index rows = data.columns[0].rows();
  for (std::size_t i = 0; i < data.columns.size(); ++i)
    require(data.columns[i].rows() == rows, graph.edge(graph.inputs()[i]).name, " has ", data.columns[i].rows(),
            " rows, ", graph.edge(graph.inputs()[0]).name, " has ", rows, "; give arrays of equal lengths");
  const auto check_weights = [&](const auto& term) {
    const int index = term.sample_weights;
    require(index < static_cast<int>(data.weights.size()), "no sample weights ", index, " among ", data.weights.size());
    if (index == kUnweighted) return;
    const Column* weights = data.weights[static_cast<std::size_t>(index)];
    const Spec& spec = graph.edge(term.edge).spec;
    const Index values = spec.batched() ? spec.row_size() : 1;
    require(
        weights == nullptr || ((weights->row_size() == 1 || weights->row_size() == values) && weights->rows() == rows),
        "sample_weight expects one number for each of the ", rows, " rows, or ", values,
        " where each value has its own; got ", weights == nullptr ? 0 : weights->row_size(), " for each of ",
        weights == nullptr ? 0 : weights->rows(), " rows");
  };
  for (const LossTerm& term : losses_) check_weights(term);
  for (const MetricTerm& term : metrics_)
    if (!term.of_whole) check_weights(term);
}

std::unique_ptr<Workspace> Phase::workspace(Index capacity) {
  // The number of values that a mask lets count is known only after the forward pass of the whole batch.
  const bool masked =
      std::any_of(losses_.begin(), losses_.end(), [](const LossTerm& term) { return term.mask != kUnmasked; });
  Index piece = masked && !peers_ ? 0 : executor_.piece(capacity), together = 0;
  Index most = piece > 0 ? (capacity + piece - 1) / piece : 1;
  if (peers_) {
    const bool in_pieces = piece > 0;
    piece = peers_->rows_of_part(capacity, piece);
    most = std::max<Index>(peers_->most_parts(capacity, piece), 1);
    // Parts also pass together where gradients are sent while the pass goes on. Pieces do not: each passes through a
    // thread's cache, and their gradients are small beside their activations.
    if (masked || (!in_pieces && !stops_.empty()) || rows_meet(executor_.graph(), executor_.wanted().training))
      together = most;
  }
  if (tallies_.size() < static_cast<std::size_t>(most)) tallies_.resize(static_cast<std::size_t>(most), zero());
  // Of a program these come after other commits of a step, which nothing may then interrupt.
  for (const Updated& share : shares_) share.optimizer->build(share.table.weights);
  join_family();
  if (piece > 0 && trains()) {
    const Index size = executor_.gradients().size;
    if (peers_)
      sum_ = peers_->gradient_sum(most, size);
    else if (sum_ == nullptr || sum_->parts() < most)
      sum_ = GradientSum::make(nullptr, most, size);
  }
  auto space = std::make_unique<Workspace>(executor_, capacity, piece, together);
  if (space->convoy() != nullptr && trains())
    for (Index part = 0; part < space->convoy()->parts(); ++part)
      (*space->convoy())[part].write_gradients(sum_->part(part));
  if (of_whole_) space->add_whole(*of_whole_, peers_->rows_of_batch(capacity));
  return space;
}

void Phase::gradients_of_batch(Workspace& space, const Batch& batch, const Pulse& pulse) {
  if (program_) {
    cut_ = Cut::alone(batch.count, 0);
    run_segments(space.session(), batch, pulse);
    penalty_ = 0;
    return;
  }
  const ReadVariables reading(*family_);
  const Index piece = space.piece();
  unmasked_.clear();
  cut_ = peers_ && piece > 0 ? peers_->cut(batch.count, piece) : Cut::alone(batch.count, piece);
  if (space.convoy() != nullptr) {
    run_convoy(space, batch, pulse);
  } else if (Team* team = space.team()) {
    const Index size = executor_.gradients().size, begin = cut_.begin(), end = cut_.end();
    const Pulse none;
    for (Index done = begin; done < end; done += team->wave()) {
      team->each_piece(done, std::min(team->wave(), end - done), [&](Session& session, Index first, Index rows) {
        const Index part = (first - begin) / piece;
        run_part(session, batch, first, rows, tallies_[static_cast<std::size_t>(part)], space.all_rows(), none);
        if (trains()) std::copy_n(session.weight_gradients(), size, sum_->part(part));
      });
      if (pulse) pulse();
    }
  } else {
    run_part(space.session(), batch, 0, batch.count, tallies_[0], nullptr, pulse);
  }
  if (space.all_rows() != nullptr) run_whole(*space.all_rows());
  penalty_ = weight_penalty();
}

// The parts of this process pass through the nodes together: where rows meet, and before the losses, they learn of one
// another and of the parts of other processes, and gradients are on their way while the backward pass goes on.
void Phase::run_convoy(Workspace& space, const Batch& batch, const Pulse& pulse) {
  Convoy& convoy = *space.convoy();
  const Index parts = cut_.last - cut_.first, begin = cut_.begin();
  const auto rows_of = [&](Index part) { return std::min(cut_.rows, cut_.end() - begin - part * cut_.rows); };
  const Convoy::Parts own{cut_.first, cut_.last, cut_.parts, peers_->synchronized(),
                          [&](Real* all, Index numbers) { peers_->gather_parts(all, cut_, numbers); }};
  convoy.first().prepare();
  convoy.each(parts, [&](Session& session, Index part) {
    const Index first = begin + part * cut_.rows, rows = rows_of(part);
    feed(session, executor_.graph(), batch.data.columns, batch.order, batch.begin + first, rows);
    session.begin(rows, cut_.place + first);
  });
  convoy.forward(own, pulse);
  count_unmasked(convoy, batch);
  convoy.each(parts, [&](Session& session, Index part) {
    Tally& tally = tallies_[static_cast<std::size_t>(part)];
    tally.rows = static_cast<double>(rows_of(part));
    take_losses(session, batch, tally);
    take_metrics(session, batch, tally);
    hand_over(session, space.all_rows());
  });
  if (!trains()) return;
  sum_->begin(cut_);
  auto written = written_.begin();
  convoy.backward(own, pulse, stops_, [&] { sum_->written(*written++); });
}

// Copies what needs all rows of the batch to where these come together.
void Phase::hand_over(const Session& session, Session* all_rows) const {
  if (all_rows == nullptr) return;
  for (std::size_t i = 0; i < crossing_.size(); ++i) {
    const Spec& spec = executor_.graph().edge(crossing_[i]).spec;
    const Index row = cut_.before + session.first_row() - cut_.place - cut_.begin();
    std::memcpy(all_rows->value<std::byte>(all_rows->graph().inputs()[i]) + spec.bytes(row),
                session.value<std::byte>(crossing_[i]), spec.bytes(session.rows()));
  }
}

// Computes what needs all rows of the batch; every process does so.
void Phase::run_whole(Session& session) {
  for (EdgeId input : session.graph().inputs())
    peers_->gather_rows(session.value<std::byte>(input), cut_, session.graph().edge(input).spec.bytes(1));
  session.begin(cut_.whole);
  session.forward({});
}

void Phase::run_part(Session& session, const Batch& batch, Index first, Index rows, Tally& tally, Session* all_rows,
                     const Pulse& pulse) const {
  {
    const Timed timed(session.record(), Part::data);
    feed(session, executor_.graph(), batch.data.columns, batch.order, batch.begin + first, rows);
    session.begin(rows, cut_.place + first);
  }
  session.forward(pulse);
  {
    const Timed timed(session.record(), Part::losses);
    tally.rows = static_cast<double>(rows);
    take_losses(session, batch, tally);
    take_metrics(session, batch, tally);
    hand_over(session, all_rows);
  }
  if (trains()) session.backward(pulse);
}

// Runs a program as far as its last commit, which is that of the phase. Nothing interrupts it after the first.
void Phase::run_segments(Session& session, const Batch& batch, const Pulse& pulse) {
  const Pulse never;
  std::size_t begin = 0;
  {
    const ReadVariables reading(*family_);
    feed(session, executor_.graph(), batch.data.columns, batch.order, batch.begin, batch.count);
    session.begin(batch.count);
  }
  for (std::size_t point : session.commit_points()) {
    {
      const ReadVariables reading(*family_);
      session.forward(begin, point, begin == 0 ? pulse : never);
    }
    const WriteVariables writing(*family_);
    commit_segment(session, begin, point);
    begin = point;
  }
  const ReadVariables reading(*family_);
  session.forward(begin, session.graph().nodes().size(), begin == 0 ? pulse : never);
  Tally& tally = tallies_[0];
  tally.rows = static_cast<double>(batch.count);
  take_losses(session, batch, tally);
  take_metrics(session, batch, tally);
}

// Expects WriteVariables to be held.
void Phase::commit_segment(Session& session, std::size_t begin, std::size_t end) {
  session.commit(begin, end, [&](const Node& node) {
    for (Index number : node.layer->updates()) {
      const auto optimizer = static_cast<std::size_t>(number);
      set_rate(optimizer);
      Updated& share = shares_[optimizer];
      for (std::size_t i = 0; i < node.weights.size(); ++i)
        if (const Index at = share.table.find(node.weights[i].get()); at >= 0)
          share.table.offsets[static_cast<std::size_t>(at)] = session.value(node.inputs[i]) - session.memory();
      const Timed timed(session.record(), Part::update);
      if (share.optimizer->apply(share.table, session.memory(), 0) == Outcome::refused) break;
    }
  });
}

void Phase::keep_values(const Session& session) {
  values_.resize(program_->values.size());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const EdgeId edge = program_->values[i];
    Spec& spec = values_[i].spec;
    spec = session.graph().edge(edge).spec;
    const int producer = session.graph().edge(edge).producer;
    const Index rows = producer >= 0 ? session.graph().nodes()[static_cast<std::size_t>(producer)].rows : 0;
    if (spec.batched()) spec.shape[0] = rows > 0 ? rows : session.rows();
    const auto* from = session.value<std::byte>(edge);
    values_[i].bytes.assign(from, from + spec.bytes(0));
  }
}

// Sets the learning rate of an optimizer where the step has one for it.
void Phase::set_rate(std::size_t optimizer) {
  if (rates_ != nullptr && !std::isnan(rates_[optimizer]))
    shares_[optimizer].optimizer->learning_rate = rates_[optimizer];
}

template <class Of, class Call>
void Phase::each_number(Of& tally, Call&& call) {
  call(tally.total);
  call(tally.rows);
  for (auto* numbers : {&tally.losses, &tally.metrics, &tally.metric_counts})
    for (auto& number : *numbers) call(number);
}

void Phase::reduce(Workspace& space) {
  const Index parts = cut_.last - cut_.first;
  each_number(step_, [](double& number) { number = 0; });
  step_.total = penalty_;
  const auto add_parts = [&] {
    for (Index i = 0; i < parts; ++i) add(tallies_[static_cast<std::size_t>(i)], step_);
  };
  const bool together = peers_ && space.piece() > 0;
  if (together) {
    numbers_.clear();
    each_number(step_, [&](double number) { numbers_.push_back(number); });
    peers_->chain(numbers_, [&] {
      std::size_t next = 0;
      each_number(step_, [&](double& number) { number = numbers_[next++]; });
      add_parts();
      next = 0;
      each_number(step_, [&](double number) { numbers_[next++] = number; });
    });
    std::size_t next = 0;
    each_number(step_, [&](double& number) { number = numbers_[next++]; });
  } else {
    add_parts();
  }
  if (const Session* all_rows = space.all_rows()) take_metrics_of_whole(*all_rows);
  if (space.piece() == 0 || !trains()) return;
  const Timed timed(space.session().record(), Part::reduce);
  if (space.convoy() == nullptr) sum_->begin(cut_);
  sum_->finish();
}

bool Phase::finished() const {
  return std::any_of(shares_.begin(), shares_.end(), [](const Updated& share) { return share.optimizer->finished(); });
}

bool Phase::commit(Workspace& space) {
  Session& session = space.session();
  if (program_) {
    const std::vector<std::size_t>& points = session.commit_points();
    const WriteVariables writing(*family_);
    commit_segment(session, points.empty() ? 0 : points.back(), session.graph().nodes().size());
    keep_values(session);
  } else if (trains() || session.commits() || space.all_rows() != nullptr) {
    const WriteVariables writing(*family_);
    const Timed timed(session.record(), Part::update);
    const Real* gradients = space.piece() > 0 && trains() ? sum_->total() : session.weight_gradients();
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      set_rate(i);
      const Updated& share = shares_[i];
      const Outcome outcome = share.optimizer->apply(share.table, gradients, step_.total);
      if (outcome == Outcome::again) return false;
      if (outcome == Outcome::refused) break;
    }
    session.commit();
    if (space.all_rows() != nullptr) space.all_rows()->commit();
  }
  // Losses of a batch are means, so they count by its rows.
  sums_.total += step_.total * step_.rows;
  sums_.rows += step_.rows;
  for (std::size_t k = 0; k < losses_.size(); ++k) sums_.losses[k] += step_.losses[k] * step_.rows;
  for (std::size_t k = 0; k < metrics_.size(); ++k) {
    sums_.metrics[k] += step_.metrics[k];
    sums_.metric_counts[k] += step_.metric_counts[k];
  }
  return true;
}

void Phase::abandon() {
  if (!family_) return;
  const WriteVariables writing(*family_);
  for (const Updated& share : shares_) share.optimizer->abandon();
}

void Phase::take_sums(const Phase& other) {
  require(losses_.size() == other.losses_.size() && metrics_.size() == other.metrics_.size(),
          "take_sums expects a phase of as many losses and metrics");
  sums_ = other.sums_;
}

void Phase::append_results(std::vector<std::pair<double, double>>& sums) const {
  sums.emplace_back(sums_.total, sums_.rows);
  for (double sum : sums_.losses) sums.emplace_back(sum, sums_.rows);
  for (std::size_t k = 0; k < metrics_.size(); ++k) sums.emplace_back(sums_.metrics[k], sums_.metric_counts[k]);
}

std::size_t Phase::take_results(const std::vector<std::pair<double, double>>& sums, std::size_t first) {
  const std::size_t end = first + 1 + losses_.size() + metrics_.size();
  require(sums.size() >= end, "expected the sums of ", losses_.size(), " losses and ", metrics_.size(),
          " metrics, got ", sums.size() - first, " in all");
  sums_.total = sums[first].first;
  sums_.rows = sums[first++].second;
  for (double& loss : sums_.losses) loss = sums[first++].first;
  for (std::size_t k = 0; k < metrics_.size(); ++k, ++first) {
    sums_.metrics[k] = sums[first].first;
    sums_.metric_counts[k] = sums[first].second;
  }
  return end;
}

std::vector<std::pair<VariablePtr, std::vector<Real>>> Phase::gradients(const Batch& batch, const Pulse& pulse) {
  if (tallies_.empty()) tallies_.push_back(zero());
  join_family();
  Workspace space(executor_, batch.count, 0);
  const RunScope scope(space.threads());
  gradients_of_batch(space, batch, pulse);
  reduce(space);
  const ReadVariables reading(*family_);
  std::vector<std::pair<VariablePtr, std::vector<Real>>> result;
  const GradientTable& table = executor_.gradients();
  for (std::size_t i = 0; i < table.weights.size(); ++i) {
    const Variable& weight = *table.weights[i];
    const Real* from = space.session().weight_gradients() + table.offsets[i];
    std::vector<Real> gradient(from, from + weight.size());
    std::vector<Real> values(gradient.size());
    weight.read(values.data());
    for (std::size_t j = 0; j < gradient.size(); ++j) {
      const Real w = values[j];
      gradient[j] += 2 * weight.l2 * w + weight.l1 * static_cast<Real>((w > 0) - (w < 0));
    }
    result.emplace_back(table.weights[i], std::move(gradient));
  }
  return result;
}

Phase::Tally Phase::zero() const {
  Tally tally;
  tally.losses.assign(losses_.size(), 0);
  tally.metrics.assign(metrics_.size(), 0);
  tally.metric_counts.assign(metrics_.size(), 0);
  return tally;
}

void Phase::add(const Tally& from, Tally& to) const {
  to.total += from.total;
  to.rows += from.rows;
  for (std::size_t k = 0; k < losses_.size(); ++k) to.losses[k] += from.losses[k];
  for (std::size_t k = 0; k < metrics_.size(); ++k) {
    to.metrics[k] += from.metrics[k];
    to.metric_counts[k] += from.metric_counts[k];
  }
}

double Phase::weight_penalty() const {
  constexpr Index kPiece = 4096;
  double total = 0;
  for (const VariablePtr& weight : executor_.gradients().weights) {
    if (weight->l1 == 0 && weight->l2 == 0) continue;
    if (!weight->narrow()) {
      total += kernels::penalty(weight->l1, weight->l2, weight->data(), weight->size());
      continue;
    }
    alignas(kAlignment) Real widened[kPiece];
    for (Index begin = 0; begin < weight->size(); begin += kPiece) {
      const Index count = std::min(kPiece, weight->size() - begin);
      weight->read(begin, count, widened);
      total += kernels::penalty(weight->l1, weight->l2, widened, count);
    }
  }
  return total;
}

}  // namespace fastnn
