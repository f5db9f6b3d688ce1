# §7 and §14: routings, steps, pauses, acknowledgements, calls for the next step. Mon 2 March 2026, Shanghai.

== the delays of a routing count the office hours of tier B: over lunch
# 11:55 + 5 min = 12:00, closing; + 15 min = 5 min before lunch and 10 after it
11:55   ticket/T1 opened priority=P1 tier=B
13:10±  ticket/T1 progressed
until 13:20
says    ticket/T1/routed/P1:1 at 11:55
says    ticket/T1/routed/P1:2 at 12:00
never -= ticket/T1/routed/P1:3
says +  ticket/T1/routed/P1:3 at 13:10 roles=["executive"]
says    ticket/T1/routed/P1:cleared at 13:10±

== the delays of a routing count the office hours of tier C: over a weekend and a holiday
# Fri 3 April 17:58: 2 min; Qingming is Sat 4 to Mon 6 April; Tue 09:03 and 09:13
04-03T17:58  ticket/T1 opened priority=P1 tier=C
until 04-08T09:00
says  ticket/T1/routed/P1:2 at 04-07T09:03
says  ticket/T1/routed/P1:3 at 04-07T09:13

== the delays of a routing count on a make-up workday
# Sat 14 Feb 2026 is one
02-14T17:50  ticket/T1 opened priority=P1 tier=B
until 02-25T09:00
says  ticket/T1/routed/P1:2 at 02-14T17:55
says  ticket/T1/routed/P1:3 at 02-24T09:05

== the delays of a routing of tier A never stand still
03-07T23:50  ticket/T1 opened priority=P1 tier=A
until 03-08T01:00
says  ticket/T1/routed/P1:2 at 03-07T23:55
says  ticket/T1/routed/P1:3 at 03-08T00:05

== the delays of a breach are real time for every tier
# opened Fri 17:30 as tier B, due 17:45, the executive at 18:00, closed or not
03-06T17:30  ticket/T1 opened priority=P1 tier=B
until 03-06T20:00
says  ticket/T1/ticket.response/1/target:1 at 03-06T17:45
says  ticket/T1/ticket.response/1/target:2 at 03-06T18:00
says  ticket/T1/routed/P1:3 at 03-06T17:45

== the tier of a routing's delays is that of the stamp when the step is raised
# C until the first tiered is learned: Fri 17:58 + 5 min would be Mon 09:03
03-06T17:58        ticket/T1 opened priority=P1
03-06T17:50@03-06T18:01  account/ACME tiered tier=A
until 03-09T10:00
says  ticket/T1/routed/P1:1 at 03-06T17:58
says  ticket/T1/routed/P1:2 at 03-06T18:03
says  ticket/T1/routed/P1:3 at 03-06T18:13

== a pause leaves the delays of a routing and of the response alone
10:00  ticket/T1 opened priority=P1 tier=A
10:02  ticket/T1 paused wait=customer
until 11:00
says  ticket/T1/routed/P1:2 at 10:05
says  ticket/T1/routed/P1:3 at 10:15
says  ticket/T1/ticket.response/1/target:1 at 10:15
says  ticket/T1/ticket.response/1/target:2 at 10:30

== a step around the beginning of a pause
# the target is missed at 12:00, its second step is due at 12:30
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
12:30±  ticket/T1 paused wait=vendor
13:00   ticket/T1 resumed wait=vendor
until 14:00
says    ticket/T1/ticket.resolution/1/target:1 at 12:00
says -  ticket/T1/ticket.resolution/1/target:2 at 13:00:00.001
says =  ticket/T1/ticket.resolution/1/target:2 at 13:00
says +  ticket/T1/ticket.resolution/1/target:2 at 12:30

== two waits that overlap are one pause for the delays
10:00  ticket/T1 opened priority=P1 tier=A
10:05  ticket/T1 responded
12:10  ticket/T1 paused wait=customer
12:20  ticket/T1 paused wait=vendor
12:40  ticket/T1 resumed wait=customer
13:10  ticket/T1 resumed
until 14:00
says   ticket/T1/ticket.resolution/1/target:2 at 13:30
never  ticket/T1/ticket.resolution/1/target:3

