# §2 to §4: waits by word, going to and fro between priorities, excuses, the years. Mon 2 March 2026, Shanghai.

== a wait around the due
# P1 of tier A: the target is due at 12:00
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
12:00±  ticket/T1 paused wait=vendor
13:00   ticket/T1 resumed wait=vendor
until 13:30
never -= ticket/T1/ticket.resolution/1/withdrawn*
says -  ticket/T1/ticket.resolution/1/breached:target at 13:00:00.001 due=@13:00:00.001
says =  ticket/T1/ticket.resolution/1/breached:target at 13:00 due=@13:00
says +  ticket/T1/ticket.resolution/1/breached:target at 12:00 due=@12:00
verdict - ticket/T1 ticket.resolution 1 running target=13:00:00.001/breached limit=15:00:00.001/pending
verdict = ticket/T1 ticket.resolution 1 running target=13:00/breached limit=15:00/pending
verdict + ticket/T1 ticket.resolution 1 running target=12:00/breached limit=14:59:59.999/pending

== the end of a wait of another word ends nothing
10:00  ticket/T1 opened priority=P1 tier=A
11:00  ticket/T1 paused wait=customer
11:10  ticket/T1 resumed wait=vendor
until 13:00
verdict ticket/T1 ticket.resolution 1 paused target=null/pending limit=null/pending
never  ticket/T1/ticket.resolution/1/resumed*

== a wait without a word is one of its own, and its end ends them all
# stands still 11:00-12:30; null is no word
10:00  ticket/T1 opened priority=P1 tier=A
11:00  ticket/T1 paused
11:10  ticket/T1 paused wait=customer
11:30  ticket/T1 resumed wait=customer
12:30  ticket/T1 resumed wait=null
until 12:31
verdict ticket/T1 ticket.resolution 1 running target=13:30/pending limit=15:30/pending
says   ticket/T1/ticket.resolution/1/paused:1 at 11:00
never  ticket/T1/ticket.resolution/1/paused:2
says   ticket/T1/ticket.resolution/1/resumed:1 at 12:30 target=13:30 limit=15:30

== three waits, each ended by its word, in office hours
# tier B: 10:00-11:30 ran (1.5 h of 2 h), still until Tue 09:15: due 09:45; limit: 2.5 h are left, 11:45
10:00         ticket/T1 opened priority=P1 tier=B
11:30         ticket/T1 paused wait=a
11:40         ticket/T1 paused wait=b
11:50         ticket/T1 paused wait=c
13:30         ticket/T1 resumed wait=b
17:00         ticket/T1 resumed wait=a
03-03T09:15   ticket/T1 resumed wait=c
until 03-03T09:16
verdict ticket/T1 ticket.resolution 1 running target=03-03T09:45/pending limit=03-03T11:45/pending

== going to and fro in office hours keeps each priority's due
# tier B, Mon 17:30. P1: 0.5 h Mon + 1.5 h Tue = 10:30; limit 4 h = 13:30. P2: 4 h = Tue 13:30; 24 h = 0.5+8+8+7.5 = Thu 17:30
17:30   ticket/T1 opened priority=P1 tier=B
17:40   ticket/T1 prioritized priority=P2
17:50   ticket/T1 prioritized priority=P1
until 17:55
says    ticket/T1/ticket.resolution/1/retargeted:1 at 17:40 target=03-03T13:30 limit=03-05T17:30
says    ticket/T1/ticket.resolution/1/retargeted:2 at 17:50 target=03-03T10:30 limit=03-03T13:30

== back at a priority whose due has passed it is missed then
# P1 -> P2 at 11:00; target at P1 is 12:00
10:00   ticket/T1 opened priority=P1 tier=A
11:00   ticket/T1 prioritized priority=P2
12:00±  ticket/T1 prioritized priority=P1
until 12:10
says -  ticket/T1/ticket.resolution/1/breached:target at 12:00 due=@12:00
says =  ticket/T1/ticket.resolution/1/breached:target at 12:00 due=@12:00
says +  ticket/T1/ticket.resolution/1/breached:target at 12:00:00.001 due=@12:00

== a pause at another priority moves the due of the one that was left
# P1 ran 30 min; P2 10:30-11:00 ran, paused 11:00-11:45; back at 12:00: 10:00 + 2 h + 45 min
10:00   ticket/T1 opened priority=P1 tier=A
10:30   ticket/T1 prioritized priority=P2
11:00   ticket/T1 paused wait=customer
11:45   ticket/T1 resumed
12:00   ticket/T1 prioritized priority=P1
until 12:01
verdict ticket/T1 ticket.resolution 1 running target=12:45/pending limit=14:45/pending

