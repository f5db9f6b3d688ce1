// A ticket is given to somebody: a fact, undoable.
import { useState } from "preact/hooks";
import { handOver } from "../actions";
import { may } from "../api";
import { words } from "../i18n";
import { knownPeople } from "../words";
import { Dialog, DialogButtons } from "./base";

export function HandOver({ account, entity }: { account: string; entity: string }) {
  const w = words.value;
  const [open, set] = useState(false);
  const [person, setPerson] = useState("");
  if (!entity.startsWith("ticket/") || !may("ingest")) return null;
  return (
    <>
      <button type="button" onClick={() => set(true)}>
        {w.assignee}…
      </button>
      <Dialog open={open} close={() => set(false)} title={w.assignee}>
        <form method="dialog" onSubmit={() => person.trim() && handOver(account, entity, person.trim())}>
          <label>
            {w.person}
            <input required list="people" value={person} onInput={(e) => setPerson(e.currentTarget.value)} />
          </label>
          <datalist id="people">
            {knownPeople().map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </datalist>
          <DialogButtons send={w.send} close={() => set(false)} />
        </form>
      </Dialog>
    </>
  );
}