== each raising to P1 rings, each lowering ends it
10:00   ticket/T1 opened priority=P3 tier=A
10:10   ticket/T1 prioritized priority=P1
10:15±  ticket/T1 prioritized priority=P2
10:20   ticket/T1 prioritized priority=P1
10:24   ticket/T1 prioritized priority=P4
until 11:00
says    ticket/T1/routed/P3:cleared at 10:10
says    ticket/T1/routed/P1:1 at 10:10 roles=["service_director","technical_expert"]
never -= ticket/T1/routed/P1:2
says +  ticket/T1/routed/P1:2 at 10:15
says    ticket/T1/routed/P1:cleared at 10:15±
never   ticket/T1/routed/P2:*
says    ticket/T1/routed/P1~2:1 at 10:20
says    ticket/T1/routed/P1~2:cleared at 10:24
never   ticket/T1/routed/P4*

== raised from P4 by way of P2 rings at each
10:00  ticket/T1 opened priority=P4 tier=B
10:01  ticket/T1 prioritized priority=P2
10:02  ticket/T1 prioritized priority=P1
10:03  ticket/T1 prioritized priority=P2
10:04  ticket/T1 prioritized priority=P1
until 10:06
says   ticket/T1/routed/P2:1 at 10:01
says   ticket/T1/routed/P1:1 at 10:02
says   ticket/T1/routed/P1:cleared at 10:03
never  ticket/T1/routed/P2~2:*
says   ticket/T1/routed/P1~2:1 at 10:04

== the limit of a P1 rings each hour until it is answered, pauses left out
# limit 14:00; hourly 15:00, 16:00 …; paused 15:30-16:30: the third step at 17:00
10:00  ticket/T1 opened priority=P1 tier=A
10:05  ticket/T1 responded
15:30  ticket/T1 paused wait=customer
16:30  ticket/T1 resumed wait=customer
17:30  ticket/T1 resolved
until 20:00
says   ticket/T1/ticket.resolution/1/limit:1 at 14:00 roles=["assignee","service_director","executive"]
says   ticket/T1/ticket.resolution/1/limit:2 at 15:00 roles=["service_director","executive"]
says   ticket/T1/ticket.resolution/1/limit:3 at 17:00
never  ticket/T1/ticket.resolution/1/limit:4
says   ticket/T1/ticket.resolution/1/limit:cleared at 17:30

== an acknowledgement runs out after 30 minutes if nobody answers
# missed 10:15, taken 10:20
10:00   ticket/T1 opened priority=P2 tier=A
10:40   ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/ticket.response/1/target
11:10±  ticket/T1 responded
until 12:00
says    ticket/T1/ticket.response/1/target:1 at 10:30
says    ticket/T1/ticket.response/1/target:acknowledged at 10:40 by=Li
never -= ticket/T1/ticket.response/1/target:reopened
says +  ticket/T1/ticket.response/1/target:reopened at 11:10
says +  ticket/T1/ticket.response/1/target:2 at 11:10
says +  ticket/T1/ticket.response/1/target:cleared at 11:10:00.001

== an acknowledgement's time-out is real time for office hours too
03-06T17:30  ticket/T1 opened priority=P1 tier=B
03-06T17:50  ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/ticket.response/1/target
until 03-06T19:00
says  ticket/T1/ticket.response/1/target:reopened at 03-06T18:20
says  ticket/T1/ticket.response/1/target:2 at 03-06T18:20

== whether an acknowledgement runs out is judged by the priority at its instant
# P3 is missed at 12:00; the instant of P1 is around the acknowledgement's
10:00   ticket/T1 opened priority=P3 tier=A
12:05±  ticket/T1 prioritized priority=P1
12:05   ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/ticket.response/1/target
until 13:00
says -= ticket/T1/ticket.response/1/target:reopened at 12:35
says -= ticket/T1/ticket.response/1/target:2 at 12:35
never + ticket/T1/ticket.response/1/target:reopened

