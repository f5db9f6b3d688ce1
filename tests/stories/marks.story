# §3 to §7: what the other files leave: pages of records, starts that are told, runs, ends of hourly calls. Mon 2 March 2026, Shanghai.

== the page of any record stands in its alarms
# a milestone, a task, a birthday, a visit, a draft, a requirement, a project: each is missed; a complaint is routed at once
10:00  complaint/C1 opened severity=normal url="https://crm/C1"
10:00  milestone/M1 planned due=@03-03T12:00 url="https://crm/M1"
10:00  action/A1 planned due=@03-03T12:00 url="https://crm/A1"
10:00  care/K1 planned due=@03-03T12:00 url="https://crm/K1"
10:00  solution/S1 drafted reviewBy=@03-03T12:00 url="https://crm/S1"
10:00  interaction/I1 held url="https://crm/I1"
10:00  requirement/R1 captured url="https://crm/R1"
10:00  project/P1 confirmed url="https://crm/P1"
10:00  action/A2 planned due=@03-03T12:00 url="javascript:alert(1)"
until 03-06T00:00
says  complaint/C1/routed/stage:1:1 link="https://crm/C1"
says  milestone/M1/milestone.delivery/1/target:1 link="https://crm/M1"
says  action/A1/action.due/1/target:1 link="https://crm/A1"
says  care/K1/care.occasion/1/target:1 link="https://crm/K1"
says  solution/S1/solution.review/1/target:1 link="https://crm/S1"
says  interaction/I1/interaction.logging/1/target:1 at 12:00 link="https://crm/I1"
says  requirement/R1/requirement.report/1/target:1 at 03-05T18:00 link="https://crm/R1"
says  project/P1/project.kickoff/1/target:1 at 03-05T18:00 link="https://crm/P1"
says  action/A2/action.due/1/target:1 link=null

== a re-target and a correction say their start
# an earlier end is learned at 11:30: 50 minutes instead of an hour
10:00         ticket/T1 opened priority=P2 tier=A
10:30         ticket/T1 prioritized priority=P1
11:00         ticket/T1 resolved
10:50@11:30   ticket/T1 resolved !source=/b
until 11:31
says  ticket/T1/ticket.resolution/1/retargeted:1 at 10:30 start=@10:00 target=12:30
says  ticket/T1/ticket.resolution/1/corrected:1 at 11:30 start=@10:00 stopped=@10:50 elapsedMs=3000000

== an end that is learned late, around its due
# missed 12:00, ended 12:30
10:00           ticket/T1 opened priority=P1 tier=A
10:05           ticket/T1 responded
12:30           ticket/T1 resolved
12:00±@13:00    ticket/T1 resolved !source=/b
until 13:01
says    ticket/T1/ticket.resolution/1/corrected:1 at 13:00 stopped=@12:00±
says -= ticket/T1/ticket.resolution/1/withdrawn:target:1 at 13:00
never + ticket/T1/ticket.resolution/1/withdrawn*
verdict -= ticket/T1 ticket.resolution 1 stopped target=12:00/met limit=14:00/met
verdict + ticket/T1 ticket.resolution 1 stopped target=12:00/breached limit=14:00/met

== hourly calls end with the ticket
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
16:00±  ticket/T1 resolved
until 18:00
says    ticket/T1/ticket.resolution/1/limit:2 at 15:00
never -= ticket/T1/ticket.resolution/1/limit:3
says +  ticket/T1/ticket.resolution/1/limit:3 at 16:00
never   ticket/T1/ticket.resolution/1/limit:4

== hourly calls are 24 after the first
10:00  ticket/T1 opened priority=P1 tier=A
10:05  ticket/T1 responded
until 03-03T18:00
says   ticket/T1/ticket.resolution/1/limit:25 at 03-03T14:00 next=null
says   ticket/T1/ticket.resolution/1/limit:24 at 03-03T13:00
never  ticket/T1/ticket.resolution/1/limit:26

== the limit of a P3 is called once
# 3 wd of tier B: Thu 5 March 18:00
10:00  ticket/T1 opened priority=P3 tier=B
10:05  ticket/T1 responded
until 03-06T18:00
says   ticket/T1/ticket.resolution/1/limit:1 at 03-05T18:00 roles=["assignee","service_director","executive"]
never  ticket/T1/ticket.resolution/1/limit:2

