// Peers whose messages a Python object sends and receives, so that the core is linked with no library of a network.
#include <pybind11/pybind11.h>

#include <memory>
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

 private:
  // Calls a method with the memory of a message.
  void pass(const char* method, void* at, std::size_t bytes) {
    py::gil_scoped_acquire gil;
    messages_.attr(method)(view(at, bytes));
  }

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