== a time-out around the beginning of a pause
# target missed 12:00, taken 12:05: runs out at 12:35
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
12:05   ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/ticket.resolution/1/target
12:35±  ticket/T1 paused wait=customer
13:00   ticket/T1 resumed
until 14:00
says -  ticket/T1/ticket.resolution/1/target:reopened at 13:00:00.001
says =  ticket/T1/ticket.resolution/1/target:reopened at 13:00
says +  ticket/T1/ticket.resolution/1/target:reopened at 12:35
says +  ticket/T1/ticket.resolution/1/target:2 at 12:35

== an excuse around the time-out of an acknowledgement
10:00   ticket/T1 opened priority=P1 tier=A
10:20   ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/ticket.response/1/target
10:50±  ticket/T1 excused clock=ticket.response reason=fire
until 12:00
never -= ticket/T1/ticket.response/1/target:reopened
says +  ticket/T1/ticket.response/1/target:reopened at 10:50
says +  ticket/T1/ticket.response/1/target:cleared at 10:50:00.001
never   ticket/T1/ticket.response/1/target:3

== an acknowledgement without a group around a breach and a routing's step
10:00   ticket/T1 opened priority=P1 tier=A
10:15±  ticket/T1 acknowledged by=Li
until 10:45
says    ticket/T1/routed/P1:acknowledged at 10:15±
never -= ticket/T1/ticket.response/1/target:acknowledged
says +  ticket/T1/ticket.response/1/target:acknowledged at 10:15:00.001
never -= ticket/T1/routed/P1:3
says +  ticket/T1/routed/P1:3 at 10:15
never + ticket/T1/ticket.response/1/target:2

== the next step is called for around its own instant
# 10:05 is step 2's instant; the third keeps its ten minutes
10:00   ticket/T1 opened priority=P1 tier=A
10:05±  ticket/T1 escalated by=Li escalation=ACME/ticket/T1/routed/P1
until 10:40
says -  ticket/T1/routed/P1:2 at 10:04:59.999
says -  ticket/T1/routed/P1:3 at 10:14:59.999
says =  ticket/T1/routed/P1:2 at 10:05
says =  ticket/T1/routed/P1:3 at 10:15
says +  ticket/T1/routed/P1:2 at 10:05
says +  ticket/T1/routed/P1:3 at 10:05:00.001
never   ticket/T1/routed/P1:4

== the steps after one that was called for keep their distance in office hours
# Fri 17:59; 10 min of the tier: 1 on Friday, 9 on Monday
03-06T17:58  ticket/T1 opened priority=P1 tier=B
03-06T17:59  ticket/T1 escalated by=Li escalation=ACME/ticket/T1/routed/P1
until 03-09T12:00
says  ticket/T1/routed/P1:2 at 03-06T17:59
says  ticket/T1/routed/P1:3 at 03-09T09:09

== a call for the next step without a group reaches every open one
10:00  ticket/T1 opened priority=P1 tier=A
10:16  ticket/T1 escalated by=Li
until 10:50
says   ticket/T1/ticket.response/1/target:2 at 10:16 roles=["executive"]
never  ticket/T1/routed/P1:4
never  ticket/T1/ticket.response/1/target:3

== a group that is closed is not moved
10:00  ticket/T1 opened priority=P1 tier=A
10:01  ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/routed/P1
10:02  ticket/T1 escalated by=Li escalation=ACME/ticket/T1/routed/P1
until 10:14
never  ticket/T1/routed/P1:2

== nobody is the assignee any more around a breach
10:00   ticket/T1 opened priority=P1 tier=A
10:01   ticket/T1 assigned person=Li
10:15±  ticket/T1 unassigned
until 10:20
says -= ticket/T1/ticket.response/1/target:1 roles=["assignee","service_director"] persons=[]
says +  ticket/T1/ticket.response/1/target:1 roles=["assignee","service_director"] persons=["Li"]

== persons are listed once, in the order of their first role
10:00  account/ACME tiered tier=A
10:00  account/ACME assigned role=service_director person=["Wang","Li"]
10:00  account/ACME assigned role=executive person=["Li","Zhao"]
10:00  ticket/T1 opened priority=P1
10:01  ticket/T1 assigned person=Li
10:02  ticket/T1 responded
until 14:00
says   ticket/T1/ticket.resolution/1/limit:1 persons=["Li","Wang","Zhao"]