== an end at another priority moves the due of the one that was left
# resolved 11:00, reopened 12:00 as P2: back at P1: 12:00 + 1 h
10:00   ticket/T1 opened priority=P1 tier=A
10:30   ticket/T1 prioritized priority=P2
11:00   ticket/T1 resolved
12:00   ticket/T1 reopened
12:10   ticket/T1 prioritized priority=P1
until 12:11
verdict ticket/T1 ticket.resolution 1 running target=13:00/pending limit=15:00/pending

== three priorities, twice round
# P2 of 10:00: 14:00 and 10:00 next day. P1 first at 10:30: full 12:00 < 14:00, so min(14:00, 12:30). P3 from 10:40: no target, limit Thu 18:00
10:00   ticket/T1 opened priority=P2 tier=A
10:30   ticket/T1 prioritized priority=P1
10:40   ticket/T1 prioritized priority=P3
10:50   ticket/T1 prioritized priority=P2
11:00   ticket/T1 prioritized priority=P1
until 11:01
says    ticket/T1/ticket.resolution/1/retargeted:1 at 10:30 target=12:30 limit=14:30
says    ticket/T1/ticket.resolution/1/retargeted:2 at 10:40 limit=03-05T18:00
says    ticket/T1/ticket.resolution/1/retargeted:3 at 10:50 target=14:00 limit=03-03T10:00
says    ticket/T1/ticket.resolution/1/retargeted:4 at 11:00 target=12:30 limit=14:30

== by way of a priority without an allowance
# P4 has no resolution: cancelled, and it starts as another cycle at P1, which knows nothing of the first
10:00   ticket/T1 opened priority=P1 tier=A
10:30   ticket/T1 prioritized priority=P4
11:00   ticket/T1 prioritized priority=P1
until 11:01
says    ticket/T1/ticket.resolution/1/cancelled at 10:30
verdict ticket/T1 ticket.resolution 1 cancelled target=12:00/pending limit=14:00/pending
verdict ticket/T1 ticket.resolution 2 running target=13:00/pending limit=15:00/pending

== an excuse around its breach
10:00   ticket/T1 opened priority=P1 tier=A
10:15±  ticket/T1 excused clock=ticket.response reason=fire
until 10:40
never - ticket/T1/ticket.response/1/target:cleared
says -  ticket/T1/ticket.response/1/target:2 at 10:30
never = ticket/T1/ticket.response/1/target:2
says +  ticket/T1/ticket.response/1/target:cleared at 10:15:00.001
never + ticket/T1/ticket.response/1/target:2
verdict ticket/T1 ticket.response 1 running target=10:15/breached

== an excuse of one threshold leaves the other
# target 12:00, limit 14:00; the limit's group goes on each hour
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
14:10   ticket/T1 excused clock=ticket.resolution threshold=target reason=fire
until 15:30
says   ticket/T1/ticket.resolution/1/target:cleared at 14:10
never  ticket/T1/ticket.resolution/1/limit:cleared
says   ticket/T1/ticket.resolution/1/limit:2 at 15:00

== an excuse without a threshold is of all
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
14:10   ticket/T1 excused clock=ticket.resolution cycle="1" reason=fire
until 15:30
says   ticket/T1/ticket.resolution/1/target:cleared at 14:10
says   ticket/T1/ticket.resolution/1/limit:cleared at 14:10
never  ticket/T1/ticket.resolution/1/limit:2

== an excuse of a cycle that does not exist has no effect
10:00   ticket/T1 opened priority=P1 tier=A
10:20   ticket/T1 excused clock=ticket.response cycle=2 reason=fire
until 10:40
never  ticket/T1/ticket.response/1/target:cleared
says   ticket/T1/ticket.response/1/target:2 at 10:30

== an excuse of any breach of a run of progress ends the run's group
# answered 10:05; missed 10:35 and 11:05; +30 min is 11:05 for the director
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
11:06   ticket/T1 excused clock=ticket.progress cycle=2 reason=fire
until 11:30
says   ticket/T1/ticket.progress/1/target:1 at 10:35
says   ticket/T1/ticket.progress/1/target:2 at 11:05
says   ticket/T1/ticket.progress/1/target:cleared at 11:06

