// Peers whose messages a Python object sends and receives, and whose memory it finds, so that the core is linked with no library of a network.
#include <pybind11/pybind11.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "fastnn/division.hpp"
#include "fastnn/peers.hpp"
#include "module.hpp"

namespace fastnn::bindings {
namespace {

py::memoryview view(void* at, std::size_t bytes) {
  return py::memoryview::from_memory(at, static_cast<py::ssize_t>(bytes));
}

class MessagingPeers : public Peers {
 public:
  MessagingPeers(Index rank, Index size, Index parts, bool own_rows, bool synchronized, py::object messages)
      : Peers(rank, size, parts, own_rows, synchronized), alone_(size == 1), messages_(std::move(messages)) {}
  ~MessagingPeers() override {
    // What pybind11 has for this may throw.
    const PyGILState_STATE gil = PyGILState_Ensure();
    Py_XDECREF(messages_.release().ptr());
    PyGILState_Release(gil);
  }

  std::shared_ptr<void> window(std::size_t bytes) override {
    py::gil_scoped_acquire gil;
    const py::object memory = messages_.attr("window")(bytes);
    if (memory.is_none()) return nullptr;
    auto held = std::make_unique<Py_buffer>();
    if (PyObject_GetBuffer(memory.ptr(), held.get(), PyBUF_WRITABLE) != 0) throw py::error_already_set();
    void* at = held->buf;
    return {at, [held = std::move(held)](void*) {
              const PyGILState_STATE state = PyGILState_Ensure();
              PyBuffer_Release(held.get());
              PyGILState_Release(state);
            }};
  }
  void wait(const std::function<bool()>& done) override {
    using Clock = std::chrono::steady_clock;
    const auto began = Clock::now();
    while (!done()) {
      const double waited = std::chrono::duration<double>(Clock::now() - began).count();
      if (waited < kEager) {
        std::this_thread::yield();
        continue;
      }
      py::gil_scoped_acquire gil;
      messages_.attr("waited")(waited);
    }
  }
  void begin_receive(void* to, std::size_t bytes) override { pass("begin_receive", to, bytes); }
  void begin_send(const void* from, std::size_t bytes) override { pass("begin_send", const_cast<void*>(from), bytes); }
  void begin_share(void* at, std::size_t bytes) override {
    if (!alone_ && bytes > 0) pass("begin_share", at, bytes);
  }
  Index received(Index count, bool wait) override {
    if (alone_) return count;
    py::gil_scoped_acquire gil;
    return messages_.attr("received")(count, wait).cast<Index>();
  }
  void finish() override {
    if (alone_) return;
    py::gil_scoped_acquire gil;
    messages_.attr("finish")();
  }

 protected:
  void receive(void* to, std::size_t bytes) override { pass("receive", to, bytes); }
  void send(const void* from, std::size_t bytes) override { pass("send", const_cast<void*>(from), bytes); }
  void share(void* at, std::size_t bytes) override {
    if (!alone_ && bytes > 0) pass("share", at, bytes);
  }
  void gather(void* all, const std::vector<std::size_t>& ends) override {
    if (alone_) return;
    py::gil_scoped_acquire gil;
    py::tuple places(ends.size());
    for (std::size_t i = 0; i < ends.size(); ++i) places[i] = ends[i];
    messages_.attr("gather")(view(all, ends.back()), places);
  }

 private:
  // Calls a method with the memory of a message.
  void pass(const char* method, void* at, std::size_t bytes) {
    py::gil_scoped_acquire gil;
    messages_.attr(method)(view(at, bytes));
  }

  // Seconds for which a wait yields its core and asks again, before it sleeps between two questions.
  static constexpr double kEager = 0.005;

  bool alone_;
  py::object messages_;
};

}  // namespace

void bind_peers(py::module_& m) {
  py::register_local_exception<NotInParts>(m, "NotInParts", PyExc_ValueError);
  bind_class<Peers, std::shared_ptr<Peers>>(m, "Peers")
      .def(py::init([](Index rank, Index size, Index parts, bool own_rows, bool synchronized,
                       py::object messages) -> std::shared_ptr<Peers> {
             return std::make_shared<MessagingPeers>(rank, size, parts, own_rows, synchronized, std::move(messages));
           }),
           py::arg("rank"), py::arg("size"), py::arg("parts"), py::arg("own_rows"), py::arg("synchronized"),
           py::arg("messages"));
}

}  // namespace fastnn::bindings
