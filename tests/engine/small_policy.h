#pragma once

namespace tocsin {

// A small policy that uses all of the language, for tests that break one place of it.
inline constexpr const char* kSmallPolicy = R"(policy: small
thresholds: [target, limit]
priorities: [P1, P2]
urgent: [P1]
tiers: [A, B]
default_tier: B
roles: [assignee, owner, manager, expert]
hours: {A: 24x7, B: business}
working_days: business
target: 95%
quiet_before: 2026-01-01T00:00:00Z
calendars:
  24x7: always
  business:
    zone: Asia/Shanghai
    hours: {mon-fri: ["09:00-12:00", "13:00-18:00"]}
    holidays: [2026-01-01, 2026-10-01]
    workdays: [2026-01-04, {date: 2026-02-14, hours: ["09:00-12:00"]}]
    confirmed: [2026]
kinds:
  ticket:
    priorities: {default: P2, changed_by: prioritized}
    assignee: assigned
    resolved: [resolved]
    reopened: [reopened]
    paused: [paused]
    resumed: [resumed]
    ended: {closed: [reopened], cancelled: []}
    cancelled: [cancelled]
    facts:
      opened: {creates: true, data: {priority: priority, module: module, tier: tier}}
      prioritized: {data: {priority!: priority}}
      assigned: {always: true, data: {person!: person}}
      messaged: {data: {from!: [customer, staff]}}
      promised: {data: {by!: due}}
      resolved:
      reopened:
      paused:
      resumed:
      closed: {data: {satisfaction: 1..5}}
      cancelled:
      acknowledged: {acknowledges: true, data: {by!: person, escalation!: group}}
    routing:
      P1: {on: [opened, raised], steps: [{tell: [manager]}, {after: 5m, tell: [expert]}]}
      cleared_by: [messaged from=staff, resolved]
    recurring_fault: {weeks: 3, priorities: [P1], not: [cancelled], steps: [{tell: [expert]}]}
    warning: {steps: [{tell: [assignee]}], urgent_also: [expert]}
    breach: {steps: [{tell: [assignee]}, {after: 1wd, tell: [manager]}]}
  change:
    stages: [asked, approved]
    moves:
      - {on: asked, to: asked}
      - {on: approved, from: [asked], to: approved}
    facts:
      asked: {creates: true, data: {risk!: [high, low]}}
      approved:
    routing:
      stage asked: {steps: [{tell: [manager]}]}
      cleared_by: [approved]
  account:
    about: account
    revived: [tiered]
    ended: {closed: []}
    periods_begin: [tiered]
    tier: tiered
    team: joined
    facts:
      tiered: {creates: true, data: {tier!: tier}}
      joined: {always: true, data: {role!: role, person!: persons}}
      visited:
      closed:
      duty.completed: {subjects: [screening, audit]}
clocks:
  ticket.answer:
    start: [opened, messaged from=customer unless-resolved]
    stop: [messaged from=staff]
    hours: {P1: tier, P2: business}
    allow: {P1: {target: 15m, limit: 1h}, P2: {target: 2wd}}
    warn: 2/3
    grace: 30s
    urgency: low
  ticket.progress:
    start: [opened]
    stop: [resolved]
    runs_on: [reopened]
    pauses: true
    not_while: resolved
    allow: {target: 30m}
    repeat: {rest_after: 10, woken_by: [reopened], run_ends: [resolved]}
  ticket.promise:
    start: [promised]
    set_by: [promised]
    allow: {target: given}
    warn: 1wd before
  change.approval:
    stage: asked
    start: [stage asked]
    stop: [approved]
    allow: {target: 4h}
    breach: {enters: approved}
  account.visit:
    every: {A: month, B: quarter}
    count: {A: 2, B: 1}
    match: visited
    due: day 5
    breach: {by_tier: {A: [{tell: [manager]}], B: [{tell: [expert]}]}}
figures:
  answers: {clock: ticket.answer, threshold: limit, beside: target}
  satisfaction: {mean: ticket.closed satisfaction}
)";

}  // namespace tocsin
