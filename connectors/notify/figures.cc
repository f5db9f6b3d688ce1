#include "connectors/notify/figures.h"

#include <charconv>

namespace tocsin::notify {

namespace {

std::string number(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

void head(std::string& out, const char* name, const char* type, const char* help) {
  out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

}  // namespace

void Figures::Histogram::add(Duration span) {
  const double seconds = static_cast<double>(span.ms < 0 ? 0 : span.ms) / 1000;
  std::size_t i = 0;
  while (i < kBounds.size() && seconds > kBounds[i]) ++i;
  ++counts[i];
  sum += seconds;
  ++count;
}

void Figures::Histogram::text(std::string& out, const char* name) const {
  std::int64_t so_far = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    so_far += counts[i];
    out += std::string(name) + "_bucket{le=\"" + number(kBounds[i]) + "\"} " +
           std::to_string(so_far) + "\n";
  }
  out += std::string(name) + "_bucket{le=\"+Inf\"} " + std::to_string(count) + "\n";
  out += std::string(name) + "_sum " + number(sum) + "\n";
  out += std::string(name) + "_count " + std::to_string(count) + "\n";
}

void Figures::delivery(const std::string& channel, bool delivered) {
  const MutexLock lock(mutex_);
  ++deliveries_[{channel, delivered}];
}

void Figures::reached_after(Duration span) {
  const MutexLock lock(mutex_);
  reached_.add(span);
}

void Figures::acknowledged_after(Duration span) {
  const MutexLock lock(mutex_);
  acknowledged_.add(span);
}

void Figures::now(std::int64_t owed, std::int64_t unheard, double oldest_seconds) {
  const MutexLock lock(mutex_);
  owed_ = owed;
  unheard_ = unheard;
  oldest_ = oldest_seconds;
}

void Figures::channel_failing(const std::string& channel, bool failing) {
  const MutexLock lock(mutex_);
  failing_[channel] = failing;
}

std::string Figures::text() const {
  const MutexLock lock(mutex_);
  std::string out;
  head(out, "tocsin_notifications_total", "counter", "Messages to people by channel and outcome.");
  for (const auto& [key, count] : deliveries_) {
    out += "tocsin_notifications_total{channel=\"" + key.first + "\",outcome=\"" +
           (key.second ? "delivered" : "failed") + "\"} " + std::to_string(count) + "\n";
  }
  head(out, "tocsin_notification_delay_seconds", "histogram",
       "From raised to delivered, urgent messages.");
  reached_.text(out, "tocsin_notification_delay_seconds");
  head(out, "tocsin_acknowledgement_delay_seconds", "histogram", "From raised to acknowledged.");
  acknowledged_.text(out, "tocsin_acknowledgement_delay_seconds");
  head(out, "tocsin_notifications_owed", "gauge", "Messages that wait or are being sent.");
  out += "tocsin_notifications_owed " + std::to_string(owed_) + "\n";
  head(out, "tocsin_notifications_oldest_seconds", "gauge",
       "Age of the oldest urgent message that is ready and not sent.");
  out += "tocsin_notifications_oldest_seconds " + number(oldest_) + "\n";
  head(out, "tocsin_notifications_unheard_total", "counter",
       "Steps of which nobody could be told, the last resort included.");
  out += "tocsin_notifications_unheard_total " + std::to_string(unheard_) + "\n";
  head(out, "tocsin_notification_channel_failing", "gauge",
       "1 where nothing was delivered for ten minutes though it was tried.");
  for (const auto& [channel, failing] : failing_) {
    out += "tocsin_notification_channel_failing{channel=\"" + channel + "\"} " +
           (failing ? "1" : "0") + "\n";
  }
  return out;
}

}  // namespace tocsin::notify
