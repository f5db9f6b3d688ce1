// Timer containers of other projects behind one shape, for bench/timer_wheel.cc: schedule(slot,
// due), cancel(slot), advance(now, sink). Each keeps its timers in a dense array made beforehand,
// as the wheel does. Those with an event loop get virtual time: the program answers their
// clock_gettime and epoll_wait itself.
#pragma once

#include <algorithm>
#include <boost/asio/detail/op_queue.hpp>
#include <boost/asio/detail/timer_queue.hpp>
#include <boost/asio/detail/wait_op.hpp>
#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/timers/timer_wheel.h"

// libev first: libevent's macros have the names of libev's enumerators.
#ifdef TOCSIN_HAVE_LIBEV
#include <ev.h>
#endif
#ifdef TOCSIN_HAVE_LIBEVENT
#include <event2/event.h>
#include <event2/event_struct.h>
#endif
#ifdef TOCSIN_HAVE_LIBUV
#include <uv.h>
#endif

namespace tocsin::bench {

inline std::int64_t virtual_ms = 0;  // what the peers' clocks show

// Called for each timer that fires.
using Callback = void (*)(void* context, std::uint32_t slot, std::int64_t due);
struct Receiver {
  Callback call = nullptr;
  void* context = nullptr;
};

struct Wheel {
  static constexpr const char* kName = "tocsin wheel";
  TimerWheel wheel;
  explicit Wheel(std::size_t n) : wheel(n) { wheel.prefault(n); }
  void schedule(std::uint32_t slot, std::int64_t due) { wheel.schedule(slot, {due}); }
  void cancel(std::uint32_t slot) { wheel.cancel(slot); }
  template <class Sink>
  void advance(std::int64_t now, Sink&& sink) {
    while (wheel.advance({now}, [&](std::uint32_t slot, Instant due) { sink(slot, due.ms); })) {
    }
  }
  double bytes(std::size_t n) const {
    return static_cast<double>(wheel.memory()) / static_cast<double>(n);
  }
};

struct RedBlackTree {
  static constexpr const char* kName = "intrusive red-black tree";
  struct Node : boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>> {
    std::int64_t due = 0;
    friend bool operator<(const Node& a, const Node& b) { return a.due < b.due; }
  };
  std::vector<Node> nodes;
  boost::intrusive::multiset<Node, boost::intrusive::constant_time_size<false>> tree;
  explicit RedBlackTree(std::size_t n) : nodes(n) {}
  ~RedBlackTree() { tree.clear(); }
  void schedule(std::uint32_t slot, std::int64_t due) {
    nodes[slot].due = due;
    tree.insert(nodes[slot]);
  }
  void cancel(std::uint32_t slot) { tree.erase(tree.iterator_to(nodes[slot])); }
  template <class Sink>
  void advance(std::int64_t now, Sink&& sink) {
    while (!tree.empty() && tree.begin()->due <= now) {
      Node& node = *tree.begin();
      tree.erase(tree.begin());
      sink(static_cast<std::uint32_t>(&node - nodes.data()), node.due);
    }
  }
  double bytes(std::size_t) const { return sizeof(Node); }
};

// A cancel only raises the slot's generation; the entry is thrown away when it comes up.
struct LazyHeap {
  static constexpr const char* kName = "std::priority_queue, lazy";
  struct Entry {
    std::int64_t due;
    std::uint32_t slot, generation;
    friend bool operator<(const Entry& a, const Entry& b) { return a.due > b.due; }
  };
  std::vector<std::uint32_t> generation;
  std::priority_queue<Entry> heap;
  std::size_t most = 0;
  explicit LazyHeap(std::size_t n) : generation(n) {
    std::vector<Entry> memory(2 * n);
    memory.clear();
    heap = std::priority_queue<Entry>({}, std::move(memory));
  }
  void schedule(std::uint32_t slot, std::int64_t due) {
    heap.push({due, slot, generation[slot]});
    most = std::max(most, heap.size());
  }
  void cancel(std::uint32_t slot) { ++generation[slot]; }
  template <class Sink>
  void advance(std::int64_t now, Sink&& sink) {
    while (!heap.empty() && heap.top().due <= now) {
      const Entry entry = heap.top();
      heap.pop();
      if (generation[entry.slot] != entry.generation) continue;
      ++generation[entry.slot];
      sink(entry.slot, entry.due);
    }
  }
  double bytes(std::size_t n) const {
    return 4 + static_cast<double>(most * sizeof(Entry)) / static_cast<double>(n);
  }
};

struct AsioQueue {
  static constexpr const char* kName = "Boost.Asio timer_queue";
  struct Time {
    using time_type = std::int64_t;
    using duration_type = std::int64_t;
    static time_type now() { return virtual_ms; }
    static time_type add(time_type t, duration_type d) { return t + d; }
    static duration_type subtract(time_type a, time_type b) { return a - b; }
    static bool less_than(time_type a, time_type b) { return a < b; }
    static boost::posix_time::time_duration to_posix_duration(duration_type d) {
      return boost::posix_time::milliseconds(d);
    }
  };
  using Queue = boost::asio::detail::timer_queue<Time>;
  struct Timer : boost::asio::detail::wait_op {
    Timer()
        : wait_op([](void*, boost::asio::detail::scheduler_operation*,
                     const boost::system::error_code&, std::size_t) {}) {}
    Queue::per_timer_data data;
    std::int64_t due = 0;
  };
  std::vector<Timer> timers;
  Queue queue;
  explicit AsioQueue(std::size_t n) : timers(n) {}
  ~AsioQueue() {
    boost::asio::detail::op_queue<boost::asio::detail::scheduler_operation> ops;
    queue.get_all_timers(ops);
    while (ops.front()) ops.pop();
  }
  void schedule(std::uint32_t slot, std::int64_t due) {
    timers[slot].due = due;
    queue.enqueue_timer(due, timers[slot].data, &timers[slot]);
  }
  void cancel(std::uint32_t slot) {
    boost::asio::detail::op_queue<boost::asio::detail::scheduler_operation> ops;
    queue.cancel_timer(timers[slot].data, ops);
    while (ops.front()) ops.pop();
  }
  template <class Sink>
  void advance(std::int64_t, Sink&& sink) {
    boost::asio::detail::op_queue<boost::asio::detail::scheduler_operation> ops;
    queue.get_ready_timers(ops);
    while (auto* op = ops.front()) {
      ops.pop();
      auto* timer = static_cast<Timer*>(op);
      sink(static_cast<std::uint32_t>(timer - timers.data()), timer->due);
    }
  }
  // The heap's entries are a due and a pointer.
  double bytes(std::size_t) const { return sizeof(Timer) + 16; }
};

#ifdef TOCSIN_HAVE_LIBEVENT
struct LibEvent {
  static constexpr const char* kName = "libevent";
  struct Timer {
    event ev;
    std::int64_t due;
  };
  std::vector<Timer> timers;
  event_base* base = event_base_new();
  static inline Receiver receiver;
  static inline Timer* first = nullptr;
  explicit LibEvent(std::size_t n) : timers(n) {
    first = timers.data();
    for (Timer& timer : timers) {
      event_assign(
          &timer.ev, base, -1, 0,
          [](evutil_socket_t, short, void* p) {
            auto* t = static_cast<Timer*>(p);
            receiver.call(receiver.context, static_cast<std::uint32_t>(t - first), t->due);
          },
          &timer);
    }
  }
  ~LibEvent() {
    for (Timer& timer : timers) event_del(&timer.ev);
    event_base_free(base);
  }
  void schedule(std::uint32_t slot, std::int64_t due) {
    timers[slot].due = due;
    const std::int64_t ms = due - virtual_ms;
    const timeval wait{ms / 1000, ms % 1000 * 1000};
    event_add(&timers[slot].ev, &wait);
  }
  void cancel(std::uint32_t slot) { event_del(&timers[slot].ev); }
  template <class Sink>
  void advance(std::int64_t, Sink&& sink) {
    using S = std::remove_reference_t<Sink>;
    receiver = {[](void* c, std::uint32_t s, std::int64_t d) { (*static_cast<S*>(c))(s, d); },
                &sink};
    event_base_loop(base, EVLOOP_NONBLOCK);
  }
  double bytes(std::size_t) const { return sizeof(event) + 8; }  // and a pointer in its heap
};
#endif

#ifdef TOCSIN_HAVE_LIBUV
struct LibUv {
  static constexpr const char* kName = "libuv";
  std::vector<uv_timer_t> timers;
  uv_loop_t loop;
  static inline Receiver receiver;
  static inline uv_timer_t* first = nullptr;
  explicit LibUv(std::size_t n) : timers(n) {
    uv_loop_init(&loop);
    first = timers.data();
    for (auto& timer : timers) uv_timer_init(&loop, &timer);
  }
  ~LibUv() {
    for (auto& timer : timers) uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_loop_close(&loop);
  }
  void schedule(std::uint32_t slot, std::int64_t due) {
    uv_timer_start(
        &timers[slot],
        [](uv_timer_t* t) {
          receiver.call(receiver.context, static_cast<std::uint32_t>(t - first),
                        static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(t->data)));
        },
        static_cast<std::uint64_t>(due - virtual_ms), 0);
    timers[slot].data = reinterpret_cast<void*>(static_cast<std::intptr_t>(due));
  }
  void cancel(std::uint32_t slot) { uv_timer_stop(&timers[slot]); }
  template <class Sink>
  void advance(std::int64_t, Sink&& sink) {
    using S = std::remove_reference_t<Sink>;
    receiver = {[](void* c, std::uint32_t s, std::int64_t d) { (*static_cast<S*>(c))(s, d); },
                &sink};
    uv_update_time(&loop);
    // Turning the whole loop is only worth it when a timer is due.
    if (uv_backend_timeout(&loop) == 0) uv_run(&loop, UV_RUN_NOWAIT);
  }
  double bytes(std::size_t) const { return sizeof(uv_timer_t); }
};
#endif

