// The makers of each type of channel. Each throws std::runtime_error in words that name the key where
// a value cannot be used. Private to connectors/notify.
#pragma once

#include "connectors/notify/channel.h"

namespace tocsin::notify {

std::unique_ptr<Channel> make_smtp(ChannelSettings settings);
std::unique_ptr<Channel> make_webhook(ChannelSettings settings);
std::unique_ptr<Channel> make_pagerduty(ChannelSettings settings);
std::unique_ptr<Channel> make_slack(ChannelSettings settings);
std::unique_ptr<Channel> make_teams(ChannelSettings settings);
std::unique_ptr<Channel> make_wecom(ChannelSettings settings);
std::unique_ptr<Channel> make_dingtalk(ChannelSettings settings);
std::unique_ptr<Channel> make_feishu(ChannelSettings settings);
std::unique_ptr<Channel> make_alertmanager(ChannelSettings settings);
std::unique_ptr<Channel> make_http(ChannelSettings settings);
std::unique_ptr<Channel> make_console(ChannelSettings settings);
std::unique_ptr<Channel> make_webpush(ChannelSettings settings);

}  // namespace tocsin::notify