== whoever is away is told together with who stands in, and nobody at all goes to the last resort
10:00  ticket/T1 opened priority=P2 tier=A
10:01  ticket/T1 assigned person=Li
roster roster.yaml
until 10:50
says   ticket/T1/routed/P2:1 persons=["Wang"]
says   ticket/T1/ticket.response/1/target:1 persons=["Li","Wang"]
says   ticket/T1/ticket.response/1/target:2 persons=["Emergency"]

== an alarm says what it is about
10:00  account/ACME tiered tier=A name="Acme GmbH"
10:00  ticket/T1 opened priority=P1 title="Line 3" url="https://crm/T1"
until 10:20
says   ticket/T1/ticket.response/1/target:1 title="Line 3" priority=P1 tier=A accountName="Acme GmbH" clock=ticket.response threshold=target due=@10:15 link="https://crm/T1" urgency=high next={"step":2,"at":"2026-03-02T02:30:00.000Z"}
says   ticket/T1/routed/P1:3 threshold=null due=null next=null

== the fact that a decision was about is named, and none where time alone decided
10:00  ticket/T1 opened priority=P1 tier=A
10:20  ticket/T1 responded
until 10:30
says   ticket/T1/ticket.response/1/started !causationid=f001 !causationsource=/crm
says   ticket/T1/routed/P1:1 !causationid=f001
says   ticket/T1/ticket.response/1/breached:target !causationid=null
says   ticket/T1/routed/P1:2 !causationid=null
says   ticket/T1/ticket.response/1/stopped:1 !causationid=f002
says   ticket/T1/ticket.response/1/target:cleared !causationid=f002

== the account's first tier is the fact that new dues of a guessed tier come of
11:50  ticket/T1 opened priority=P1
12:04  account/ACME tiered tier=A
until 12:06
says   ticket/T1/ticket.response/1/retargeted:1 !causationid=f002 !causationsource=/crm
says   ticket/T1/ticket.response/1/breached:target !causationid=null

== of facts that are learned together each names what it did
10:00@10:40  ticket/T1 opened priority=P1 tier=A
10:20@10:40  ticket/T1 responded
10:22@10:40  ticket/T1 assigned person=Li
10:30@10:40  ticket/T1 resolved
10:35@10:40  ticket/T1 assigned person=Wu
until 10:45
says   ticket/T1/ticket.response/1/started !causationid=f001
says   ticket/T1/ticket.response/1/stopped:1 !causationid=f002
says   ticket/T1/ticket.resolution/1/stopped:1 !causationid=f004

== of facts that are learned together the one that closes an alarm is named
10:00        ticket/T1 opened priority=P1 tier=A
10:20@10:40  ticket/T1 responded
10:22@10:40  ticket/T1 assigned person=Li
10:30@10:40  ticket/T1 resolved
10:35@10:40  ticket/T1 assigned person=Wu
until 10:45
says   ticket/T1/ticket.response/1/stopped:1 !causationid=f002
says   ticket/T1/ticket.response/1/target:cleared !causationid=f002
says   ticket/T1/routed/P1:cleared !causationid=f002

== the events of one decision are in order of time, then as §7 lists them
10:00@10:40  ticket/T1 opened priority=P1 tier=A
10:20@10:40  ticket/T1 prioritized priority=P2
10:30@10:40  ticket/T1 paused
until 10:40
order  ticket/T1/ticket.response/1/started ticket/T1/ticket.response/1/retargeted:1
order  ticket/T1/ticket.resolution/1/started ticket/T1/ticket.resolution/1/retargeted:1 ticket/T1/ticket.resolution/1/paused:1
order  ticket/T1/ticket.resolution/1/started ticket/T1/ticket.response/1/retargeted:1

== a breach that stands when a reopening lets its clock run on rings again
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
12:10   ticket/T1 resolved
13:00   ticket/T1 reopened
13:30±  ticket/T1 resolved
until 14:00
says    ticket/T1/ticket.resolution/1/target:cleared at 12:10
says    ticket/T1/ticket.resolution/1/target~2:1 at 13:00
never -= ticket/T1/ticket.resolution/1/target~2:2
says +  ticket/T1/ticket.resolution/1/target~2:2 at 13:30
says    ticket/T1/routed/P1~2:1 at 13:00