#ifdef TOCSIN_HAVE_LIBEV
struct LibEv {
  static constexpr const char* kName = "libev";
  struct Timer {
    ev_timer ev;
    std::int64_t due;
  };
  std::vector<Timer> timers;
  struct ev_loop* loop = ev_loop_new(EVBACKEND_EPOLL);
  static inline Receiver receiver;
  static inline Timer* first = nullptr;
  explicit LibEv(std::size_t n) : timers(n) {
    first = timers.data();
    for (Timer& timer : timers) {
      ev_init(&timer.ev, [](struct ev_loop*, ev_timer* w, int) {
        auto* t = reinterpret_cast<Timer*>(w);
        receiver.call(receiver.context, static_cast<std::uint32_t>(t - first), t->due);
      });
    }
  }
  ~LibEv() {
    for (Timer& timer : timers) ev_timer_stop(loop, &timer.ev);
    ev_loop_destroy(loop);
  }
  void schedule(std::uint32_t slot, std::int64_t due) {
    timers[slot].due = due;
    ev_timer_set(&timers[slot].ev, static_cast<double>(due - virtual_ms) / 1000.0, 0.);
    ev_timer_start(loop, &timers[slot].ev);
  }
  void cancel(std::uint32_t slot) { ev_timer_stop(loop, &timers[slot].ev); }
  template <class Sink>
  void advance(std::int64_t, Sink&& sink) {
    using S = std::remove_reference_t<Sink>;
    receiver = {[](void* c, std::uint32_t s, std::int64_t d) { (*static_cast<S*>(c))(s, d); },
                &sink};
    ev_run(loop, EVRUN_NOWAIT);
  }
  // Its heap's entries are a due and a pointer.
  double bytes(std::size_t) const { return sizeof(ev_timer) + 16; }
};
#endif

}  // namespace tocsin::bench