== an excused breach does not ring again at a reopening
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
12:10   ticket/T1 excused clock=ticket.resolution reason=fire
12:20   ticket/T1 resolved
12:30   ticket/T1 reopened
until 13:00
never  ticket/T1/ticket.resolution/1/target~2:*

== an excuse is checked
10:00   ticket/T1 opened priority=P1 tier=A
10:01   ticket/T1 excused clock=ticket.response
10:01   ticket/T1 excused clock=ticket.nothing reason=x
10:01   ticket/T1 excused clock=ticket.response threshold=limit reason=x
10:01   ticket/T1 excused clock=ticket.response cycle=0 reason=x
10:01   ticket/T1 excused clock=ticket.response cycle=1.5 reason=x
10:01   ticket/T1 excused reason=x
10:01   ticket/T1 excused clock=ticket.response reason=""
refused 2 bad_data:reason
refused 3 bad_data:clock
refused 4 bad_data:threshold
refused 5 bad_data:cycle
refused 6 bad_data:cycle
refused 7 bad_data:clock
refused 8 bad_data:reason

== a fact around the first instant that counts
1970-01-01T08:00±  ticket/T1 opened priority=P1 tier=A
refused - 1 bad_attribute:time
verdict =+ ticket/T1 ticket.response 1 running target=1970-01-01T08:15±/pending

== a fact around the last instant that counts
# 2100-01-01T07:59:59.999 of Shanghai
2100-01-01T07:59:59.999±  ticket/T1 cancelled
refused + 1 bad_attribute:time
verdict -= ticket/T1 ticket.response 1 none

== a due beyond the last instant is refused with its field
10:00  milestone/M1 planned due=2099-12-31
10:00  milestone/M2 planned due=2100-01-01
10:00  milestone/M3 planned due=@2100-01-01T07:59:59.999
10:00  milestone/M4 planned due=@2100-01-01T08:00
10:00  action/A1 planned due=2100-01-01
10:00  solution/S1 drafted reviewBy=2100-01-01
10:00  solution/S2 drafted confirmBy=2100-01-01
refused 2 bad_data:due
refused 4 bad_data:due
refused 5 bad_data:due
refused 6 bad_data:reviewBy
refused 7 bad_data:confirmBy
verdict milestone/M1 milestone.delivery 1 running target=2100-01-01T00:00/pending
verdict milestone/M3 milestone.delivery 1 running target=2100-01-01T07:59:59.999/pending

== a working day of the last year
# Thu 31 Dec 2099 is open to 18:00; P1 of tier B Wed 30 Dec 17:00: 1 h, then 1 h Thu
2099-12-30T17:00  ticket/T1 opened priority=P1 tier=B
until 2099-12-30T17:01
verdict ticket/T1 ticket.resolution 1 running target=2099-12-31T10:00/pending limit=2099-12-31T12:00/pending

== the word of a wait, a score, the engine's own names
10:00  ticket/T1 opened priority=P1 tier=A
10:01  ticket/T1 paused wait=""
10:01  ticket/T1 paused !source=/tocsin/engine
10:01  ticket/T1 paused !source=/tocsin
10:01  clock/T1 breached
10:02  ticket/T1 closed satisfaction=4.5
10:02  ticket/T1 closed satisfaction=4.0
refused 2 bad_data:wait
refused 3 bad_attribute:source
refused 5 bad_attribute:type
refused 6 bad_data:satisfaction
says   ticket/T1/ticket.resolution/1/stopped:1 at 10:02

== the last unassigned or assigned in the facts' order counts, whatever arrives last
10:00        ticket/T1 opened priority=P1 tier=A
10:10        ticket/T1 unassigned
10:05@10:11  ticket/T1 assigned person=Li
until 10:20
says   ticket/T1/ticket.response/1/target:1 persons=[]

== what a notifier reports decides nothing
10:00   ticket/T1 opened priority=P1 tier=A
10:01   ticket/T1 notified escalation=ACME/ticket/T1/routed/P1 step=1 person=Li channel=desk outcome=delivered
10:01   ticket/T1 notified escalation=ACME/ticket/T1/routed/P1 step=1 person=Li channel=desk outcome=perhaps
10:01   ticket/T1 notified escalation=ACME/ticket/T1/routed/P1 step=1 person=Li channel=desk
until 10:06
refused 3 bad_data:outcome
refused 4 bad_data:outcome
says    ticket/T1/routed/P1:2 at 10:05
never   ticket/T1/routed/P1:acknowledged
