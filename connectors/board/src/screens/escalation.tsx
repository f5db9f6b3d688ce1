// One alarm: who was called over what and with what outcome, who comes next, by which rule, and why the due was then.
import { useLocation, useRoute } from "preact-iso";
import { entityPath, get, query } from "../api";
import { words } from "../i18n";
import { accountUrl, Busy, Countdown, entityUrl, Facts, idOf, Priority, Section, Time, Trouble, useAnswer } from "../parts/base";
import { DeliveryTable } from "../parts/deliveries";
import { Excuse } from "../parts/excuse";
import { HandOver } from "../parts/handover";
import { Proof } from "../parts/proof";
import type { Data, EntityView } from "../types";
import { about, label, policy } from "../words";
import { GroupBlock, useTurn } from "./entity";

/** Every outcome of every channel, those of who was told in the end too. */
function Told({ escalation, turn }: { escalation: string; turn: number }) {
  const { value } = useAnswer(
    () => get<{ deliveries: Data[] }>(query("/v1/deliveries", { escalation, limit: 100 })).catch(() => ({ deliveries: [] })),
    `${escalation} ${turn}`,
  );
  if (!value?.deliveries.length) return null;
  return (
    <Section title={words.value.deliveries}>
      <DeliveryTable rows={value.deliveries} alone />
    </Section>
  );
}

export function Escalation() {
  const w = words.value;
  const { account = "", kind = "", id = "" } = useRoute().params;
  const wanted = useLocation().query.escalation;
  const name = account;
  const entity = `${kind}/${id}`;
  const turn = useTurn(name, entity);
  const { value, error, again } = useAnswer(() => get<EntityView>(`/v1/entities/${entityPath(name, entity)}`), `${name} ${entity} ${turn}`);
  if (error) return <Trouble title={idOf(entity)} error={error} again={again} />;
  if (!value) return <Busy title={idOf(entity)} />;
  const group = wanted ? value.escalations.find((one) => one.escalation === wanted) : value.escalations[0];
  const row = group?.clock ? value.clocks.find((c) => c.clock === group.clock && String(c.cycle) === String(group.cycle ?? c.cycle)) : undefined;
  const threshold = row?.thresholds.find((one) => one.name === group?.threshold);
  // Lines are those of the policy in force.
  const line = group?.clock && policy.value?.version === value.policy ? policy.value?.lines?.[`clocks.${group.clock}`] : undefined;
  return (
    <>
      <h1>
        <Priority name={value.priority} /> {group ? about(group) : w.notFound}
      </h1>
      <p class="quiet">
        <a href={entityUrl(name, entity)}>{value.title || `${label(kind)} ${idOf(entity)}`}</a> · <a href={accountUrl(name)}>{value.accountName || name}</a> ·{" "}
        {idOf(entity)}
      </p>
      {group && (
        <>
          <Facts
            rows={[
              [
                w.due,
                group.due ? (
                  <>
                    <Time at={group.due} /> {row?.state === "running" && threshold?.verdict !== "met" && !threshold?.excusedAt && <Countdown due={group.due} />}
                    {row && threshold && <Excuse row={row} threshold={threshold} facts={value.facts ?? []} />}
                  </>
                ) : null,
              ],
              [w.called, <Time at={group.begun} />],
              [
                w.policy,
                group.clock ? (
                  <a href={`${query("/policy", { version: value.policy })}#${group.clock}`}>
                    {w.version(value.policy)} · {label(group.clock)}
                    {line !== undefined && ` · ${w.line(line)}`}
                  </a>
                ) : null,
              ],
            ]}
          />
          <GroupBlock view={value} group={group} alone />
          {group.state === "open" && (
            <p class="buttons">
              <HandOver account={name} entity={entity} />
            </p>
          )}
          <Told escalation={group.escalation} turn={turn} />
          {row && (
            <Section title={w.proofOf(label(row.clock))}>
              <Proof account={name} entity={entity} row={row} facts={value.facts ?? []} />
            </Section>
          )}
        </>
      )}
    </>
  );
}
