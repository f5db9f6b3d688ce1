# §11: what the language of policies gained. Mon 2 March 2026, Shanghai.

== only the waits in which a clock stands still are left out of its delays
# 2 h from 10:00, the vendor's wait counts: missed 12:00; 12:10-12:40 customer, so step 2 at 13:00 though the vendor is waited for until 14:00
policy desk.yaml
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 answered
11:00   ticket/T1 paused wait=vendor
12:10   ticket/T1 paused wait=customer
12:40   ticket/T1 resumed wait=customer
13:00±  ticket/T1 solved
until 14:00
says    ticket/T1/ticket.solution/1/target:1 at 12:00
never -= ticket/T1/ticket.solution/1/target:2
says +  ticket/T1/ticket.solution/1/target:2 at 13:00

== an acknowledgement runs out while a wait goes on in which the clock runs
# missed 12:00, taken 12:05: 20 min; parts are waited for from 12:15 to 12:45: 12:55
policy desk.yaml
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 answered
11:00   ticket/T1 paused wait=vendor
12:05   ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/ticket.solution/1/target
12:15   ticket/T1 paused wait=parts
12:30   ticket/T1 paused wait=customer
12:35   ticket/T1 resumed wait=parts
12:45   ticket/T1 resumed wait=customer
12:55±  ticket/T1 solved
until 14:00
never -= ticket/T1/ticket.solution/1/target:reopened
says +  ticket/T1/ticket.solution/1/target:reopened at 12:55
says +  ticket/T1/ticket.solution/1/target:2 at 12:55

== a clock that stands still in no wait of these words goes on, one that does stands still
policy desk.yaml
10:00   ticket/T1 opened priority=P2 tier=A
10:30   ticket/T1 paused
10:40   ticket/T1 paused wait=vendor
11:00   ticket/T1 paused wait=parts
11:10   ticket/T1 paused wait=customer
11:30   ticket/T1 resumed wait=parts
12:00   ticket/T1 resumed wait=customer
until 12:01
says    ticket/T1/ticket.solution/1/paused:1 at 11:00
says    ticket/T1/ticket.solution/1/resumed:1 at 12:00 target=15:00
never   ticket/T1/ticket.solution/1/paused:2

== another promise for each tier
policy desk.yaml
20:00   ticket/T1 opened priority=P1 tier=A
20:00   ticket/T2 opened priority=P1 tier=B
20:00   ticket/T3 opened priority=P2 tier=A
20:00   ticket/T4 opened priority=P2 tier=B
until 20:01
verdict ticket/T1 ticket.answer 1 running target=20:15/pending
verdict ticket/T2 ticket.answer 1 running target=21:00/pending
verdict ticket/T3 ticket.answer 1 none
verdict ticket/T4 ticket.answer 1 running target=03-03T00:00/pending

== several warnings, each before its answer
# 1 h from 20:00: 20:30, 20:45, 20:55
policy desk.yaml
20:00   ticket/T1 opened priority=P1 tier=B
20:45±  ticket/T1 answered
until 21:30
says    ticket/T1/ticket.answer/1/warned:target at 20:30
never -= ticket/T1/ticket.answer/1/warned:target:2
says +  ticket/T1/ticket.answer/1/warned:target:2 at 20:45
never   ticket/T1/ticket.answer/1/warned:target:3

== a shift past midnight
# Mon 23:30 of tier B: 1 h is Tue 00:30. Fri 05:30: half an hour, and the next shift is Monday's at 20:00
policy desk.yaml
23:30         ticket/T1 opened priority=P1 tier=B
03-06T05:30   ticket/T2 opened priority=P1 tier=B
03-06T05:58   ticket/T3 opened priority=P1 tier=B
until 03-09T21:00
says    ticket/T1/ticket.answer/1/breached:target at 03-03T00:30
says    ticket/T2/ticket.answer/1/breached:target at 03-09T20:30
says    ticket/T3/routed/P1:2 at 03-09T20:03
