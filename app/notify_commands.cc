#include "app/notify_commands.h"

#include <chrono>
#include <iostream>

#include "app/config_files.h"
#include "app/policy_load.h"
#include "app/roster_record.h"
#include "connectors/notify/notifier.h"

namespace tocsin {

namespace {

constexpr int kFailed = 1, kUnusable = 2;

Instant wall_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

// One request after the other, as the notifier does.
notify::Verdict sent(notify::Transport& transport, const notify::Channel& channel,
                     std::vector<notify::Outgoing> requests) {
  notify::Verdict verdict{notify::Verdict::Kind::kDelivered, {}, {}, false};
  for (notify::Outgoing& request : requests) {
    if (request.by == notify::Outgoing::By::kConsole) {
      std::cout << request.body << "\n";
      continue;
    }
    transport.begin(1, std::move(request));
    for (auto done = transport.wait(seconds(1)); transport.under_way() > 0 || !done.empty();
         done = transport.wait(seconds(1))) {
      for (auto& [id, answer] : done) verdict = channel.judge(answer, wall_now());
      if (transport.under_way() == 0) break;
    }
    if (verdict.kind != notify::Verdict::Kind::kDelivered) break;
  }
  return verdict;
}

}  // namespace

int command_notify_preview(const Config& config, const std::string& channel,
                           const std::string& language) {
  try {
    const CompiledPolicy compiled = load_policy(config.policy);
    const auto* policy = std::get_if<std::shared_ptr<const Policy>>(&compiled);
    if (language != "zh" && language != "en") throw std::runtime_error("--lang must be zh or en");
    std::cout << notify::Notifier::preview(config.notify, channel, language,
                                           policy == nullptr ? nullptr : *policy, wall_now());
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "tocsin notify preview: " << e.what() << "\n";
    return kUnusable;
  }
}

int command_notify_test(const Config& config, const std::string& word) {
  try {
    const auto roster = parse_roster(configured_roster(config), config.roster);
    const Person* person = roster->person(word);
    if (person == nullptr) throw std::runtime_error("the roster does not know `" + word + "`");
    if (person->channels.empty()) throw std::runtime_error("`" + word + "` has no channel");
    notify::Texts texts;
    if (!config.notify.templates.empty()) texts.load(config.notify.templates);
    notify::Transport transport;
    bool good = true;
    for (const PersonChannel& via : person->channels) {
      notify::Verdict verdict{notify::Verdict::Kind::kNever, "no_such_channel", {}, false};
      for (const notify::ChannelSettings& settings : config.notify.channels) {
        if (settings.name != via.via) continue;
        const auto channel = notify::make_channel(settings);
        notify::Message message;
        const Instant now = wall_now();
        message.id = notify::message_id("test", static_cast<int>(now.ms % 1'000'000), person->id,
                                        via.via, notify::About::kTest);
        message.channel = via.via;
        message.about = notify::About::kTest;
        message.person = person->id;
        message.person_name = person->name;
        message.language = person->language;
        message.zone = roster->readers_zone(person);
        message.to = via.to;
        message.mention = via.mention;
        try {
          verdict =
              sent(transport, *channel, channel->requests(message, texts.words(message, now), now));
        } catch (const std::exception& e) {
          verdict.error = e.what();
        }
      }
      const bool delivered = verdict.kind == notify::Verdict::Kind::kDelivered;
      good = good && delivered;
      std::cout << via.via << ": " << (delivered ? "delivered" : "failed, " + verdict.error)
                << "\n";
    }
    return good ? 0 : kFailed;
  } catch (const std::exception& e) {
    std::cerr << "tocsin notify test: " << e.what() << "\n";
    return kUnusable;
  }
}

}  // namespace tocsin
