# §5 to §7: complaints, the kinds of version 4, periods, and who is warned. Mon 2 March 2026, Shanghai.

== a complaint's solution ends its calls
# stage 3 is due the next day at 10:00, then hourly
10:00        complaint/C1 opened severity=major
03-03T11:00± complaint/C1 resolved
until 03-03T14:00
says    complaint/C1/routed/stage:3:1 at 10:00 roles=["executive"] urgency=high
says    complaint/C1/routed/stage:3:cleared at 03-03T11:00±
says    complaint/C1/complaint.stage3/1/target:1 at 03-03T10:00
never -= complaint/C1/complaint.stage3/1/target:2
says +  complaint/C1/complaint.stage3/1/target:2 at 03-03T11:00
says    complaint/C1/complaint.stage3/1/target:cleared at 03-03T11:00±
never   complaint/C1/complaint.stage3/1/target:3

== a stage that is left takes its routing with it
10:00  account/ACME tiered tier=A
10:00  complaint/C1 opened severity=normal
10:30  complaint/C1 rejected
10:50  complaint/C1 classified severity=major
until 11:00
says   complaint/C1/routed/stage:1:1 at 10:00 roles=["account_manager"]
says   complaint/C1/routed/stage:1:cleared at 10:30
says   complaint/C1/routed/stage:2:1 at 10:30 roles=["service_director"]
says   complaint/C1/routed/stage:2:cleared at 10:50
says   complaint/C1/routed/stage:3:1 at 10:50 roles=["executive"]
order  complaint/C1/routed/stage:1:cleared complaint/C1/routed/stage:2:cleared

== a stage that climbs by itself takes its routing with it, unless it was answered
# tier A: 1 h
10:00   account/ACME tiered tier=A
10:00   complaint/C1 opened severity=normal
11:00±  complaint/C1 contacted
until 11:01
says -= complaint/C1/routed/stage:1:cleared at 11:00±
never -= complaint/C1/routed/stage:2:1
says +  complaint/C1/routed/stage:1:cleared at 11:00
says +  complaint/C1/routed/stage:2:1 at 11:00
says +  complaint/C1/routed/stage:2:cleared at 11:00:00.001

== whoever must act in a stage is warned half-way, in the tier's hours
# tier B, Mon 11:30: half an hour to 12:00. Rejected 11:45: stage 2, 4 h: 2 h of it are 0:15 and 1:45 -> 14:45
10:00  account/ACME tiered tier=B
11:30  complaint/C1 opened severity=normal
11:45  complaint/C1 rejected
14:45± complaint/C1 contacted
until 14:46
never  complaint/C1/complaint.stage1/1/target/warned*
never -= complaint/C1/complaint.stage2/1/target/warned*
says + complaint/C1/complaint.stage2/1/target/warned:1 at 14:45 roles=["service_director"]
says   complaint/C1/complaint.commitment/1/started at 14:45±

== the warning of a stage at closing time
# tier B, Mon 11:30: half of 1 h is 12:00
10:00  account/ACME tiered tier=B
11:30  complaint/C1 opened severity=normal
until 13:00
says  complaint/C1/complaint.stage1/1/target/warned:1 at 12:00 roles=["account_manager"]

== the executive is warned twelve hours into stage 3
10:00  complaint/C1 opened severity=major
22:00± complaint/C1 contacted
until 23:00
never -= complaint/C1/complaint.stage3/1/target/warned*
says + complaint/C1/complaint.stage3/1/target/warned:1 at 22:00 roles=["executive"]

== a task with a date on
# due Wed 4 March = Thu 00:00; warned 1 wd before Wed: Tue 09:00; the missed instant's last ms is of Wed
10:00         action/A1 planned due=2026-03-04 owner=Li name=Guide
03-05T00:00±  action/A1 done
until 03-06T00:00
says   action/A1/action.due/1/started at 10:00 target=03-05T00:00
says   action/A1/action.due/1/target/warned:1 at 03-03T09:00 roles=["owner","account_manager"] persons=["Li"] urgency=low
verdict -= action/A1 action.due 1 stopped target=03-05T00:00/met
verdict + action/A1 action.due 1 stopped target=03-05T00:00/breached
never -= action/A1/action.due/1/target:1
says + action/A1/action.due/1/target:1 at 03-05T00:00 roles=["owner","account_manager"]
says + action/A1/action.due/1/target:cleared at 03-05T00:00:00.001

== a task that nobody did goes to the director, unless it was moved
03-02T10:00   action/A1 planned due=@03-04T12:00 owner=Li
03-05T18:00±  action/A1 rescheduled due=2026-03-10
until 03-10T12:00
says    action/A1/action.due/1/target:1 at 03-04T12:00
says -= action/A1/action.due/1/withdrawn:target:1 at 03-05T18:00±
never -= action/A1/action.due/1/target:2
says +  action/A1/action.due/1/target:2 at 03-05T18:00 roles=["service_director"]
says    action/A1/action.due/1/target:withdrawn at 03-05T18:00±
verdict action/A1 action.due 1 running target=03-11T00:00/pending