== a progress group whose cycle begins no run any more
# answered 10:05: missed 10:35, 11:05; the report of 11:06 ends the third, the fourth is missed 11:36 and begins a run. With the answer of
# 09:01: missed 09:31, 10:01, 10:31, 11:01; the report ends the fifth, the sixth is missed 11:36
09:00         ticket/T1 opened priority=P1 tier=A
10:05         ticket/T1 responded
11:06         ticket/T1 progressed
09:01@11:40   ticket/T1 responded !source=/b
until 11:41
says   ticket/T1/ticket.progress/4/target:1 at 11:36
says   ticket/T1/ticket.progress/4/target:withdrawn at 11:40
says   ticket/T1/ticket.progress/6/target:1 at 11:36
verdict ticket/T1 ticket.progress 4 stopped target=11:01/breached
verdict ticket/T1 ticket.progress 5 stopped target=11:31/met
verdict ticket/T1 ticket.progress 6 stopped target=11:36/breached

== of an acknowledgement and a withdrawal the earlier closes
# missed 10:15; at 10:20 an answer of 10:10 is learned
10:00          ticket/T1 opened priority=P1 tier=A
10:10@10:20    ticket/T1 responded
10:20±         ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/ticket.response/1/target
until 10:30
says    ticket/T1/ticket.response/1/target:1 at 10:15
says -= ticket/T1/ticket.response/1/target:acknowledged at 10:20± by=Li
never -= ticket/T1/ticket.response/1/target:withdrawn
says +  ticket/T1/ticket.response/1/target:withdrawn at 10:20
never + ticket/T1/ticket.response/1/target:acknowledged

== the audit of a month around its end
# the second step is the closing of the first business day after 30 April: 1 to 5 May are closed, Wed the 6th
03-31T10:00   org/HQ activated
05-01T00:00±  duty/knowledge_audit completed !partitionkey=HQ
until 05-07T00:00
verdict - org/HQ org.knowledge_audit 2026-04 stopped target=05-01T00:00/met
verdict =+ org/HQ org.knowledge_audit 2026-04 stopped target=05-01T00:00/breached
never -= org/HQ/org.knowledge_audit/2026-04/target:1
says +  org/HQ/org.knowledge_audit/2026-04/target:1 at 05-01T00:00 roles=["technical_expert"]
says +  org/HQ/org.knowledge_audit/2026-04/target:cleared at 05-01T00:00:00.001
never   org/HQ/org.knowledge_audit/2026-04/target:2

== the audit of a month that nobody holds goes to the director
03-31T10:00  org/HQ activated
until 05-07T00:00
says  org/HQ/org.knowledge_audit/2026-04/target:2 at 05-06T18:00 roles=["service_director"]

== the meeting of the week is missed by the director alone
# W11: Tue 10 March 00:00
03-01T10:00  org/HQ activated
until 03-12T00:00
says   org/HQ/org.coordination_meeting/2026-W11/target:1 at 03-10T00:00 roles=["service_director"]
never  org/HQ/org.coordination_meeting/2026-W11/target:2

== a warning comes as much later as the pause was long
# P1, 2 h: warned at 11:30; paused 11:00, 1 h is left; 30 min after the resumption of 12:00 there are 30 left
10:00   ticket/T1 opened priority=P1 tier=A
10:05   ticket/T1 responded
11:00   ticket/T1 paused wait=customer
12:00   ticket/T1 resumed
12:30±  ticket/T1 resolved
until 13:00
never -= ticket/T1/ticket.resolution/1/target/warned:1
says +  ticket/T1/ticket.resolution/1/target/warned:1 at 12:30

== an assignee as a role of the account is known and does nothing
10:00  account/ACME tiered tier=A
10:00  account/ACME assigned role=assignee person=Wang
10:00  ticket/T1 opened priority=P1
until 10:16
says   ticket/T1/ticket.response/1/target:1 roles=["assignee","service_director"] persons=[]

== closed groups are not acknowledged with the others
10:00   ticket/T1 opened priority=P1 tier=A
10:16   ticket/T1 acknowledged by=Li escalation=ACME/ticket/T1/ticket.response/1/target
10:17   ticket/T1 acknowledged by=Wang
until 10:18
says    ticket/T1/ticket.response/1/target:acknowledged at 10:16 by=Li
says    ticket/T1/routed/P1:acknowledged at 10:17 by=Wang
never   ticket/T1/ticket.response/1/target:acknowledged:2

== a fact that only the product or its notifier may send
10:00  ticket/T1 opened priority=P1 tier=A
10:01  escalation/T1 raised
10:01  notification/T1 delivered
10:01  engine/T1 policy
10:01  ticket/T1 paused !source=/tocsin/crm
10:01  ticket/T1 paused !source=/tocsinX
refused 2 bad_attribute:type
refused 3 bad_attribute:type
refused 4 bad_attribute:type
refused 5 bad_attribute:source
verdict ticket/T1 ticket.resolution 1 paused target=null/pending limit=null/pending

== an end of time beyond the last instant is unusable
10:00  ticket/T1 opened priority=P4 tier=A
10:01  ticket/T1 cancelled
until 2100-01-01T07:59:59.999±
unusable +  --until
verdict -=  ticket/T1 ticket.response 1 cancelled target=14:00/pending
