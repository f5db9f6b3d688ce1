// Waits by word: a ticket is paused while any of them is open (contract §3 of version 4).
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(Waits, WithDifferentWordsTheyOverlap) {
  // P2: 4 h from 09:00. Waits from 10:00 to 14:00 for the one or the other: 1 h ran, 3 h from 14:00.
  scenario(R"(
    show ticket.resolution/1/paused ticket.resolution/1/resumed
    fact 03-02T09:00 ticket.opened T priority=P2 tier=A
    fact 10:00 ticket.paused T wait=vendor
    fact 10:30 ticket.paused T wait=customer
    fact 11:00 ticket.resumed T wait=vendor
    fact 14:00 ticket.resumed T wait=customer
    until 14:00
    event 10:00 ticket.resolution/1/paused:1
    event 14:00 ticket.resolution/1/resumed:1 target=17:00 limit=03-03T13:00
  )");
}

TEST(Waits, WhatRepeatsTheStateHasNoEffect) {
  // Begun twice, ended once; a word that is not waited for ends nothing.
  scenario(R"(
    fact 03-02T09:00 ticket.opened T priority=P2 tier=A
    fact 10:00 ticket.paused T wait=vendor
    fact 10:10 ticket.paused T wait=vendor
    fact 10:20 ticket.resumed T wait=customer
    until 10:30
    clock ticket.resolution/1 paused
    fact 11:00 ticket.resumed T wait=vendor
    until 11:00
    clock ticket.resolution/1 running target=14:00:pending
  )");
}

TEST(Waits, WithoutAWordItIsOneOfItsOwnAndEndsAll) {
  scenario(R"(
    fact 03-02T09:00 ticket.opened T priority=P2 tier=A
    fact 10:00 ticket.paused T
    fact 10:10 ticket.paused T wait=vendor
    fact 10:20 ticket.resumed T wait=vendor
    until 10:30
    clock ticket.resolution/1 paused
    fact 10:40 ticket.paused T wait=customer
    fact 11:00 ticket.resumed T
    until 11:00
    clock ticket.resolution/1 running target=14:00:pending
  )");
}

TEST(Waits, TheEndOfTheTicketEndsThemAll) {
  // Resolved 11:00 with two waits open since 10:00; reopened 12:00: 3 h are left, and nothing waits.
  scenario(R"(
    fact 03-02T09:00 ticket.opened T priority=P2 tier=A
    fact 10:00 ticket.paused T wait=vendor
    fact 10:00 ticket.paused T wait=customer
    fact 11:00 ticket.resolved T
    fact 12:00 ticket.reopened T
    until 12:00
    clock ticket.resolution/1 running target=15:00:pending
    fact 12:30 ticket.paused T wait=vendor
    until 12:30
    clock ticket.resolution/1 paused
  )");
}

TEST(Waits, AnEmptyWordIsRefused) {
  scenario(R"(
    fact 03-02T09:00 ticket.opened T priority=P2 tier=A
    fact 10:00 ticket.paused T data={"wait":""}
    refused bad_data:wait
    fact 10:00 ticket.paused T data={"wait":7}
    refused bad_data:wait
    fact 10:00 ticket.paused T data={"wait":null}
    refused accepted
  )");
}

}  // namespace
}  // namespace tocsin