== a task that was done is not moved
10:00  action/A1 planned due=2026-03-04
11:00  action/A1 done
12:00  action/A1 rescheduled due=2026-03-02
until 03-10T12:00
verdict action/A1 action.due 1 stopped target=03-05T00:00/met stopped=11:00

== a birthday
# Fri 13 March; 5 wd before: 12, 11, 10, 9, 6 March
10:00         care/K1 planned due=2026-03-13 owner=Li occasion=birthday
03-06T09:00±  care/K1 done
until 03-20T00:00
never -= care/K1/care.occasion/1/target/warned*
says +  care/K1/care.occasion/1/target/warned:1 at 03-06T09:00 roles=["owner","account_manager"]
verdict care/K1 care.occasion 1 stopped target=03-14T00:00/met

== a birthday that was forgotten is told once
10:00  care/K1 planned due=2026-03-03 owner=Li
until 03-20T00:00
says   care/K1/care.occasion/1/target:1 at 03-04T00:00 roles=["owner","account_manager"]
never  care/K1/care.occasion/1/target:2

== a solution's review and signature
# review due Thu 5 March (Fri 00:00), warned Wed 09:00; signature due Fri 6 March 12:00, warned Thu 09:00
10:00         solution/S1 drafted reviewBy=2026-03-05 confirmBy=@03-06T12:00
03-06T00:00±  solution/S1 reviewed
until 03-10T00:00
says    solution/S1/solution.review/1/target/warned:1 at 03-04T09:00 roles=["account_manager"]
says    solution/S1/solution.confirmation/1/target/warned:1 at 03-05T09:00 roles=["account_manager"]
verdict -= solution/S1 solution.review 1 stopped target=03-06T00:00/met
verdict + solution/S1 solution.review 1 stopped target=03-06T00:00/breached
says    solution/S1/solution.confirmation/1/target:1 at 03-06T12:00 roles=["account_manager"]
says    solution/S1/solution.confirmation/1/target:2 at 03-09T18:00 roles=["service_director"]

== a solution without dates promises nothing until one is agreed
10:00  solution/S1 drafted
11:00  solution/S1 scheduled confirmBy=2026-03-06
12:00  solution/S1 scheduled confirmBy=2026-03-09
13:00  solution/S1 confirmed
14:00  solution/S1 scheduled confirmBy=2026-03-04
until 03-10T00:00
verdict solution/S1 solution.review 1 none
verdict solution/S1 solution.confirmation 1 stopped start=11:00 target=03-10T00:00/met stopped=13:00
verdict solution/S1 solution.confirmation 2 none

== a signature ends the review too
10:00  solution/S1 drafted reviewBy=2026-03-05 confirmBy=2026-03-06
11:00  solution/S1 confirmed
until 03-10T00:00
verdict solution/S1 solution.review 1 stopped target=03-06T00:00/met stopped=11:00

== what was done ends an entity for good
10:00  action/A1 planned due=2026-03-04
11:00  action/A1 done
12:00  action/A1 planned due=2026-03-05
13:00  action/A1 cancelled
until 03-10T12:00
verdict action/A1 action.due 1 stopped target=03-05T00:00/met
verdict action/A1 action.due 2 none

== a missed week is made up for from its end on
# W11 ends Mon 16 March 00:00, its second step is that day's closing
03-01T10:00   account/ACME tiered tier=B
03-02T10:00   account/ACME contacted kind=weekly_contact
03-16T00:00±  account/ACME contacted kind=weekly_contact
until 03-17T00:00
verdict - account/ACME account.weekly_contact 2026-W11 stopped target=03-16T00:00/met
verdict =+ account/ACME account.weekly_contact 2026-W11 stopped target=03-16T00:00/breached
never -= account/ACME/account.weekly_contact/2026-W11/target:1
says +  account/ACME/account.weekly_contact/2026-W11/target:1 at 03-16T00:00
says +  account/ACME/account.weekly_contact/2026-W11/target:cleared at 03-16T00:00:00.001
never   account/ACME/account.weekly_contact/2026-W11/target:2

== the next missed week ends the alarm of the one before
03-01T10:00   account/ACME tiered tier=B
until 03-23T12:00
says  account/ACME/account.weekly_contact/2026-W11/target:1 at 03-16T00:00
says  account/ACME/account.weekly_contact/2026-W11/target:2 at 03-16T18:00
says  account/ACME/account.weekly_contact/2026-W11/target:cleared at 03-23T00:00
says  account/ACME/account.weekly_contact/2026-W12/target:1 at 03-23T00:00

== an excuse of a missed week around its second step
03-01T10:00   account/ACME tiered tier=B
03-16T18:00±  account/ACME excused clock=account.weekly_contact cycle=2026-W11 reason=fair
until 03-17T00:00
says   account/ACME/account.weekly_contact/2026-W11/target:cleared at 03-16T18:00±
never -= account/ACME/account.weekly_contact/2026-W11/target:2
says + account/ACME/account.weekly_contact/2026-W11/target:2 at 03-16T18:00

== no promise in a week without a working day, for accounts, projects and the organisation
# W08 is 16 to 22 February; W09 begins working on Tue the 24th; 1 wd before that is the make-up Sat the 14th
2026-02-01T10:00  account/ACME tiered tier=A
2026-02-01T10:00  project/P1 confirmed
2026-02-01T11:00  project/P1 kickedoff
2026-02-01T10:00  org/HQ activated
until 03-03T00:00
verdict account/ACME account.weekly_contact 2026-W08 none
verdict project/P1 project.weekly_report 2026-W08 none
verdict org/HQ org.coordination_meeting 2026-W08 none
verdict org/HQ org.problem_review 2026-W08 none
verdict account/ACME account.weekly_contact 2026-W07 stopped target=02-16T00:00/breached
says    account/ACME/account.weekly_contact/2026-W07/target:cleared at 03-02T00:00
verdict org/HQ org.coordination_meeting 2026-W09 stopped target=02-25T00:00/breached
says    org/HQ/org.coordination_meeting/2026-W09/target/warned:1 at 02-23T00:00 roles=["service_director"]
says    org/HQ/org.coordination_meeting/2026-W09/target:1 at 02-25T00:00 roles=["service_director"]

== the week of National Day that has two working days promises
# 1 to 7 October are closed: W41 has Thu 8 and Fri 9; W40 has 28 to 30 September
09-01T10:00  account/ACME tiered tier=C
until 10-13T00:00
verdict account/ACME account.weekly_contact 2026-W40 stopped target=10-05T00:00/breached
verdict account/ACME account.weekly_contact 2026-W41 stopped target=10-12T00:00/breached

== the meeting of the week is warned the working day before
# W11: Mon 9 March, due Tue 00:00; 1 wd before is Fri 6 March, before the start
03-01T10:00   org/HQ activated
03-10T00:00±  duty/coordination_meeting completed !partitionkey=HQ
until 03-11T00:00
says   org/HQ/org.coordination_meeting/2026-W11/target/warned:1 at 03-09T00:00 roles=["service_director"]
# a fact at the due is in time, as the week is not over
verdict -= org/HQ org.coordination_meeting 2026-W11 stopped target=03-10T00:00/met
verdict + org/HQ org.coordination_meeting 2026-W11 stopped target=03-10T00:00/breached

== who is warned of a visit is who would be called
# 10 wd before 30 June: 29, 26 to 22, 18 to 15 June; Fri the 19th is the Dragon Boat Festival
03-20T10:00  account/ACME tiered tier=A
03-20T10:00  account/BETA tiered tier=B
until 07-02T00:00
says  account/ACME/account.executive_visit/2026-Q2/target/warned:1 at 06-15T09:00 roles=["customer_director"]
says  account/BETA/account.executive_visit/2026-Q2/target/warned:1 at 06-15T09:00 roles=["account_manager"]

== whose fault an audit of knowledge is
03-31T10:00  org/HQ activated
until 05-02T00:00
says  org/HQ/org.knowledge_audit/2026-04/target:1 at 05-01T00:00 roles=["technical_expert"]

== the assignee alone is warned of a progress report
# answered 10:05; warned 20 min later; the cycle that the breach of 10:35 starts is not
10:00   ticket/T1 opened priority=P2 tier=A
10:05   ticket/T1 responded
10:25±  ticket/T1 progressed
until 10:26
never -= ticket/T1/ticket.progress/1/target/warned*
says +  ticket/T1/ticket.progress/1/target/warned:1 at 10:25 roles=["assignee"]

== an interaction's record is asked for before it is late
# 2 h from 11:00: 3/4 is 1.5 h: 13:30; due 14:00
11:00   interaction/I1 held
13:30±  interaction/I1 logged
until 14:30
never -= interaction/I1/interaction.logging/1/target/warned*
says +  interaction/I1/interaction.logging/1/target/warned:1 at 13:30 roles=["account_manager"]

== after the closing only what is excused counts
# the report of a P1 closed Mon 10:10 is missed Tue 18:00; the director at Wed 18:00
10:00         ticket/T1 opened priority=P1 tier=A
10:10         ticket/T1 closed
03-04T18:00±  ticket/T1 excused clock=ticket.report reason=fire
until 03-05T12:00
says    ticket/T1/ticket.report/1/target:1 at 03-03T18:00 urgency=low
never -= ticket/T1/ticket.report/1/target:2
says +  ticket/T1/ticket.report/1/target:2 at 03-04T18:00
says    ticket/T1/ticket.report/1/target:cleared at 03-04T18:00±
